"""The time axis of a backtest: record numbers, times where there are any, alarms and changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from halflife.streams.commands.facts.backtest_facts import time_at

from .axes import plain, short
from .picture import BAND, INK, SYNTHETIC

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class RecordAxis:
    """What all pictures along the records share.

    Args:
        records: How many there are.
        reference: The last record of the first reference.
        alarms: As the result has them, in their order.
        times: Times by record, or None.
        synthetic: Records that are rows of the batch.
    """

    records: int
    reference: int
    alarms: Sequence[Mapping[str, Any]]
    times: Mapping[str, Any] | None
    synthetic: Sequence[int] = ()

    def prepare(self, axes: Axes, *, labelled: bool, ticks: int) -> None:
        """Limits and ticks; the reference as a band.

        Args:
            axes: To be prepared.
            labelled: Whether the records are named below them.
            ticks: At most about so many.
        """
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        axes.set_xlim(0, max(1, self.records - 1))
        axes.axvspan(0, max(self.reference, 0), color=BAND, alpha=0.55, linewidth=0, zorder=0)
        axes.xaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(self._tick))
        axes.tick_params(labelbottom=labelled)
        if labelled:
            said = "record" if self.times is None else f"record, {short(self.times['column'], 20)}"
            axes.set_xlabel(said)

    def mark(self, axes: Axes, *, numbered: bool, narrow: bool, most: int = 30) -> None:
        """Alarms as lines, change points as dots on them, numbered as in the table."""
        shown = self.alarms[:most]
        for alarm in shown:
            if 0 <= alarm["change_point"] < alarm["record"]:
                axes.axvline(alarm["change_point"], color=INK, linewidth=1.1, linestyle=(0, (1, 2)))
            axes.axvline(alarm["record"], color=INK, linewidth=1.1)
        if self.synthetic:
            axes.plot(
                self.synthetic, [0.0] * len(self.synthetic), "|", color=SYNTHETIC, markersize=9,
                transform=axes.get_xaxis_transform(), clip_on=False, in_layout=False,
            )  # fmt: skip
        if not numbered:
            return
        for place, label in self._labels(shown, near=self.records / (9 if narrow else 30)):
            axes.annotate(
                label, (place, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 3),
                textcoords="offset points", ha="center", size=11, color=INK,
            )  # fmt: skip

    def _labels(self, shown: Sequence[Mapping[str, Any]], *, near: float) -> list[tuple[int, str]]:
        """Numbers of the alarms at their records; those that would overlap share a label."""
        groups: list[list[int]] = []
        for i, alarm in enumerate(shown):
            if groups and alarm["record"] - shown[groups[-1][0]]["record"] < near:
                groups[-1].append(i)
            else:
                groups.append([i])
        return [
            (
                shown[group[0]]["record"],
                str(group[0] + 1) if len(group) == 1 else f"{group[0] + 1}–{group[-1] + 1}",
            )
            for group in groups
        ]

    def _tick(self, value: float, _place: Any = None) -> str:
        if value < 0 or value > self.records:
            return ""
        time = time_at(self.times, value)
        return plain(value) + (f"\n{time[:10]}\n{time[11:16]}" if time else "")

    @property
    def height(self) -> int:
        """Pixels below the axes that ticks and label need beyond one line."""
        return 0 if self.times is None else 28
