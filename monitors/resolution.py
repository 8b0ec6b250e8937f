"""How small a change a reference lets be seen."""

from __future__ import annotations

import math
from typing import Final

_PART: Final = 1.0 / 16  # of the weight of a column's CUSUMs, that of the one nearest to a shift


def smallest_shift(reference: int, false_alarms: float, columns: int = 1) -> float:
    r"""The shift, in standard deviations, that is surely found; smaller ones may never be.

    The mean of n records of the reference is known to :math:`1 / \sqrt n`. Of t records after a
    shift :math:`\delta` this leaves :math:`\delta^2 t / 2 - \delta^2 t^2 / 2 n` nats of evidence,
    at most :math:`\delta^2 n / 8`; an alarm needs
    :math:`h = \log(false\_alarms \times columns / part)` less what alarms of small shifts are rarer
    by, :math:`\log(2 / \delta^2)`. So :math:`\delta = \sqrt{8 h / n}`.

    Args:
        reference: n, records.
        false_alarms: Records between false alarms.
        columns: That are watched together.

    Raises:
        ValueError: For less than one record or column, or a false alarm in each record.

    Reference: Lorden, Annals of Mathematical Statistics 42 (1971) 1897, for a known reference.

    Example:
        >>> [round(smallest_shift(n, 10_000, 8), 2) for n in (200, 500, 2000)]
        [0.71, 0.43, 0.2]
    """
    if reference < 1:
        raise ValueError(f"reference must be at least 1 record, not {reference!r}")
    shift = 1.0
    for _ in range(50):  # a contraction: the logarithm moves little
        shift = math.sqrt(8.0 * _needed(shift, false_alarms, columns) / reference)
    return shift


def reference_for(shift: float, false_alarms: float, columns: int = 1) -> int:
    """Records that a reference needs for a shift, in standard deviations, to be surely found.

    Args:
        shift: In standard deviations, above 0.
        false_alarms: Records between false alarms.
        columns: That are watched together.

    Raises:
        ValueError: As `smallest_shift`, and for a shift of 0 or less.

    Example:
        >>> reference_for(0.5, 10_000, 8)
        384
    """
    if shift <= 0.0:
        raise ValueError(f"shift must be above 0, not {shift!r}")
    return math.ceil(8.0 * _needed(shift, false_alarms, columns) / shift**2)


def _needed(shift: float, false_alarms: float, columns: int) -> float:
    """Evidence for a shift at which an alarm is given, in nats."""
    if columns < 1 or false_alarms <= 1:
        raise ValueError(
            f"columns = {columns!r} must be at least 1, and false_alarms = {false_alarms!r} more "
            "than 1"
        )
    level = math.log(false_alarms * columns / _PART)
    return max(level - max(math.log(2.0 / shift**2), 0.0), 1.0)
