"""Fidelity of a batch as it ages: what it has kept, and each part on its band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from .axes import number_ticks
from .picture import BAND, INK, REAL, SYNTHETIC, Picture
from .record_axis import RecordAxis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PART_SIZE: Final = (260, 185)


def retained_age(ticks: Sequence[Mapping[str, Any]], keep: float, axis: RecordAxis) -> Picture:
    """The share of its fidelity at birth that the batch has kept, with its interval and limit."""
    age = [tick["age_records"] for tick in ticks]
    kept = [tick["retained"] for tick in ticks]
    low, high = np.array([tick["retained_interval"] for tick in ticks], dtype=np.float64).T

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.fill_between(age, low, high, color=SYNTHETIC, alpha=0.22, linewidth=0)
        axes.plot(age, kept, color=SYNTHETIC, linewidth=1.8, marker="o", markersize=4)
        axes.axhline(keep, color=INK, linewidth=1.1, linestyle=(0, (4, 2)))
        axes.text(0, keep, f" limit {keep:g}", ha="left", va="bottom", size=10, color=INK)
        for alarm in axis.alarms[:30]:
            place = alarm["record"] - ticks[0]["record"] + age[0]
            if 0 <= place <= age[-1]:
                axes.axvline(place, color=INK, linewidth=1.0, alpha=0.7)
        axes.set_xlim(0, age[-1] + 0.02 * max(1, age[-1]))
        axes.set_ylim(0.0, max(1.1, float(np.nanmax(np.minimum(high, 1.5)))))
        axes.set_xlabel("age of the batch / records")
        axes.set_ylabel("kept since birth")
        number_ticks(axes, x=7, y=5)

    words = (
        f"Fidelity kept over age, from {kept[0]:.2f} at {age[0]} records to {kept[-1]:.2f} at "
        f"{age[-1]} records; the limit is {keep:g}."
    )
    return Picture("retained", words, paint)


def part_age(
    part: str, ticks: Sequence[Mapping[str, Any]], keep: float, born: Mapping[str, Any] | None
) -> Picture:
    """One part over age, with the band of real samples and the limit that its birth sets.

    Args:
        part: Which.
        ticks: The measurements that have it.
        keep: The share of its value at birth that is to be kept.
        born: The batch at birth, if it is known.
    """
    age = [tick["age_records"] for tick in ticks]
    value = [tick["parts"][part] for tick in ticks]
    low, high = np.array([tick["band"][part] for tick in ticks], dtype=np.float64).T
    birth = None if born is None else born["parts"].get(part)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.fill_between(age, low, high, color=BAND, linewidth=0)
        axes.plot(age, value, color=SYNTHETIC, linewidth=1.8, marker="o", markersize=3)
        if birth is not None:
            axes.axhline(keep * birth, color=INK, linewidth=1.0, linestyle=(0, (4, 2)))
            axes.plot([0], [birth], "o", color=REAL, markersize=6, clip_on=False)
        axes.set_xlim(0, age[-1] + 0.02 * max(1, age[-1]))
        axes.set_ylim(0.0, 1.05)
        axes.set_xlabel("age / records")
        number_ticks(axes, x=4, y=4)

    words = f"{part} fidelity over age, from {value[0]:.2f} to {value[-1]:.2f}"
    words += "." if birth is None else f"; at birth {birth:.2f}."
    return Picture(f"age-{part}", words, paint)
