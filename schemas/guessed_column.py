"""What a column of a table probably is, and why one would think so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from .column import Kind, Role
from .guessed_units import guess_unit
from .law import FloatArray

if TYPE_CHECKING:
    import pandas as pd

_IDENTITY: Final = re.compile(
    r"(^|[_\s])(id|uuid|index|idx|run|sample|replicate|batch|lot|plate|vial|operator|instrument"
    r"|condition|case|row|date|timestamp|experiment|campaign|lab|user)s?$|[_\s]no$"
)
_MEASURED: Final = re.compile(
    r"yield|conversion|selectivity|area|absorb|degrad|intensity|loss|score|response|strength"
    r"|conductiv|overpotential|efficiency|diameter|peak|signal|output|result|outcome|(^|_)rate"
    r"|fluoresc|purity|turnover|activity|elongation|drift|measured|reading|gap|measurement"
    r"|viability|survival|tit(er|re)$|growth|(^|[_\s])[ie]c_?50|(^|[_\s])od_?\d*$|recovery|quality"
    r"|viscosity|hardness|modulus|toughness|accuracy|(^|[_\s])(target|label|class|grade)$"
)
_SET: Final = re.compile(r"set_?point|(^|[_\s])(set|sp)($|[_\s])")
_OFTEN_SET: Final = re.compile(
    r"flow|temp|conc|loading|ratio|fraction|dose|speed|volume|pressure|power|(^|_)ph$"
    r"|(^|[_\s])time|duration|wait|molarity"
)
_CHOSEN_RATE: Final = re.compile(
    r"(flow|feed|scan|stir(ring)?|heat(ing)?|cool(ing)?|ramp|sampl(e|ing)|pump(ing)?|dos(e|ing)"
    r"|addition|spin|gas)[_\s]?rate"
)
_CHOSEN_TEXT: Final = re.compile(r"ligand|additive|(^|_)base|catalyst|reagent|substrate|halide")
_COUNT: Final = re.compile(r"count|cycles?($|_)|^n_|number_of|^num_")
_NEVER_NEGATIVE: Final = re.compile(
    r"yield|area|degrad|strength|diameter|count|mass|volume|flow|conc|molarity|duration"
)
_SHARE: Final = re.compile(r"fraction|(^|_)frac|share|selectivity|conversion")
_TOLD: Final = 20  # rows, of which the texts of a few differ by chance
_NAMES: Final = 0.9  # of the rows, with so many distinct texts they name them
_MOMENTS: Final = 50  # cells that are tried as dates
_EVEN: Final = 1.36  # 5 % point of the Kolmogorov distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessedColumn:
    """A guess about one column, with the reason for each part of it.

    Args:
        name: Of the column.
        role: What it probably does; None where neither name nor values tell.
        kind: What its cells hold.
        unit: That its name carries.
        minimum: Where evident.
        maximum: Where evident.
        reason: Why, in a few words.
        is_name: Whether it names the record, so that nothing can be learnt of it.
    """

    name: str
    role: Role | None
    kind: Kind = Kind.NUMBER
    unit: str = "1"
    minimum: float | None = None
    maximum: float | None = None
    reason: str
    is_name: bool = False


def guess_column(name: str, cells: pd.Series) -> GuessedColumn:
    """What a column probably is, by its name and its cells alone.

    Args:
        name: Of the column.
        cells: Its values, in the order of the records.

    Example:
        >>> import pandas as pd
        >>> guess = guess_column("temperature_K", pd.Series([300., 310., 320.] * 10))
        >>> guess.role, guess.unit, guess.reason
        (<Role.SET_POINT: 'set-point'>, 'K', '3 distinct values in 30 rows')
    """
    numbers = numbers_of(cells)
    if numbers is None:
        return _text(name, cells)
    known = numbers[np.isfinite(numbers)]
    role, reason = next(_roles(name.lower(), known), (None, ""))
    counts = len(known) > 0 and bool((known == np.round(known)).all())
    counts = counts and _COUNT.search(name.lower()) is not None
    minimum, maximum = _range(name, known)
    return GuessedColumn(
        name=name,
        role=role,
        kind=Kind.INTEGER if counts else Kind.NUMBER,
        unit="1" if role is Role.CONTEXT else guess_unit(name),
        minimum=None if role is Role.CONTEXT else minimum,
        maximum=None if role is Role.CONTEXT else maximum,
        reason=reason,
    )


def numbers_of(cells: pd.Series) -> FloatArray | None:
    """The cells as numbers, NaN where missing; None for a column of texts, dates or truths."""
    import pandas as pd

    if pd.api.types.is_bool_dtype(cells) or not pd.api.types.is_numeric_dtype(cells):
        return None
    if pd.api.types.is_complex_dtype(cells):
        return None
    return np.asarray(cells.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def _text(name: str, cells: pd.Series) -> GuessedColumn:
    distinct, rows = int(cells.nunique()), len(cells)
    if distinct == 0:
        said = "WARNING: no value at all in this table, so this is a blind guess"
        return GuessedColumn(name=name, role=Role.MEASURED, reason=said)
    if _CHOSEN_TEXT.search(name.lower()) and distinct < rows:
        said = f"text with {distinct} distinct values, named like something that is chosen"
        return GuessedColumn(name=name, role=Role.SET_POINT, kind=Kind.CATEGORY, reason=said)
    said, is_name = "text", rows >= _TOLD and distinct >= _NAMES * rows
    if is_name:
        every = "every" if distinct == rows else "nearly every"
        said = f"another text in {every} row: an identity (halflife replay --id-column {name})"
    if _are_moments(cells):
        said, is_name = f"moments in time (halflife backtest --time-column {name})", rows >= _TOLD
    return GuessedColumn(
        name=name, role=Role.CONTEXT, kind=Kind.CATEGORY, reason=said, is_name=is_name
    )


def _are_moments(cells: pd.Series) -> bool:
    """Whether texts are dates, of which some are no number alone."""
    import pandas as pd

    known = cells.dropna().astype(str).head(_MOMENTS)
    if not known.str.contains(r"\d[-/.:]\d").all():
        return False
    return bool(pd.to_datetime(known, errors="coerce", format="mixed", utc=True).notna().all())


def _roles(name: str, known: FloatArray) -> Iterator[tuple[Role, str]]:
    """Roles that a column of numbers may have, the likeliest first."""
    rows = len(known)
    distinct, times = np.unique(known, return_counts=True)
    if rows == 0:
        said = "WARNING: no number at all in this table, so this is a blind guess"
        yield Role.MEASURED, said
        return
    if _SET.search(name):
        yield Role.SET_POINT, "named like something that is set"
    rate = _CHOSEN_RATE.search(name) is not None
    if _MEASURED.search(name) and not rate:
        yield Role.MEASURED, "named like something that is measured"
    if len(distinct) == 1 and rows > 1:
        said = f"WARNING: holds {known[0]:g} in every row, so nothing can be told"
        yield Role.CONTEXT, said
    if _IDENTITY.search(name) and (known == np.round(known)).all():
        yield Role.CONTEXT, "named like an identity"
    if rows >= 3 and (np.diff(known) > 0).all():
        yield Role.CONTEXT, "grows from row to row, like a counter or a clock"
    if _numbers_the_rows(known):
        yield Role.CONTEXT, "numbers the rows, in another order"
    if rows >= 20 and len(distinct) <= max(12, rows // 50):
        yield Role.SET_POINT, f"{len(distinct)} distinct values in {rows} rows"
    repeated = float(times[times > 1].sum()) / rows
    if (rate or _OFTEN_SET.search(name)) and repeated > 0.2:
        yield Role.SET_POINT, "named like something that is set, and repeats its values"
    if rows >= 20 and repeated > 0.5 and _filled(distinct) < 0.2:
        yield Role.SET_POINT, f"{repeated:.0%} of the rows repeat a value"
    if rows >= 50 and _is_even(distinct, times):
        yield Role.SET_POINT, "spread evenly over its range, as a planner does"


def _numbers_the_rows(known: FloatArray) -> bool:
    """Whether each whole number from the first to the last stands in one row, in whatever order."""
    rows = len(known)
    if rows < _TOLD or known.max() - known.min() != rows - 1:
        return False
    return bool((np.sort(known) == known.min() + np.arange(rows)).all() and known[0] % 1 == 0)


def _filled(distinct: FloatArray) -> float:
    """Which share of the values that its digits allow, over its range, a column really takes.

    The readings of a coarse instrument repeat too, but they fill their range.
    """
    span = float(distinct[-1] - distinct[0])
    for digits in range(13):
        if np.allclose(np.round(distinct, digits), distinct, rtol=1e-12, atol=0):
            return len(distinct) / (span * 10.0**digits + 1)
    return 0.0


def _is_even(distinct: FloatArray, times: NDArray[np.intp]) -> bool:
    """Whether a Kolmogorov-Smirnov test at 5 % lets the cells be uniform on their range."""
    rows = int(times.sum())
    uniform = (distinct - distinct[0]) / (distinct[-1] - distinct[0])
    above = np.cumsum(times) / rows
    miss = np.maximum(np.abs(above - uniform), np.abs(above - times / rows - uniform)).max()
    return bool(miss < _EVEN / np.sqrt(rows))


def _range(name: str, known: FloatArray) -> tuple[float | None, float | None]:
    """Physical limits, only where name and values both speak for them: beyond is a dead letter."""
    if len(known) == 0 or known.min() < 0:
        return None, None
    if _SHARE.search(name.lower()) and known.max() <= 1:
        return 0.0, 1.0
    never = _NEVER_NEGATIVE.search(name.lower()) or guess_unit(name) == "K"
    return (0.0, None) if never else (None, None)
