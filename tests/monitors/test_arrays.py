from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from halflife.monitors.arrays import key_of, pack, unpack
from halflife.monitors.errors import ReferenceTooShort


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1.5, np.nan], [-0.0, np.inf]]),
        np.zeros((0, 3)),
        np.arange(5, dtype=np.int64)[::-1],
        np.array([-(2**31)], dtype=np.int32),
    ],
)
def test_arrays_survive_json_to_the_last_bit(array: np.ndarray) -> None:
    again = unpack(json.loads(json.dumps(pack(array))))
    assert again.dtype == array.dtype
    assert again.shape == array.shape
    assert again.tobytes() == np.ascontiguousarray(array).tobytes()
    again += 1  # writable


def test_other_arrays_are_refused() -> None:
    with pytest.raises(TypeError, match="complex128"):
        pack(np.zeros(2, dtype=complex))
    with pytest.raises(TypeError, match="object"):
        unpack({"dtype": "object", "shape": [1], "base64": ""})


def test_keys_differ_with_each_parameter() -> None:
    assert len({key_of("a", 1.0), key_of("a", 2.0), key_of("b", 1.0), key_of("a1.0")}) == 4


def test_an_error_from_another_process_keeps_what_it_says() -> None:
    error = pickle.loads(pickle.dumps(ReferenceTooShort("drift", 10, 30)))  # noqa: S301 - our own bytes
    assert (error.have, error.need) == (10, 30)
    assert "30 records or more; this one has 10" in str(error)
