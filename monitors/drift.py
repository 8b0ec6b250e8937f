"""All drift of one stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from halflife.schemas.table import Block, Table

from .alarm import DriftAlarm
from .arrays import key_of
from .detector import Detector
from .detector_group import DetectorGroup, update_together
from .errors import NotFitted, StateMismatch
from .registry import DETECTORS
from .set_point_drift import SetPointDrift


class Drift:
    """All drift of one stream, at one promise about false alarms.

    Every kind in `DETECTORS` that has columns to watch in this table takes part. A table without
    set-points has its measured columns watched for themselves: alarms are of kind ``column``,
    ``joint``, ``tail`` and ``category``. In a table with set-points the planner moves the measured
    columns, and that is no fault: there they are watched ``given-set-points``. ``missing`` is
    watched in both. These share the promise, and their evidence adds up (`DetectorGroup`).
    ``planner`` is information, and has the promise for itself.

    Args:
        table: Of the stream.
        false_alarms: Records between false alarms, at least: the mean number of records to the
            first alarm while nothing changes.
        seed: For kinds that draw at random; those of today do not.

    Raises:
        ValueError: For false alarms more often than once in a record.

    Example:
        >>> import numpy as np, pandas as pd
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="pressure", unit="bar"), Column(name="flow")))
        >>> rng = np.random.default_rng(0)
        >>> frame = pd.DataFrame(rng.normal(20, 2, (1500, 2)), columns=["pressure", "flow"])
        >>> frame.loc[1000:, "pressure"] += 2.0
        >>> drift = Drift(table, false_alarms=10_000)
        >>> drift.fit(Block.from_frame(table, frame[:500]))
        >>> alarm = drift.update(Block.from_frame(table, frame[500:]))[0]
        >>> 500 <= alarm.record < 560, alarm.columns[0]
        (True, 'pressure')

    References:
        See `CusumMixture`.
    """

    def __init__(self, table: Table, *, false_alarms: float = 10_000.0, seed: int = 0) -> None:
        self.table, self.false_alarms, self.seed = table, float(false_alarms), seed
        self.detectors: dict[str, Detector] = {
            kind: cls(table, false_alarms=self.false_alarms)
            for kind, cls in DETECTORS.items()
            if cls.watched(table)
        }
        parts = {False: list[Detector](), True: list[Detector]()}
        for detector in self.detectors.values():
            parts[detector.information].append(detector)
        self._groups = [
            DetectorGroup(table, part, false_alarms=self.false_alarms)
            for part in parts.values()
            if part
        ]
        self._seen: int | None = None

    @property
    def seen(self) -> int:
        """Records taken since the fit."""
        if self._seen is None:
            raise NotFitted("drift: call fit, or restore, before this")
        return self._seen

    @property
    def outside(self) -> int:
        """Records since the fit whose set-points the reference does not know: not judged."""
        detector = self.detectors.get(SetPointDrift.kind)
        return detector.outside if isinstance(detector, SetPointDrift) else 0

    def unknown(self, block: Block) -> NDArray[np.bool_]:
        """Which records have set-points that the reference does not know, shape (n,)."""
        detector = self.detectors.get(SetPointDrift.kind)
        if not isinstance(detector, SetPointDrift):
            return np.zeros(len(block), dtype=np.bool_)
        return detector.unknown(block)

    def fit(self, reference: Block) -> None:
        """Learn what is normal, and start.

        Raises:
            ReferenceTooShort: With the number of records that are needed.
        """
        for group in self._groups:
            group.fit(reference)
        self._seen = 0

    def update(self, block: Block) -> list[DriftAlarm]:
        """Take the next records; their alarms, in the order of records.

        After a fault all kinds of fault start again with the record after; the planner goes on.

        Raises:
            NotFitted: Before `fit` or `restore`.
        """
        self._seen = self.seen + len(block)
        return update_together(self._groups, block)

    def rest(self) -> None:
        """Start again with the same reference: what was seen since is as if it had not been.

        Raises:
            NotFitted: Before `fit` or `restore`.
        """
        self._seen = 0 * self.seen
        for group in self._groups:
            group.rest()

    def statistics(self) -> dict[str, tuple[float, float]]:
        """Of each kind that takes part, its evidence now and the threshold for all, in nats."""
        return {
            kind: (statistic, group.threshold)
            for group in self._groups
            for kind, statistic in group.statistics().items()
        }

    def state(self) -> dict[str, Any]:
        """Reference and running state, as plain data that JSON carries."""
        groups = [group.state() for group in self._groups]
        return {"key": self._key, "seen": self.seen, "groups": groups}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where the monitor that gave this state was, bit for bit.

        Raises:
            StateMismatch: For a state of another table or other parameters.
        """
        if state.get("key") != self._key:
            raise StateMismatch(
                f"drift: the state has key {state.get('key')!r}, and this table with false_alarms "
                f"= {self.false_alarms:g}, seed = {self.seed} has {self._key!r}; fit it again"
            )
        for group, each in zip(self._groups, state["groups"], strict=True):
            group.restore(each)
        self._seen = int(state["seen"])

    @property
    def _key(self) -> str:
        return key_of("drift", self.table.digest, self.false_alarms, self.seed)
