import subprocess
import sys

import pytest

import halflife.monitors as room


def test_every_public_name_is_there():
    for name in room.__all__:
        assert getattr(room, name) is not None
    assert set(room.__all__) == set(room._EXPORTS) == set(dir(room))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = room.Nonsense


def test_fidelity_costs_no_scikit_learn_before_a_model_is_trained():
    names = "Decay, Fidelity, Gate"
    code = f"import sys; from halflife.monitors import {names}; print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
