from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter
from scipy.stats import poisson

from halflife.monitors.alarm import DriftAlarm
from halflife.monitors.drift import Drift
from halflife.monitors.errors import NotFitted, ReferenceTooShort, StateMismatch
from halflife.schemas.table import Block, Column, FloatArray, Kind, Role, Table


def block_of(table: Table, numbers: FloatArray) -> Block:
    return Block(table, numbers, np.empty((len(numbers), 0), dtype=object))


def measured(d: int) -> Table:
    return Table(tuple(Column(name=f"c{j}") for j in range(d)))


RATE = Column(name="rate", unit="1/s")
DOSED = Table(
    (Column(name="dose", role=Role.SET_POINT, unit="mg"), Column(name="rate", unit="1/s"))
)


def dosed(rng: np.random.Generator, low: float, high: float, n: int, gain: float = 1.0) -> Block:
    """A rate that follows the dose, with noise that grows with it."""
    dose = rng.uniform(low, high, n)
    rate = gain * (2.0 + np.sin(dose)) + (0.02 + 0.02 * dose) * rng.normal(size=n)
    return block_of(DOSED, np.column_stack([dose, rate]))


class TestPromise:
    @pytest.mark.parametrize("d", [4, 8])
    @pytest.mark.parametrize("law", ["normal", "t3"])
    def test_false_alarms_on_unchanged_records_are_as_rare_as_promised(
        self, d: int, law: str
    ) -> None:
        alarms, records = 0, 0
        for seed in range(10):
            rng = np.random.default_rng([seed, d])
            draw = rng.standard_normal if law == "normal" else (lambda s, r=rng: r.standard_t(3, s))
            drift = Drift(measured(d), false_alarms=1000)
            drift.fit(block_of(drift.table, draw((500, d))))
            for _ in range(5):
                alarms += len(drift.update(block_of(drift.table, draw((2000, d)))))
                records += 2000
        assert alarms <= records / 1000

    @pytest.mark.parametrize("correlation", [0.3, 0.6, 0.9])
    def test_records_that_depend_on_those_before_are_paid_for(self, correlation: float) -> None:
        alarms, records = 0, 0
        for seed in range(6):
            noise = np.random.default_rng([seed, 31]).standard_normal((8700, 4))
            gain = np.sqrt(1 - correlation**2)
            x = lfilter([gain], [1, -correlation], noise, axis=0)[200:]
            drift = Drift(measured(4), false_alarms=1000)
            drift.fit(block_of(drift.table, x[:500]))
            alarms += len(drift.update(block_of(drift.table, x[500:])))
            records += 8000
        assert alarms <= records / 1000

    def test_kinds_that_speak_of_faults_share_it_and_the_planner_has_its_own(self) -> None:
        """The mixture of one promise is the sum over its kinds; at rest nothing speaks."""
        rng = np.random.default_rng(2)
        drift = Drift(DOSED, false_alarms=1000)
        drift.fit(dosed(rng, 0, 6, 500))
        assert set(drift.statistics()) == {"given-set-points", "missing", "planner"}
        alarms = drift.update(dosed(rng, 5, 6, 40))
        assert {alarm.kind for alarm in alarms} == {"planner"}
        assert {limit for _, limit in drift.statistics().values()} == {np.log(1350)}

    def test_a_longer_reference_buys_speed(self) -> None:
        delays = {}
        for size in (200, 2000):
            found = []
            for seed in range(30):
                rng = np.random.default_rng([seed, 5])
                drift = Drift(measured(1), false_alarms=10_000)
                drift.fit(block_of(drift.table, rng.normal(size=(size, 1))))
                alarms = drift.update(block_of(drift.table, rng.normal(0.2, 1.0, (3000, 1))))
                found.append(alarms[0].record if alarms else 3000)
            delays[size] = np.median(found)
        assert delays[2000] < 400
        assert delays[200] > delays[2000]


class TestPower:
    @pytest.mark.parametrize(("shift", "most"), [(0.5, 110), (1.0, 45), (3.0, 9)])
    def test_a_shift_is_found_named_and_measured(self, shift: float, most: int) -> None:
        delays, points, sizes, named = [], [], [], 0
        for seed in range(10):
            rng = np.random.default_rng([seed, 7])
            drift = Drift(measured(4), false_alarms=10_000)
            x = 100 + 10 * rng.normal(size=(3000, 4))
            x[2300:, 2] += 10 * shift
            drift.fit(block_of(drift.table, x[:2000]))
            alarms = [a for a in drift.update(block_of(drift.table, x[2000:])) if a.record >= 300]
            first = alarms[0]
            assert first.kind in ("column", "joint")
            delays.append(first.record - 300)
            points.append(first.change_point - 300)
            named += first.columns[0] == "c2"
            if first.size is not None:
                sizes.append(first.size / 10)
        assert np.median(delays) <= most
        assert abs(np.median(points)) <= 30
        assert named >= 9
        assert np.median(sizes) == pytest.approx(shift, rel=0.4)

    def test_a_correlation_that_turns_is_joint(self) -> None:
        rng = np.random.default_rng(3)
        a = rng.normal(size=2000)
        b = 0.7 * a + np.sqrt(1 - 0.49) * rng.normal(size=2000)
        b[1500:] *= -1
        drift = Drift(measured(2), false_alarms=10_000)
        drift.fit(block_of(drift.table, np.column_stack([a, b])[:1000]))
        alarms = drift.update(block_of(drift.table, np.column_stack([a, b])[1000:]))
        assert alarms[0].kind == "joint"
        assert set(alarms[0].columns) == {"c0", "c1"}
        assert 500 <= alarms[0].record < 560


class TestSetPoints:
    def test_a_planner_that_moves_is_no_fault(self) -> None:
        for seed in range(5):
            rng = np.random.default_rng([seed, 11])
            drift = Drift(DOSED, false_alarms=10_000)
            drift.fit(dosed(rng, 0, 6, 500))
            alarms = drift.update(dosed(rng, 4, 6, 1500))
            assert {alarm.kind for alarm in alarms} == {"planner"}
            assert not any(alarm.is_fault for alarm in alarms)
            assert alarms[0].columns == ("dose",)
            assert alarms[0].direction == "up"

    def test_where_the_reference_never_was_it_cannot_tell_and_says_so(self) -> None:
        rng = np.random.default_rng(12)
        drift = Drift(DOSED, false_alarms=10_000)
        drift.fit(dosed(rng, 0, 3, 500))
        alarms = drift.update(dosed(rng, 4, 6, 1000))
        assert {alarm.kind for alarm in alarms} == {"planner"}
        assert drift.outside == 1000
        # ... and it sees again when the planner comes back.
        alarms = drift.update(dosed(rng, 0, 3, 500, gain=0.9))
        assert [a for a in alarms if a.kind == "given-set-points"]

    def test_a_gain_that_falls_is_found_while_the_planner_moves(self) -> None:
        rng = np.random.default_rng(13)
        drift = Drift(DOSED, false_alarms=10_000)
        drift.fit(dosed(rng, 0, 6, 500))
        assert not [a for a in drift.update(dosed(rng, 0, 3, 400)) if a.is_fault]
        faults = [a for a in drift.update(dosed(rng, 3, 6, 600, gain=0.95)) if a.is_fault]
        assert faults[0].kind == "given-set-points"
        assert faults[0].columns == ("rate",)
        assert faults[0].direction == "down"
        assert faults[0].size == pytest.approx(-0.05 * (2 + np.sin([3, 4, 5, 6]).mean()), rel=0.6)
        assert "the same set-points now give lower rate (by about 0.0" in faults[0].text
        assert faults[0].text.endswith(" 1/s)")

    def test_counts_that_answer_keep_the_promise(self) -> None:
        table = Table((DOSED.columns[0], Column(name="counts", kind=Kind.INTEGER)))
        faults = 0
        for seed in range(5):
            rng = np.random.default_rng([seed, 1])
            cells = np.column_stack([rng.uniform(size=4300), rng.poisson(1.0, 4300)])
            drift = Drift(table, false_alarms=10_000)
            drift.fit(block_of(table, cells[:300]))
            faults += sum(alarm.is_fault for alarm in drift.update(block_of(table, cells[300:])))
        assert faults <= 3  # of 20,000 records

    def test_a_planner_that_wanders_raises_no_instrument_alarm(self) -> None:
        """What the model errs by where the planner stays is not the instrument's."""
        faults = records = 0
        for seed in range(4):
            rng = np.random.default_rng([seed, 17])
            walk = rng.random(2) + np.cumsum(0.02 * rng.standard_normal((3500, 2)), axis=0)
            x = np.abs((walk + 0.1 * rng.standard_normal((3500, 2)) + 1) % 2 - 1)
            y = 2 + np.sin(3 * x[:, 0]) + x[:, 1] ** 2 + 0.1 * rng.standard_normal(3500)
            table = Table((*(Column(name=f"s{j}", role=Role.SET_POINT) for j in "ab"), RATE))
            drift = Drift(table, false_alarms=2000)
            drift.fit(block_of(table, np.column_stack([x, y])[:500]))
            faults += sum(
                alarm.is_fault
                for alarm in drift.update(block_of(table, np.column_stack([x, y])[500:]))
            )
            records += 3000
        assert faults <= records / 2000

    def test_categories_of_set_points_and_context_explain_too(self) -> None:
        table = Table(
            (
                Column(name="solvent", role=Role.SET_POINT, kind=Kind.CATEGORY),
                Column(name="lot", role=Role.CONTEXT, kind=Kind.CATEGORY),
                Column(name="rate"),
            )
        )
        rng = np.random.default_rng(14)

        def stream(n: int, share: float, offset: float = 0.0) -> Block:
            water = rng.random(n) < share
            texts = np.column_stack([np.where(water, "water", "oil"), np.full(n, "a")])
            rate = np.where(water, 5.0, 1.0) + 0.1 * rng.normal(size=n) + offset
            return Block(table, rate[:, None], texts.astype(object))

        drift = Drift(table, false_alarms=10_000)
        drift.fit(stream(500, 0.5))
        assert {alarm.kind for alarm in drift.update(stream(500, 0.9))} == {"planner"}
        faults = [a for a in drift.update(stream(200, 0.1, 0.2)) if a.is_fault]
        assert faults[0].kind == "given-set-points"
        drift.update(Block.from_rows(table, [{"solvent": "glue", "lot": "a", "rate": 3.0}]))
        assert drift.outside == 1


MATERIALS = tuple(f"mat_{i}" for i in range(1, 5))
SOLAR = Table(
    (*(Column(name=name, role=Role.SET_POINT) for name in MATERIALS), Column(name="degradation"))
)


def solar(name: str, seed: int) -> pd.DataFrame:
    """A campaign of the robot line (Langner et al., Advanced Materials 32 (2020)), shuffled."""
    spec = importlib.util.find_spec("olympus")
    if spec is None or spec.origin is None:
        pytest.skip("needs the data of olymp (extra 'demo')")
    path = Path(spec.origin).parent / "datasets" / f"dataset_{name}" / "data.csv"
    frame = pd.read_csv(path, header=None, names=[*SOLAR.names])
    return frame.sample(frac=1, random_state=seed)


def test_another_polymer_is_found_given_the_set_points() -> None:
    delays: list[float] = []
    for seed in range(20):
        frame = pd.concat([solar("photo_pce10", seed), solar("photo_wf3", seed + 100)])
        block = Block.from_frame(SOLAR, frame)
        drift = Drift(SOLAR, false_alarms=10_000)
        drift.fit(block[:500])
        alarms = [alarm for alarm in drift.update(block[500:]) if alarm.is_fault]
        assert all(alarm.record >= 540 for alarm in alarms), f"false alarm with seed {seed}"
        delays.append(alarms[0].record - 540 if alarms else np.inf)
        assert alarms[0].kind == "given-set-points"
        assert alarms[0].columns == ("degradation",)
        assert alarms[0].text.startswith("the same set-points now give ")
    assert np.isfinite(delays).all()
    assert np.median(delays) <= 120


def test_alarms_and_state_do_not_depend_on_cuts_or_stops() -> None:
    rng = np.random.default_rng(21)
    block = Block.concatenate([dosed(rng, 0, 6, 300), dosed(rng, 2, 6, 300, gain=1.1)])
    start = Drift(DOSED, false_alarms=1000)
    start.fit(dosed(rng, 0, 6, 300))
    origin = json.dumps(start.state())
    expected = start.update(block)
    assert {alarm.kind for alarm in expected} == {"given-set-points", "planner"}
    final = json.dumps(start.state())

    @settings(deadline=None, max_examples=20, derandomize=True)
    @given(st.lists(st.tuples(st.integers(1, 200), st.booleans()), min_size=1, max_size=30))
    def check(pieces: list[tuple[int, bool]]) -> None:
        drift = Drift(DOSED, false_alarms=1000)
        drift.restore(json.loads(origin))
        found: list[DriftAlarm] = []
        first = 0
        for size, stop in [*pieces, (len(block), False)]:
            found += drift.update(block[first : first + size])
            first = min(first + size, len(block))
            if stop:
                text = json.dumps(drift.state())
                drift = Drift(DOSED, false_alarms=1000)
                drift.restore(json.loads(text))
        assert sorted(found, key=lambda alarm: (alarm.record, alarm.kind)) == sorted(
            expected, key=lambda alarm: (alarm.record, alarm.kind)
        )
        assert json.dumps(drift.state()) == final

    check()


def test_what_is_said_between_alarms() -> None:
    drift = Drift(measured(2), false_alarms=1000)
    with pytest.raises(NotFitted):
        drift.update(Block.empty(drift.table))
    with pytest.raises(ReferenceTooShort, match="has 0"):
        drift.fit(Block.empty(drift.table))
    drift.fit(block_of(drift.table, np.random.default_rng(0).normal(size=(100, 2))))
    assert drift.update(Block.empty(drift.table)) == []
    assert drift.seen == 0
    assert all(value < limit for value, limit in drift.statistics().values())
    other = Drift(measured(2), false_alarms=1000, seed=1)
    with pytest.raises(StateMismatch):
        other.restore(drift.state())


def test_its_state_is_small_at_sixteen_columns() -> None:
    drift = Drift(measured(16))
    drift.fit(block_of(drift.table, np.random.default_rng(0).normal(size=(2000, 16))))
    assert len(json.dumps(drift.state())) < 100_000


def shuffled_alarms(rows: Block, reference: int, shuffles: int) -> tuple[int, int]:
    """Faults told, and records watched, where nothing changes but the order of the rows."""
    drift = Drift(rows.table, false_alarms=1000)
    found = records = 0
    for seed in range(shuffles):
        order = np.random.default_rng(seed).permutation(len(rows))
        drift.fit(rows[order[:reference]])
        found += sum(alarm.kind != "planner" for alarm in drift.update(rows[order[reference:]]))
        records += len(rows) - reference
    return found, records


@pytest.mark.parametrize("reference", [50, 75, 100])
@pytest.mark.parametrize("flowers", ["iris", "wine"])
def test_a_short_reference_of_many_set_points_keeps_the_promise(
    flowers: str, reference: int
) -> None:
    from sklearn import datasets

    frame = getattr(datasets, f"load_{flowers}")(as_frame=True).frame
    *conditions, answer = frame.columns
    set_points = [Column(name=name, role=Role.SET_POINT) for name in conditions]
    rows = Block.from_frame(Table((*set_points, Column(name=answer))), frame)
    found, records = shuffled_alarms(rows, reference, 60)
    assert found <= poisson.ppf(0.999, records / 1000)


@pytest.mark.parametrize("levels", [40, 400])
def test_a_category_of_which_most_levels_are_new_is_no_fault(levels: int) -> None:
    table = Table((Column(name="sample", kind=Kind.CATEGORY),))
    drawn = np.random.default_rng(levels).integers(levels, size=2000)
    texts = np.array([f"s{i}" for i in drawn], dtype=object)[:, None]
    found, records = shuffled_alarms(Block(table, np.empty((2000, 0)), texts), 60, 20)
    assert found <= poisson.ppf(0.999, records / 1000)
