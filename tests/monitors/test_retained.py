import pytest

from halflife.monitors import FidelityMeasure, MonitorError, RetainedFidelity


def measure(**parts):
    """Parts as (score, error)."""
    return FidelityMeasure(
        fidelity=min(score for score, _ in parts.values()),
        parts={name: score for name, (score, _) in parts.items()},
        bands={},
        errors={name: error for name, (_, error) in parts.items()},
        columns={},
        c2st_auc=None,
        tstr=None,
        trtr=None,
        rows_real=100,
        rows_synthetic=100,
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
