"""Coverage of the half-life where the decay is known, and what is said where there is none.

Two ways to the ticks. *Real*: a stream is drawn and every tick measured by ``Fidelity``, all four
parts. *By law*: first the median of each part and its spreads to either side are measured at a grid
of drifts, then ticks are drawn from that law (normal to either side, cut to [0, 1], with the noise
that overlapping windows and one birth measure share), which is a thousand times cheaper. The truth
is the drift at which the median score of the worst part is half of what it is without drift, for
windows of this size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table as Grid
from scipy.stats import binomtest
from sklearn.isotonic import IsotonicRegression

from halflife.monitors import PARTS, DecayForecast, Fidelity, FidelityMeasure
from halflife.schemas.table import Block, Column, FloatArray, Role, Table
from halflife.streams.watch.part_decays import PartDecays

TABLE = Table(
    (
        Column(name="a", role=Role.SET_POINT),
        Column(name="b", role=Role.SET_POINT),
        Column(name="y"),
        Column(name="z"),
    ),
    target="y",
)
KINDS = {"mean": 1.4, "variance": 0.9, "correlation": 0.5, "conditional": 1.8}
"""Each kind of decay with the greatest drift of its law."""
HALF_LIVES = (1_500, 4_000, 10_000)
LOOKS = (0.5, 1.0, 1.5)
WINDOW, BIRTH, BATCH, TICK = 250, 150, 1_000, 100


def rows(random: np.random.Generator, n: int, kind: str, drift: float | FloatArray) -> Block:
    """Rows of two set-points and two measured columns, each with its own drift.

    mean: all columns move by ``drift`` standard deviations. variance: they spread by
    ``exp(drift)``. correlation: the measured columns keep ``1 - drift`` of their dependence, and
    their margins. conditional: ``y`` trades one set-point for the other.
    """
    drift = np.broadcast_to(np.asarray(drift, dtype=np.float64), (n,))
    a = random.standard_normal(n)
    b = 0.5 * a + math.sqrt(0.75) * random.standard_normal(n)
    y = 0.7 * a + 0.4 * b + 0.45 * random.standard_normal(n)
    z = 0.7 * a + 0.7 * random.standard_normal(n)
    if kind == "mean":
        a, b, y, z = a + drift, b + drift, y + drift, z + drift
    elif kind == "variance":
        a, b, y, z = (column * np.exp(drift) for column in (a, b, y, z))
    elif kind == "correlation":
        kept = np.clip(1.0 - drift, 0.0, 1.0)
        lost = np.sqrt(1.0 - kept**2)
        y = kept * y + lost * math.sqrt(1.1325) * random.standard_normal(n)
        z = kept * z + lost * math.sqrt(0.98) * random.standard_normal(n)
    elif kind == "conditional":
        y = y - drift * a + drift * b
    return Block(TABLE, np.column_stack([a, b, y, z]), np.empty((n, 0), dtype=object))


class Scores(NamedTuple):
    """Median of a part, how far scores lie below and above it, and their mean stated error."""

    middle: float
    below: float
    above: float
    stated: float


@dataclass(frozen=True)
class Law:
    """Middle, spreads and stated error of each part at some drifts; the same of a birth measure."""

    drifts: FloatArray
    mean: dict[str, FloatArray]
    below: dict[str, FloatArray]
    above: dict[str, FloatArray]
    stated: dict[str, FloatArray]
    birth: dict[str, Scores]

    @classmethod
    def measured(cls, kind: str, *, drifts: FloatArray, draws: int) -> Law:
        """By ``draws`` measures at each drift, each with its own batch."""
        at = [_scores(kind, float(drift), WINDOW, draws) for drift in drifts]
        known = [part for part in PARTS if all(part in found for found in at)]
        mean = {
            part: IsotonicRegression(increasing=False).fit_transform(
                drifts, [found[part][0] for found in at]
            )
            for part in known
        }
        below, above, stated = (
            {part: np.array([found[part][place] for found in at]) for part in known}
            for place in (1, 2, 3)
        )
        birth = _scores(kind, 0.0, BIRTH, draws)
        return cls(drifts, mean, below, above, stated, {part: birth[part] for part in known})

    def half(self) -> float:
        """The drift at which the worst part has lost half."""
        fine = np.linspace(0.0, self.drifts[-1], 2_001)
        kept = [np.interp(fine, self.drifts, m) / m[0] for m in self.mean.values()]
        worst = np.min(kept, axis=0)
        return float(fine[np.argmax(worst <= 0.5)])

    def measure(self, drift: float, noise: dict[str, float]) -> FidelityMeasure:
        """A tick of the law at a drift, with standard normal noise for each part."""
        tables = self.mean, self.below, self.above, self.stated
        at = {
            part: Scores(*(float(np.interp(drift, self.drifts, table[part])) for table in tables))
            for part in self.mean
        }
        return _cut(at, noise)

    def born(self, random: np.random.Generator) -> FidelityMeasure:
        """A birth measure of the law."""
        return _cut(self.birth, {part: random.standard_normal() for part in self.birth})


def _scores(kind: str, drift: float, n: int, draws: int) -> dict[str, Scores]:
    """Those of the parts, their spreads before scores are cut at 0 and 1."""
    found: list[FidelityMeasure] = []
    for draw in range(draws):
        random = np.random.default_rng([draw, n, round(1e6 * drift)])
        real, batch = rows(random, n, kind, drift), rows(random, BATCH, kind, 0.0)
        found.append(Fidelity(TABLE, seed=draw).measure(real, batch))
    told = {}
    for part in PARTS:
        scores = np.array([m.raws[part] for m in found if part in m.parts])
        if len(scores) >= draws / 2:
            errors = np.array([m.errors[part] for m in found if part in m.parts])
            middle = np.median(scores)
            below, above = (
                max(float(np.sqrt(2.0 * np.mean(np.maximum(off, 0.0) ** 2))), 1e-3)
                for off in (middle - scores, scores - middle)
            )
            cut = float(np.clip(middle, 0.0, 1.0))
            told[part] = Scores(cut, below, above, float(errors.mean()))
    return told


def _cut(parts: dict[str, Scores], noise: dict[str, float]) -> FidelityMeasure:
    """A measure whose noise is in spreads of its side."""
    values = {
        part: float(np.clip(s.middle + z * (s.below if z < 0.0 else s.above), 0.0, 1.0))
        for (part, s), z in zip(parts.items(), (noise[part] for part in parts), strict=True)
    }
    errors = {part: scores.stated for part, scores in parts.items()}
    return FidelityMeasure(
        min(values.values()), values, {}, errors, {}, None, None, None, WINDOW, BATCH
    )


def _by_law(law: Law, rate: float, until: int, seed: int) -> Iterator[tuple[int, PartDecays]]:
    """A stream whose drift is ``rate`` times the age, tick by tick."""
    random = np.random.default_rng(seed)
    decays = PartDecays(law.born(random), 0.9)
    noise = {part: random.standard_normal(until + WINDOW) for part in law.mean}
    for age in range(TICK, until + 1, TICK):
        records = np.arange(age - WINDOW + 1.0, age + 1.0)
        drawn = {p: z[age : age + WINDOW].sum() / math.sqrt(WINDOW) for p, z in noise.items()}
        measure = law.measure(rate * float(records.clip(0.0).mean()), drawn)
        _tick(decays, measure, records)
        yield age, decays


def _real(kind: str, rate: float, until: int, seed: int) -> Iterator[tuple[int, PartDecays]]:
    """The same with rows that are drawn and parts that are measured."""
    random = np.random.default_rng([seed, 7])
    batch = rows(random, BATCH, kind, 0.0)
    drift = rate * np.arange(1.0 - WINDOW, until + 1.0).clip(0.0)
    stream = rows(random, len(drift), kind, drift)
    fidelity = Fidelity(TABLE, seed=seed)
    birth = fidelity.measure(rows(random, BIRTH, kind, 0.0), batch)
    decays = PartDecays(birth, 0.9)
    for age in range(TICK, until + 1, TICK):
        measure = fidelity.measure(stream[age : age + WINDOW], batch)
        _tick(decays, measure, np.arange(age - WINDOW + 1.0, age + 1.0))
        yield age, decays


def _tick(decays: PartDecays, measure: FidelityMeasure, records: FloatArray) -> None:
    shares = {
        part: score / decays.birth.parts[part]
        for part, score in measure.parts.items()
        if part in decays.birth.parts
    }
    decays.update(measure, shares, records=records, hours=records / 60.0)


def _holds(forecast: DecayForecast, half_life: float) -> bool:
    low, high = forecast.half_life_interval
    return (low or 0.0) <= half_life <= (math.inf if high is None else high)


def _row(kind: str, how: str, half_life: int, look: float, found: list[DecayForecast]) -> Any:
    """One line of the table of coverage."""
    held = sum(_holds(forecast, half_life) for forecast in found)
    ends = [f.half_life_interval for f in found]
    widths = [math.inf if high is None else high / low for low, high in ends if low]
    span = binomtest(held, len(found)).proportion_ci(method="wilson")
    return {
        "kind": kind,
        "ticks": how,
        "half_life": half_life,
        "look": look,
        "runs": len(found),
        "coverage": held / len(found),
        "interval": [float(span.low), float(span.high)],
        "seen": sum(f.seen for f in found) / len(found),
        "width": float(np.median(widths)),
    }


def _coverage(laws: dict[str, Law], scale: float) -> list[dict[str, Any]]:
    """Runs of each kind and rate, looked at when half, all and 1.5 of the half-life are over."""
    told = []
    runs, real_runs = max(10, round(200 * scale)), max(1, round(10 * scale))
    for kind, law in laws.items():
        for how, half_lives, count in (
            ("law", HALF_LIVES, runs),
            ("real", HALF_LIVES[:1], real_runs),
        ):
            for half_life in half_lives:
                rate = law.half() / half_life
                looks: dict[float, list[DecayForecast]] = {look: [] for look in LOOKS}
                until = int(max(LOOKS) * half_life)
                for seed in range(count):
                    ticks = _by_law(law, rate, until, seed)
                    if how == "real":
                        ticks = _real(kind, rate, until, seed)
                    for age, decays in ticks:
                        for look in LOOKS:
                            if age == TICK * round(look * half_life / TICK):
                                looks[look].append(decays.forecast()[1])
                told += [_row(kind, how, half_life, look, f) for look, f in looks.items()]
    return told


def _unchanged(laws: dict[str, Law], scale: float) -> list[dict[str, Any]]:
    """Streams without drift, read after every tick: how many say an expiry, or a lost part."""
    law = next(iter(laws.values()))
    told = []
    for how, count, until in (
        ("law", max(10, round(200 * scale)), 10_000),
        ("real", max(1, round(20 * scale)), 4_000),
    ):
        said = 0
        for seed in range(count):
            ticks = _by_law(law, 0.0, until, 1_000 + seed)
            if how == "real":
                ticks = _real("mean", 0.0, until, 1_000 + seed)
            # Nothing can be lost that is not seen to decay.
            said += any(decays.forecast()[1].seen for _, decays in ticks)
        span = binomtest(said, count).proportion_ci(method="wilson")
        told.append(
            {
                "ticks": how,
                "streams": count,
                "records": until,
                "said": said / count,
                "interval": [float(span.low), float(span.high)],
            }
        )
    return told


def run(console: Console, scale: float) -> dict[str, Any]:
    """Print the tables; the law of each part rests on 40 draws at each of 8 drifts."""
    console.print(
        f"[bold]decay[/]: windows of {WINDOW} records, ticks every {TICK}, four parts of fidelity"
    )
    laws = {
        kind: Law.measured(kind, drifts=np.linspace(0.0, most, 8), draws=max(6, round(40 * scale)))
        for kind, most in KINDS.items()
    }
    coverage = _coverage(laws, scale)
    grid = Grid("decay", "ticks", "half-life", "age", "runs", "coverage (95 %)", "seen", "width")
    for row in coverage:
        low, high = row["interval"]
        grid.add_row(
            row["kind"],
            row["ticks"],
            f"{row['half_life']:,}",
            f"{row['look']:.1f}",
            str(row["runs"]),
            f"{row['coverage']:.1%} ({low:.1%} to {high:.1%})",
            f"{row['seen']:.0%}",
            "open" if math.isinf(row["width"]) else f"{row['width']:.2f}",
        )
    console.print(grid, "half-life in records; age in half-lives; width: upper over lower end")
    unchanged = _unchanged(laws, scale)
    for row in unchanged:
        low, high = row["interval"]
        console.print(
            f"unchanged ({row['ticks']}): an expiry is said in {row['said']:.1%} of "
            f"{row['streams']} streams of {row['records']:,} records ({low:.1%} to {high:.1%})"
        )
    for row in coverage:
        row["width"] = None if math.isinf(row["width"]) else row["width"]
    return {"coverage": coverage, "unchanged": unchanged}
