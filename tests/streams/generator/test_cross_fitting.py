"""Rows that train judge as well, each beside a batch whose model has not seen them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from halflife.generators import create
from halflife.schemas.batch import SyntheticBatch
from halflife.schemas.regeneration import RegenerationRequest
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.window import Window
from halflife.streams.generator.cross_fitting import crossed, new_to_champion
from halflife.streams.generator.training import train
from halflife.streams.generator.training_job import TrainingJob
from halflife.streams.watch.rows import Rows

Ask = Callable[..., RegenerationRequest]


def all_new(rows: int) -> NDArray[np.bool_]:
    return np.ones(rows, dtype=np.bool_)


def test_every_training_row_judges_once_beside_a_batch_that_never_saw_it(
    plan: StreamPlan, rows: Rows
) -> None:
    known = rows.block[:100]
    trees = create("trees", plan.table)
    trees.fit(known, seed=0)
    new = all_new(100)
    trials = crossed(trees, known, new, 80, 0)
    assert len(trials) == 5
    judged = np.sort(np.concatenate([real.number("y") for real, _ in trials]))
    assert np.array_equal(judged, np.sort(known.number("y")))
    for real, made in trials:
        assert len(made) == 80
        # Values that do not repeat are smoothed, so none of a part's own may come back.
        assert not set(real.number("y")) & set(made.number("y"))
    again = crossed(trees, known, new, 80, 0)
    assert [made.digest() for _, made in again] == [made.digest() for _, made in trials]


def test_rows_that_trained_the_champion_do_not_judge(plan: StreamPlan, rows: Rows) -> None:
    known = rows.block[:100]
    trees = create("trees", plan.table)
    trees.fit(known, seed=0)
    new = np.arange(100) >= 30
    judged = [v for real, _ in crossed(trees, known, new, 80, 0) for v in real.number("y")]
    assert np.array_equal(np.sort(judged), np.sort(known.number("y")[30:]))


def test_networks_and_few_rows_are_not_crossed(plan: StreamPlan, rows: Rows) -> None:
    assert crossed(create("diffusion", plan.table), rows.block, all_new(120), 10, 0) == []
    assert crossed(create("trees", plan.table), rows.block[:59], all_new(59), 10, 0) == []


def test_only_records_after_the_champions_window_judge_beside_those_held_out(
    plan: StreamPlan, ask: Ask, rows: Rows, manifest: Callable[..., SyntheticBatch], tmp_path: Path
) -> None:
    places = rows.addresses[:50].tolist()
    window = Window.of(3, places, repeats=[], digest=rows.block[:50].digest())
    champion = manifest(window=window)
    request = ask().model_copy(update={"champion": champion})
    job = TrainingJob(plan, request, rows, None, tmp_path)
    assert not new_to_champion(job).any()  # its rows are gone: it defends nothing
    batch = train(job, lambda _: None).batch
    mask = new_to_champion(replace(job, champion=batch))
    assert np.array_equal(mask, np.arange(120) >= 50)
    judged = train(replace(job, champion=batch), lambda _: None)
    held = rows.holdout(plan.holdout)
    new = (mask & ~held).sum()
    expected = held.sum() + (new if new >= 60 else 0)
    assert judged.verdict["evidence"]["rows"] == expected
    assert not judged.promoted
