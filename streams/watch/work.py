"""The heavy parts, as pure functions for a pool of spawned processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from halflife.schemas.table import Block, Table


@dataclass(frozen=True, slots=True)
class Work:
    """A pure function and its arguments: the stream waits at its record for the result."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def run(self) -> Any:
        """The result, here and now."""
        return self.function(*self.arguments)


def fit_reference(table: Table, false_alarms: float, seed: int, reference: Block) -> dict[str, Any]:
    """State of a drift monitor fitted on a reference, or why that cannot be.

    Returns:
        ``{"state": ...}``, or ``{"too_short": sentence, "need": records}``.
    """
    from halflife.monitors import Drift, ReferenceTooShort

    drift = Drift(table, false_alarms=false_alarms, seed=seed)
    try:
        drift.fit(reference)
    except ReferenceTooShort as error:
        return {"too_short": str(error), "need": error.need}
    return {"state": drift.state()}


def measure_fidelity(table: Table, seed: int, real: Block, synthetic: Block) -> dict[str, Any]:
    """Fidelity of a batch to some real rows, as plain data, or why it cannot be measured.

    Returns:
        The measure, or ``{"too_few": sentence}``.
    """
    from halflife.monitors import Fidelity, TooFewRows

    try:
        return Fidelity(table, seed=seed).measure(real, synthetic).to_dict()
    except TooFewRows as error:
        return {"too_few": str(error)}


def learn_provenance(
    table: Table,
    before: str | None,
    names: tuple[str, ...],
    seen: Block,
    unseen: Block,
    *rows: Block,
) -> dict[str, Any]:
    """State of a monitor that knows the rows of some batches, or why there can be none.

    Args:
        table: Of the stream.
        before: What was known of the batches before, as JSON: see `Contamination.fit`.
        names: Of the batches.
        seen: Real rows that a batch may have been made from.
        unseen: Real rows that none was.
        rows: Of the batches, as many blocks as names.

    Returns:
        ``{"state": ...}``, or ``{"too_few": sentence}``.
    """
    import json

    import numpy as np

    from halflife.monitors import Contamination, TooFewRows

    monitor = Contamination(table)
    new = np.repeat([False, True], [len(seen), len(unseen)])
    try:
        monitor.fit(
            Block.concatenate([seen, unseen]),
            dict(zip(names, rows, strict=True)),
            unseen=new,
            before=None if before is None else {"margins": json.loads(before)},
        )
    except TooFewRows as error:
        return {"too_few": str(error)}
    return {"state": monitor.state()}


def measure_utility(
    table: Table, seed: int, state: dict[str, Any] | None, batch: Block, real: tuple[Block, Block]
) -> dict[str, Any]:
    """What models trained on a batch lose at new real rows.

    Args:
        table: Of the stream.
        seed: Of the models.
        state: What the last call returned; None for a batch that is new in circulation.
        batch: Its rows.
        real: The rows known before, and the new ones, which no training has seen.

    Returns:
        ``{"state": ..., "gap": None or a number, "interval": None or its two ends}``.
    """
    from halflife.monitors import PrequentialUtility

    known, new = real
    utility = PrequentialUtility(table, seed=seed)
    if state is None:
        utility.begin(batch, known)
    else:
        utility.restore(state)
    utility.update(batch, known, new)
    found = utility.gap()
    return {
        "state": utility.state(),
        "gap": found and found.gap,
        "interval": found and list(found.interval),
    }


def warm_up() -> bool:
    """Import what the heavy parts need, so that the first real piece of work does not wait."""
    import importlib

    from halflife import monitors

    for name in ("sklearn.ensemble", "river.linear_model"):
        importlib.import_module(name)

    return all(hasattr(monitors, name) for name in ("Drift", "Fidelity"))
