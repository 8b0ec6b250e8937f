"""All measures of a synthetic batch at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from halflife.schemas.table import Block

from .comparison import Comparison
from .measure_result import MeasureResult
from .registry import MEASURES


def measure_all(
    real: Block,
    synthetic: Block,
    train: Block | None = None,
    *,
    seed: int,
    names: Iterable[str] | None = None,
    tell: Callable[[int, int, str], None] = lambda _done, _steps, _text: None,
) -> list[MeasureResult]:
    """Every measure of a batch, in the order of a report.

    Those without a meaning for these rows are there too, with the reason. The same rows, in any
    order, and the same seed give the same results.

    Args:
        real: Rows that have not trained the generator.
        synthetic: The batch.
        train: The rows that trained it, if they are known.
        seed: Of everything drawn.
        names: Of measures, for some of them.
        tell: Told before each measure: how many are done, how many there are, and its title.

    Raises:
        TooFewRows: For no real, no synthetic, or a training set of no rows.
        KeyError: For a measure that there is not.

    Example:
        >>> from halflife.schemas.table import Column, Table
        >>> table = Table((Column(name="x"),))
        >>> rows = Block.from_rows(table, [{"x": float(i)} for i in range(40)])
        >>> found = measure_all(rows, rows, seed=0, names=["range_coverage", "copies"])
        >>> [(result.value, result.reason) for result in found]
        [(1.0, None), (None, 'it needs the training rows: --train')]
    """
    comparison = Comparison.of(real, synthetic, train, seed=seed)
    chosen = [MEASURES[name] for name in (MEASURES if names is None else names)]
    results = []
    for i, kind in enumerate(chosen):
        tell(i, len(chosen), kind.title)
        results.append(kind().measure(comparison))
    return results
