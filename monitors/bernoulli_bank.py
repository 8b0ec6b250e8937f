"""Log e-values of events that become more or less frequent than in the reference."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .arrays import pack, unpack
from .components import Components
from .readings import CodedReadings, to_steps

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_LARGEST: Final = 0.99  # rate; what nearly always happens cannot become more frequent


class BernoulliBank:
    """``l = log(q / p)`` for an event, ``log((1 - q) / (1 - p))`` for none, over ``V``.

    ``p = (k + 1/2) / (n + 1)``, k events in n records of the reference; ``q`` has ``ratio`` times
    the odds of ``p``. ``V`` is the long-run variance of events that come in bursts. What ``p`` may
    err by, ``sqrt((k + 1) (n - k + 1) / n) / n``, is charged by `CusumMixture`: of no event in n
    records it allows for rates up to ``4 / n``.

    The gain of a component is ``I / I0^2``, I and I0 what a record adds on average after the change
    and takes away before it: false alarms are rarer than their level says by the overshoot ``I0 /
    I`` of a walk with seldom jumps (Asmussen and Albrecher, Ruin Probabilities (2010), chapter 4).

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
        [[1.08, -0.02]]
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
        n = hits + misses
        p = (hits + 0.5) / (n + 1.0)
        doubt = np.sqrt((hits + 1.0) * (misses + 1.0) / np.maximum(n, 1.0)) / np.maximum(n, 1.0)
        tables, gains, errors, weights = [], [], [], []
        for ratio in ratios:
            q = ratio * p / (1.0 - p + ratio * p)
            nats = np.stack([np.log1p(-q) - np.log1p(-p), np.log(q / p)], axis=1)
            after = q * nats[:, 1] + (1.0 - q) * nats[:, 0]
            before = -p * nats[:, 1] - (1.0 - p) * nats[:, 0]
            lift = np.abs(np.exp(nats[:, 1]) - np.exp(nats[:, 0]))
            gain = np.minimum(before / after, 1.0) ** -2.0 / np.clip(after / inflations, 1e-3, 1.0)
            if ratio > 1:  # where a single event suffices, alarms are as frequent as events
                once = np.expm1(nats[:, 1]) - nats[:, 1]
                gain = np.minimum(gain, np.maximum(n / ((hits + 1.0) * once), 1.0))
            dead = (sizes < 1) | ((p > _LARGEST) & (ratio > 1))
            nats[dead] = 0.0
            tables.append(to_steps(nats / inflations[:, None]))
            gains.append(np.where(dead, 0.0, np.log(gain)))
            weights.append(np.where(dead, 0.0, 1.0))
            errors.append(np.where(dead, 0.0, np.log1p(lift * doubt) / inflations))
        # Of each event what it says when it does not happen, when it does, and when unseen.
        seen = np.stack(tables, axis=2)
        unseen = np.zeros((len(counts), 1, len(ratios)), dtype=np.int32)
        self._steps = np.concatenate([seen, unseen], axis=1).reshape(-1, len(ratios))
        self._starts = 3 * np.arange(len(counts))
        self.components = Components(
            owners=np.repeat(np.arange(len(counts)), len(ratios)),
            errors=np.stack(errors, axis=1).ravel(),
            gains=np.stack(gains, axis=1).ravel(),
            weights=np.stack(weights, axis=1).ravel(),
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
