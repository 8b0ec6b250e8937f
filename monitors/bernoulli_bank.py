"""Log e-values of events that become more or less frequent than in the reference."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from .arrays import pack, unpack
from .components import Components
from .readings import CodedReadings, to_steps

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_DOUBT: Final = 0.02  # chance that the true rate lies beyond the bound that is taken for it


class BernoulliBank:
    """``l = log(q / p)`` for an event, ``log((1 - q) / (1 - p))`` for none, over ``V``.

    ``p`` is the Clopper-Pearson bound of the event's rate in the reference, the upper one for
    events that become more frequent and the lower one for rarer ones, so that ``E exp(l) <= 1`` at
    every rate on this side of it. ``q`` has ``ratio`` times the odds of ``p``. ``V`` is the
    long-run variance of events that come in bursts.

    Component ``k`` is ratio ``k % len(ratios)`` of event ``k // len(ratios)``.

    Args:
        counts: Shape (E,), how often each event happened in the reference.
        sizes: Shape (E,), out of how many records.
        inflations: Shape (E,), ``V``.
        ratios: Of odds; above 1 for more frequent, below for rarer.

    Example:
        >>> bank = BernoulliBank(np.array([5.0]), np.array([500.0]), np.ones(1), ratios=(3.0,))
        >>> readings = bank.read(np.array([[True, False]]), np.array([[True, True]]))
        >>> (readings.increments / 65536).round(2).tolist()
        [[1.05, -0.05]]
    """

    def __init__(
        self,
        counts: FloatArray,
        sizes: FloatArray,
        inflations: FloatArray,
        *,
        ratios: tuple[float, ...],
    ) -> None:
        self.counts, self.sizes, self.inflations = counts, sizes, inflations
        self.ratios = ratios
        hits, misses = counts / inflations, (sizes - counts) / inflations
        tables, gains = [], []
        for ratio in ratios:
            p = _bound(hits, misses, upper=ratio > 1)
            odds = ratio * p / (1.0 - p)
            q = odds / (1.0 + odds)
            nats = np.stack([np.log1p(-q) - np.log1p(-p), np.log(q / p)], axis=1)
            nats = nats / inflations[:, None]
            after = q * nats[:, 1] + (1.0 - q) * nats[:, 0]
            # An event that always happened cannot become more frequent, nor a new one rarer.
            dead = (sizes < 1) | (p > 0.99) | (p < 1e-6)
            nats[dead] = 0.0
            tables.append(to_steps(nats))
            gains.append(np.where(dead, 0.0, -np.log(np.clip(after, 1e-3, 1.0))))
        # Of each event what it says when it does not happen, when it does, and when unseen.
        seen = np.stack(tables, axis=2)
        unseen = np.zeros((len(counts), 1, len(ratios)), dtype=np.int32)
        self._steps = np.concatenate([seen, unseen], axis=1).reshape(-1, len(ratios))
        self._starts = 3 * np.arange(len(counts))
        self.components = Components(
            owners=np.repeat(np.arange(len(counts)), len(ratios)),
            errors=np.zeros(len(counts) * len(ratios)),  # the bounds have paid for them
            gains=np.stack(gains, axis=1).ravel(),
        )

    def read(self, events: BoolArray, present: BoolArray) -> CodedReadings:
        """What records say: events of shape (E, n), and whether each could be seen."""
        places = np.where(present, events, 2).T + self._starts
        return CodedReadings([(self._steps, places)], (events & present).astype(np.int64), present)

    def event(self, leader: int) -> int:
        """The event that the leading component watches."""
        return leader // len(self.ratios)

    def direction(self, leader: int) -> str:
        """``"up"`` where the leading component looks for more events, else ``"down"``."""
        return "up" if self.ratios[leader % len(self.ratios)] > 1 else "down"

    def share(self, event: int) -> float:
        """How often an event happened in the reference, in [0, 1]."""
        return float(self.counts[event] / max(self.sizes[event], 1.0))

    def state(self) -> dict[str, Any]:
        """As plain data; the ratios are the detector's."""
        return {
            "counts": pack(self.counts),
            "sizes": pack(self.sizes),
            "inflations": pack(self.inflations),
        }

    @classmethod
    def of_state(cls, state: dict[str, Any], *, ratios: tuple[float, ...]) -> BernoulliBank:
        """The bank that gave this state."""
        arrays = (unpack(state[name]) for name in ("counts", "sizes", "inflations"))
        return cls(*arrays, ratios=ratios)


def _bound(hits: FloatArray, misses: FloatArray, *, upper: bool) -> FloatArray:
    """Clopper-Pearson bound of a rate, kept inside (0, 1)."""
    hits, misses = np.maximum(hits, 0.0), np.maximum(misses, 0.0)
    if upper:
        bound = beta.isf(_DOUBT, hits + 1.0, np.maximum(misses, 1e-9))
    else:
        bound = beta.ppf(_DOUBT, np.maximum(hits, 1e-9), misses + 1.0)
    return np.asarray(np.clip(bound, 1e-9, 1.0 - 1e-9), dtype=np.float64)
