"""Rows that train judge as well, each beside a batch whose model has not seen them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from halflife.generators import Auto, Generator, create
from halflife.schemas.table import Block
from halflife.schemas.window import address
from halflife.streams.watch.identity import derived_seed

from .training_job import TrainingJob

_FOLDS: Final = 5
_FEWEST_CROSSED: Final = 60
_MOST_CROSSED: Final = 1_000


def new_to_champion(job: TrainingJob) -> NDArray[np.bool_]:
    """Which rows of the window came after that of the champion, shape (n,); none without one."""
    champion = job.request.champion
    if champion is None or job.champion is None:
        return np.zeros(len(job.rows), dtype=np.bool_)
    last = address(champion.window.last, champion.window.last_row)
    return np.asarray(job.rows.addresses > last, dtype=np.bool_)


def crossed(
    generator: Generator, known: Block, new: NDArray[np.bool_], rows: int, seed: int
) -> list[tuple[Block, Block]]:
    """Each fifth of the new rows that trained, beside a batch of a model without that fifth.

    So they judge as well. Networks take too long to train for that, and few rows are not worth it:
    then there are none.

    Args:
        generator: What was fitted; of ``auto``, what it chose is fitted again.
        known: The n rows that trained it.
        new: Which of them the champion has not seen, shape (n,).
        rows: Of each batch, at most.
        seed: Of the request.
    """
    maker = (generator.winner or generator) if isinstance(generator, Auto) else generator
    if maker.neural or new.sum() < _FEWEST_CROSSED:
        return []
    fold = np.full(len(known), _FOLDS)
    order = np.random.default_rng(derived_seed(seed, "folds")).permutation(int(new.sum()))
    fold[new] = order % _FOLDS
    trials = []
    for k in range(_FOLDS):
        model = create(maker.name, maker.table, **maker.parameters)
        model.fit(known[fold != k], seed=derived_seed(seed, "fold", k))
        made = model.sample(min(rows, _MOST_CROSSED), seed=derived_seed(seed, "fold sample", k))
        trials.append((known[fold == k], made))
    return trials
