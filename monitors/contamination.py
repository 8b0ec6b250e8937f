"""Synthetic rows that come back as real records."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, Table

from .accusation import Accusation
from .arrays import key_of, pack, unpack
from .chance_matches import CLOSE, LEVELS, ChanceMatches
from .digit_law import DigitLaw, decimals, few, many, meet
from .errors import NotFitted, StateMismatch, TooFewRows
from .margins import MARGIN, margins
from .match_rate import match_evidence
from .row_space import RowSpace

FloatArray = NDArray[np.float64]
Int16Array = NDArray[np.int16]

_FEWEST: Final = 20  # real rows, and of these unseen ones, from which anything can be learnt
_NEIGHBOURS: Final = 3
_COMMON: Final = 0.3  # share of real records that are like a row, from which that tells nothing
_EXACT: Final = 1e-9
_NEAR: Final = 0.1  # chance to be near a synthetic row, from which records say how rare others are
_ODD: Final = 0.5  # that of one by its digits, which are rare and near by two estimates
_SELDOM: Final = 0.01  # share of real records as odd, up to which digits are looked at
_STRICT: Final = 0.3  # share of the rate that a single accusation may have: chances are estimates


class Contamination:
    r"""Names records that are rows of a synthetic batch: as they are, rounded, or jittered.

    A record x is near to a synthetic row s if no column differs by more than some level h standard
    deviations; categories and missing cells must be equal. It is accused if real records come so
    near to a synthetic row more seldom than ``rate``, by the bound

    .. math:: \lambda_J(h) \prod_{j \in J} p_j(x, s)

    of `ChanceMatches`: real records that no batch has seen are near in all columns but those of J
    to :math:`\lambda_J` rows, and in each of J with chance :math:`p_j`. And it must be nearer to s
    than half of what s is away from all real rows known, or a replicate of one of them explains
    it as well: a synthetic row that copies a real one cannot be told from its replicate.

    Args:
        table: Of the stream.
        rate: Real records that may be accused, as a share of all.

    Attributes:
        alike: Of the block given last, records that are as near to a row as .04 standard
            deviations but are not accused: real ones come so near as well (`usual`), and only that
            they do so more often tells of contamination (`match_evidence`).

    Raises:
        ValueError: For a rate outside (0, 1).

    Example:
        >>> from halflife.schemas.table import Column
        >>> table = Table(tuple(Column(name=name) for name in "abcd"))
        >>> rng = np.random.default_rng(0)
        >>> rows = Block(table, rng.normal(size=(900, 4)), np.empty((900, 0), dtype=object))
        >>> monitor = Contamination(table)
        >>> monitor.fit(rows[:500], {"batch": rows[500:700]})
        >>> jittered = rows.numbers[500:502] + 0.01 * rng.normal(size=(2, 4))
        >>> back = Block(table, np.vstack([rows.numbers[700:], jittered]), rows.texts[:202])
        >>> [(each.record, each.row) for each in monitor.accuse(back)]
        [(200, 0), (201, 1)]

    References:
        Neyman and Pearson, "On the problem of the most efficient tests of statistical hypotheses",
        Philosophical Transactions A 231 (1933). Good, "The population frequencies of species and
        the estimation of population parameters", Biometrika 40 (1953).
    """

    def __init__(self, table: Table, *, rate: float = 1e-4) -> None:
        if not 0 < rate < 1:
            raise ValueError(f"rate must lie between 0 and 1, not {rate!r}")
        self.table, self.rate = table, rate
        self.alike: list[Accusation] = []
        self._space: RowSpace | None = None

    def fit(
        self,
        real: Block,
        batches: Mapping[str, Block],
        *,
        unseen: NDArray[np.bool_] | None = None,
        before: Mapping[str, Any] | None = None,
    ) -> None:
        """Learn how near real records come to the rows of the batches in circulation.

        Args:
            real: Real rows known, among them those that the batches were made from.
            batches: Their rows, by name.
            unseen: Shape (n,), which real rows no batch was made from; all if None.
            before: State of the monitor that knew some of these batches: what it knew of their
                distance to real rows is kept.

        Raises:
            TooFewRows: For fewer than 20 unseen real rows, or no synthetic row.
        """
        chosen = real if unseen is None else real[unseen]
        if len(chosen) < _FEWEST or not sum(map(len, batches.values())):
            raise TooFewRows(
                f"contamination needs {_FEWEST} real rows that no batch has seen and a batch; "
                f"there are {len(chosen)} and {sum(map(len, batches.values()))} synthetic rows"
            )
        self._space = RowSpace.fit(real)
        points = self._space.points(real)
        rows = {name: self._space.points(block) for name, block in batches.items()}
        self._margins = margins(points, rows, {} if before is None else before["margins"])
        self._gather(rows)
        apart = np.concatenate(list(self._margins.values())) > 0
        synthetic = np.concatenate(list(rows.values()))[apart]
        new = points if unseen is None else points[unseen]
        steps = self._space.steps(real)
        self._chances = ChanceMatches.fit(points, new, synthetic, steps=steps)
        common = self._common(points)
        self._few = DigitLaw.fit(few(real.numbers, common))
        self._many = DigitLaw.fit(many(real.numbers, common))
        self._reach()

    def accuse(self, block: Block) -> list[Accusation]:
        """The next records that are synthetic rows; `take` must say how many records were taken.

        Raises:
            NotFitted: Before `fit` or `restore`.
        """
        space = self._ready
        self._odd = np.zeros((2, len(block)), dtype=np.int64)
        self._met: list[dict[int, tuple[str, int]]] = [{}, {}]
        self.alike = []
        if self._tree is None or not len(block):
            return []
        points = space.points(block)
        best: dict[int, Accusation] = {}
        alike: dict[int, Accusation] = {}
        near = list(self._near(points))
        for found in near:
            kept = best if found.chance <= _STRICT * self.rate else alike
            kept[found.record] = min(kept.get(found.record, found), found, key=_chance)
        for i, (law, grades) in enumerate(((self._few, few), (self._many, many))):
            # Values that come often can only make a record less odd: most need no look at them.
            places = np.flatnonzero(law.ranks(law.sums(grades(block.numbers))))
            common = self._common(points[places])
            self._odd[i, places] = law.ranks(law.sums(grades(block.numbers[places], common)))
            places = np.flatnonzero(self._odd[i])
            if len(places) and not law.is_common(len(block)):
                pairs = near if i else self._rounded(block, points, places)
                best |= self._by_digits(law, self._odd[i], pairs, best, self._met[i])
            self._odd[i, list(best)] = 0
        self.alike = [
            alike[record]
            for record in sorted(alike.keys() - best.keys())
            if alike[record].distance <= CLOSE
        ]
        return [best[record] for record in sorted(best)]

    def take(self, count: int) -> None:
        """Go on behind the first records of the block that `accuse` was given last."""
        for law, odd, met in zip((self._few, self._many), self._odd, self._met, strict=True):
            law.seen += count
            law.odd += np.bincount(odd[:count], minlength=len(law.odd))
            for record, row in met.items():
                if record < count:
                    meet(law.rows, row)

    @property
    def usual(self) -> float:
        """Share of the real records that come within .04 of a synthetic row, at most; to 1."""
        _ = self._ready
        return self._chances.usual

    @property
    def running(self) -> dict[str, Any]:
        """What changes from record to record, as plain data: a part of the state."""
        _ = self._ready
        return {"few": self._few.running, "many": self._many.running}

    def _pairs(self, points: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Records and synthetic rows that are near to each other."""
        if self._tree is None:
            raise NotFitted("contamination: there is no row that could be accused of")
        bound = 1.000001 * self._radius
        near = np.asarray(
            self._tree.query(points, k=_NEIGHBOURS, p=np.inf, distance_upper_bound=bound)[1]
        )
        records, places = np.nonzero(near < len(self._rows))
        return records, near[records, places]

    def _near(self, points: FloatArray) -> Iterator[Accusation]:
        """Records that are nearer to a synthetic row than real ones come by chance."""
        records, rows = self._pairs(points)
        if len(records):
            chances = self._chances.of(points[records], self._rows[rows])
            distances = np.abs(points[records] - self._rows[rows]).max(axis=1)
            clear = distances <= self._limits[rows]
            yield from self._accusations(points, records[clear], rows[clear], chances[clear])

    def _rounded(
        self, block: Block, points: FloatArray, places: NDArray[np.intp]
    ) -> list[Accusation]:
        """Pairs of these records with synthetic rows that round to them."""
        digits = decimals(block.numbers[places]).astype(np.float64)
        half = np.full((len(places), points.shape[1]), _EXACT)
        half[:, : digits.shape[1]] = 0.5000001 * 10.0**-digits / self._ready.scales
        pairs = [self._rounding_to(points[i], each) for i, each in zip(places, half, strict=True)]
        of = np.repeat(np.arange(len(places)), [len(each) for each in pairs])
        records, rows = places[of], np.concatenate(pairs)
        if not len(records):
            return []
        chances = self._chances.of(points[records], self._rows[rows], half[of])
        return list(self._accusations(points, records, rows, chances))

    def _by_digits(
        self,
        law: DigitLaw,
        ranks: NDArray[np.int64],
        pairs: list[Accusation],
        known: Mapping[int, Accusation],
        met: dict[int, tuple[str, int]],
    ) -> dict[int, Accusation]:
        """Records with odd digits whose nearness to a synthetic row is, given these, too rare.

        How rare odd digits are is told by records that are not near. Where odder ones than all real
        ones are near to one row after the other, they are from there (`match_evidence`).
        """
        nearest: dict[int, Accusation] = {}
        for each in pairs:
            nearest[each.record] = min(nearest.get(each.record, each), each, key=_chance)
        found: dict[int, Accusation] = {}
        rows, spared = list(law.rows), np.zeros_like(law.odd)
        for i in np.flatnonzero(ranks).tolist():
            if i in known:
                continue
            pair = nearest.get(i)
            rarity = law.rarity(int(ranks[i]), seen=i, odd=spared)
            common = rarity > (_SELDOM if ranks[i] < len(law.tops) else _NEAR)
            if common or pair is None or pair.chance > _NEAR:
                spared[ranks[i]] += 1
                continue
            chance = pair.chance * rarity
            if ranks[i] == len(law.tops):
                met[i] = pair.batch, pair.row
                meet(rows, met[i])
                others = int(law.odd[-1] + spared[-1])
                nats = match_evidence(len(rows), len(rows) + others, usual=_NEAR)
                chance = min(chance, math.exp(-nats))
            if chance <= _ODD * self.rate:
                found[i] = replace(pair, chance=chance)
            else:
                ranks[i] = 0
        return found

    def _common(self, points: FloatArray) -> NDArray[np.bool_]:
        """Numeric cells at values that come often, shape (n, d)."""
        laws = self._chances.laws[: len(self.table.numeric)]
        common = [law.repeats(points[:, j]) for j, law in enumerate(laws)]
        return np.array(common, dtype=np.bool_).reshape(len(laws), len(points)).T

    def _rounding_to(self, point: FloatArray, half: FloatArray) -> NDArray[np.intp]:
        """The synthetic rows that a record may be, given half the last digit of its cells."""
        j = half.argmin()  # the column that leaves the fewest rows
        fits = np.flatnonzero(np.abs(self._rows[:, j] - point[j]) <= half[j])
        return fits[(np.abs(self._rows[fits] - point) <= half).all(axis=1)]

    def _accusations(
        self,
        points: FloatArray,
        records: NDArray[np.intp],
        rows: NDArray[np.intp],
        chances: FloatArray,
    ) -> Iterator[Accusation]:
        """These pairs, one by one."""
        distances = np.abs(points[records] - self._rows[rows]).max(axis=1, initial=0.0)
        for i in range(len(records)):
            batch, row = self._origins[rows[i]]
            yield Accusation(
                int(records[i]), batch, int(row), float(distances[i]), float(chances[i])
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The batches that it knows."""
        _ = self._ready
        return tuple(self._margins)

    @property
    def tellable(self) -> tuple[float, float]:
        """Share of the synthetic rows that it would name if they came back exactly, or jittered.

        Jittered by .01 standard deviations in every numeric column.
        """
        _ = self._ready
        return self._tellable

    @property
    def text(self) -> str:
        """What it can tell, in words."""
        exact, jittered = self.tellable
        if exact < 0.005:
            return (
                "synthetic rows that come back as records cannot be told from real ones here: the "
                "cells of this table repeat too often, or too few real records are known"
            )
        return (
            f"synthetic rows that come back are named: {exact:.0%} of them if unchanged, "
            f"{jittered:.0%} if jittered by .01 standard deviations"
        )

    def state(self) -> dict[str, Any]:
        """What was learnt, as plain data; the rows of the batches are not in it."""
        return {
            "key": self._key,
            "space": self._ready.state(),
            "chances": self._chances.state(),
            "few": self._few.state(),
            "many": self._many.state(),
            "running": self.running,
            "margins": {name: pack(margins) for name, margins in self._margins.items()},
        }

    def restore(self, state: Mapping[str, Any], batches: Mapping[str, Block]) -> None:
        """Go on where the monitor that gave this state was.

        Args:
            state: Of it.
            batches: Rows of its batches; one that is not given is watched no more.

        Raises:
            StateMismatch: For a state of another table or rate, or rows of another batch.
        """
        if state.get("key") != self._key:
            raise StateMismatch(
                f"contamination: the state has key {state.get('key')!r}, and this table with rate "
                f"= {self.rate:g} has {self._key!r}; fit it again"
            )
        self._space = RowSpace.of_state(self.table, state["space"])
        self._chances = ChanceMatches.of_state(state["chances"])
        running = state["running"]
        self._few, self._many = (DigitLaw.of_state(state[name]) for name in ("few", "many"))
        self._few.go_on(running["few"])
        self._many.go_on(running["many"])
        margins = {name: unpack(each) for name, each in state["margins"].items()}
        self._margins = {name: each for name, each in margins.items() if name in batches}
        for name, each in self._margins.items():
            if len(each) != len(batches[name]):
                raise StateMismatch(
                    f"contamination: batch {name} has {len(batches[name])} rows, and "
                    f"{len(each)} in the state"
                )
        self._gather({name: self._space.points(batches[name]) for name in self._margins})
        self._reach()

    @property
    def _key(self) -> str:
        return key_of("contamination", 2, self.table.digest, self.rate)

    @property
    def _ready(self) -> RowSpace:
        if self._space is None:
            raise NotFitted("contamination: call fit, or restore, before this")
        return self._space

    def _gather(self, rows: Mapping[str, FloatArray]) -> None:
        """Put the rows that can be accused of side by side, and where each came from."""
        width = len(self.table.names)
        kept = [np.flatnonzero(self._margins[name] > 0) for name in rows]
        parts = [points[each] for points, each in zip(rows.values(), kept, strict=True)]
        self._rows = np.concatenate([np.empty((0, width)), *parts])
        self._origins = [(name, i) for name, each in zip(rows, kept, strict=True) for i in each]
        margins = [self._margins[name][each] for name, each in zip(rows, kept, strict=True)]
        self._limits = np.concatenate([np.empty(0), *margins]) * MARGIN / 2

    def _reach(self) -> None:
        """How far from a synthetic row anything can be accused, and how many rows can be told."""
        from scipy.spatial import cKDTree

        typical = self._chances.typical(self._rows)
        allowed = typical <= _STRICT * self.rate
        least = self._many.least  # jitter has all digits
        allowed[:, 1:] |= typical[:, 1:] * least <= _ODD * self.rate
        inside = self._limits[:, None] >= np.array([0.0, *LEVELS[1:]])  # an equal row is nearest
        shares = (allowed & inside).sum(axis=0) / max(sum(map(len, self._margins.values())), 1)
        jitter = LEVELS.index(CLOSE)
        self._tellable = float(shares[0]), float(shares[jitter])
        reached = np.flatnonzero(shares > 0)
        alike = CLOSE if self.usual < _COMMON else 0.0
        self._radius = max(alike, LEVELS[int(reached[-1])] if len(reached) else 0.0)
        self._tree = cKDTree(self._rows) if self._radius > 0 and len(self._rows) else None


def _chance(accusation: Accusation) -> float:
    return accusation.chance
