import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.monitors import Decay, DecayForecast, MonitorError, StateMismatch

AGES = range(250, 10_001, 250)


def run(half_life, noise, seed, **parameters):
    """Forty ticks of an exponential decay with noise; 100 records an hour."""
    generator = np.random.default_rng(seed)
    decay = Decay(**parameters)
    for age in AGES:
        share = 0.5 ** (age / half_life) + noise * generator.standard_normal()
        decay.update(age_records=age, age_hours=age / 100, retained=share, error=noise)
    return decay.forecast()


@pytest.mark.parametrize(("half_life", "noise"), [(2_000, 0.03), (2_000, 0.08), (20_000, 0.05)])
def test_the_interval_holds_the_true_half_life_as_often_as_it_says(half_life, noise):
    held = 0
    for seed in range(200):
        low, high = run(half_life, noise, seed).half_life_interval
        held += (low is None or low <= half_life) and (high is None or half_life <= high)
    assert 0.90 <= held / 200 <= 0.99


def test_no_decay_is_seen_where_there_is_none():
    forecasts = [run(math.inf, 0.05, seed) for seed in range(200)]
    assert sum(forecast.expiry_records is not None for forecast in forecasts) <= 0.03 * 200
    quiet = next(forecast for forecast in forecasts if forecast.half_life_records is None)
    assert quiet.text.startswith("no decay seen in 10,000 records; half-life over ")
    assert quiet.half_life_interval[1] is None


def test_without_noise_the_numbers_are_those_of_the_formula():
    forecast = run(4_000, 0.0, 0, keep=0.8)
    assert forecast.half_life_records == pytest.approx(4_000, rel=1e-3)
    assert forecast.half_life_hours == pytest.approx(40, rel=1e-3)
    assert forecast.expiry_records == pytest.approx(4_000 * math.log2(1 / 0.8), rel=1e-3)
    assert "under 80 %" in forecast.text


def test_noise_that_is_larger_than_said_widens_the_interval():
    def width(said):
        generator = np.random.default_rng(0)
        decay = Decay()
        for age in AGES:
            share = 0.5 ** (age / 4_000) + 0.1 * generator.standard_normal()
            decay.update(age_records=age, age_hours=age, retained=share, error=said)
        low, high = decay.forecast().half_life_interval
        return high - low

    assert width(0.01) > 0.5 * width(0.1)  # a tenth without the scale factor


def test_before_the_first_tick_nothing_is_said():
    assert Decay().forecast().text == "not measured yet"


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.floats(0, 1e7), st.floats(0, 1e4), st.floats(0, 1.5), st.floats(0, 1)),
        min_size=1,
        max_size=20,
    ),
    st.integers(0, 19),
)
def test_a_restart_changes_no_bit(ticks, cut):
    through, first = Decay(), Decay()
    names = ("age_records", "age_hours", "retained", "error")
    for i, tick in enumerate(ticks):
        if i == cut:
            state = json.loads(json.dumps(first.state(), allow_nan=False))
            first = Decay()
            first.restore(state)
        through.update(**dict(zip(names, tick, strict=True)))
        first.update(**dict(zip(names, tick, strict=True)))
    assert first.state() == through.state()
    forecast = through.forecast()
    plain = json.loads(json.dumps(forecast.to_dict(), allow_nan=False))
    assert DecayForecast.from_dict(plain) == first.forecast()


def test_a_state_of_other_parameters_is_refused():
    with pytest.raises(StateMismatch, match=r"keep=0\.8"):
        Decay(keep=0.8).restore(Decay(keep=0.9).state())


@pytest.mark.parametrize(
    "bad", [{"retained": math.nan}, {"age_records": -1.0}, {"error": -0.1}, {"age_hours": math.inf}]
)
def test_nonsense_is_refused_and_changes_nothing(bad):
    decay = Decay()
    before = decay.state()
    good = {"age_records": 1.0, "age_hours": 1.0, "retained": 1.0, "error": 0.1}
    with pytest.raises(MonitorError, match=next(iter(bad))):
        decay.update(**(good | bad))
    assert decay.state() == before
