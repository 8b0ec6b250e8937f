"""Latents of columns whose values are given for each row."""

from __future__ import annotations

import numpy as np

from halflife.schemas.table import Block, FloatArray

from .laws import LawCoding
from .rise import Rise
from .seen_compositions import SeenCompositions


def given_latents(coding: LawCoding, given: Block) -> dict[str, FloatArray] | None:
    """The latent numbers that some columns of a table stand for, each of shape (n,).

    Args:
        coding: Of the whole table.
        given: Rows of some of its columns.

    Returns:
        By the name of the latent; None where the columns do not tell whole latents: a part of a
        sum alone, a sum with a missing part, the target of a formula.
    """
    values = given.values()
    latents = {name: cells for name, cells in values.items() if _is_free(coding, name)}
    told = set(latents)
    for one in coding.sums:
        parts = {name: values[name] for name in one.columns if name in values}
        if not parts:
            continue
        gaps = [name for name in one.columns if name in coding.gaps]
        whole = len(parts) == len(one.columns) and not gaps
        if not whole or any(np.isnan(cells).any() for cells in parts.values()):
            return None
        near = _nearest(one, parts) if isinstance(one, SeenCompositions) else parts
        latents.update(one.encode(near))
        told |= set(parts)
    for following in coding.formulas:
        if isinstance(following, Rise) and {following.target, *following.inputs} <= set(values):
            latents.update(following.encode(values))
            told.add(following.target)
    return latents if told == set(values) else None


def _is_free(coding: LawCoding, name: str) -> bool:
    return all(name not in one.columns for one in (*coding.sums, *coding.formulas))


def _nearest(one: SeenCompositions, parts: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """The seen composition that is nearest to each that is given."""
    rows = np.column_stack([parts[name] for name in one.columns])
    apart = np.abs(rows[:, None, :] - one.seen[None, :, :]).sum(axis=2)
    near = one.seen[apart.argmin(axis=1)]
    return {name: near[:, j] for j, name in enumerate(one.columns)}
