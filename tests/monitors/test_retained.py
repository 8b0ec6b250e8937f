import numpy as np
import pytest

from halflife.monitors import FidelityMeasure, MonitorError, RetainedFidelity


def measure(**parts):
    """Parts as (score before it was cut, error)."""
    cut = {name: min(max(score, 0.0), 1.0) for name, (score, _) in parts.items()}
    return FidelityMeasure(
        fidelity=min(cut.values()),
        parts=cut,
        bands={},
        errors={name: error for name, (_, error) in parts.items()},
        columns={},
        c2st_auc=None,
        tstr=None,
        trtr=None,
        rows_real=100,
        rows_synthetic=100,
        raws={name: score for name, (score, _) in parts.items()},
    )


def test_the_interval_is_that_of_a_ratio_of_independent_measures():
    retained = RetainedFidelity(0.9).judge(measure(joint=(0.8, 0.03)), measure(joint=(0.4, 0.04)))
    error = (0.04**2 + 0.5**2 * 0.03**2) ** 0.5 / 0.8
    assert retained.share == pytest.approx(0.5)
    assert retained.interval == pytest.approx((0.5 - 1.645 * error, 0.5 + 1.645 * error))
    assert retained.under_limit


def test_noise_alone_is_not_a_loss():
    retained = RetainedFidelity(0.9).judge(measure(joint=(0.9, 0.1)), measure(joint=(0.75, 0.1)))
    assert not retained.under_limit
    assert "not under the limit of 90 %" in retained.text


def test_a_sure_loss_comes_before_a_larger_one_that_may_be_noise():
    birth = measure(joint=(1.0, 0.01), pairs=(1.0, 0.3))
    now = measure(joint=(0.8, 0.01), pairs=(0.7, 0.3))
    retained = RetainedFidelity(0.9).judge(birth, now)
    assert (retained.part, retained.under_limit) == ("joint", True)
    assert retained.shares == pytest.approx({"joint": 0.8, "pairs": 0.7})


def test_parts_of_one_side_only_and_parts_that_knew_nothing_are_left_out():
    birth = measure(joint=(0.0, 0.01), pairs=(0.9, 0.01), columns=(1.0, 0.01))
    now = measure(joint=(0.1, 0.01), pairs=(0.9, 0.01), predictive=(0.2, 0.01))
    assert set(RetainedFidelity(0.9).judge(birth, now).shares) == {"pairs"}
    with pytest.raises(MonitorError, match="no part was measured both at birth"):
        RetainedFidelity(0.9).judge(measure(joint=(1.0, 0.1)), measure(pairs=(1.0, 0.1)))


@pytest.mark.parametrize("keep", [0.0, 1.0, -1.0, float("nan")])
def test_keep_is_a_share(keep):
    with pytest.raises(MonitorError, match="between 0 and 1"):
        RetainedFidelity(keep)


def test_a_batch_surely_as_good_as_real_at_birth_is_no_less_sure_for_being_better_still():
    now = measure(predictive=(0.7, 0.05))
    just, better = (measure(predictive=(raw, 0.1)) for raw in (1.0, 1.2))
    judge = RetainedFidelity(0.9).judge
    assert judge(just, now).share == judge(better, now).share == pytest.approx(0.7)
    # 1.2 is 2 standard errors over the cut: its lower end is cut too, and adds nothing.
    assert judge(better, now).interval[1] == pytest.approx(0.7 + 1.645 * 0.05)
    expected = 0.7 + (1.645**2 * (0.05**2 + 0.7**2 * 0.1**2)) ** 0.5
    assert judge(just, now).interval[1] == pytest.approx(expected)


def test_one_look_at_a_batch_that_keeps_just_enough_errs_in_one_of_twenty():
    generator = np.random.default_rng(0)
    judge = RetainedFidelity(0.9).judge
    called = [
        judge(
            measure(joint=(0.8 + 0.03 * born, 0.03)), measure(joint=(0.72 + 0.04 * seen, 0.04))
        ).under_limit
        for born, seen in generator.standard_normal((4000, 2))
    ]
    assert np.mean(called) == pytest.approx(0.05, abs=0.015)
