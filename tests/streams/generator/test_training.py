from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from halflife.generators import Diffusion, Generator, create
from halflife.schemas.batch import SyntheticBatch
from halflife.schemas.regeneration import RegenerationRequest
from halflife.schemas.stream_plan import StreamPlan
from halflife.streams.generator.errors import RegenerationError
from halflife.streams.generator.training import champion_model, model_file, train
from halflife.streams.generator.training_job import TrainingJob
from halflife.streams.generator.training_step import TrainingStep
from halflife.streams.watch.identity import derived_seed
from halflife.streams.watch.rows import Rows

Ask = Callable[..., RegenerationRequest]


@pytest.fixture
def job(plan: StreamPlan, ask: Ask, rows: Rows, tmp_path: Path) -> TrainingJob:
    return TrainingJob(plan, ask(), rows, None, tmp_path / "models")


def ignore(step: TrainingStep) -> None:
    """Nobody listens."""


def test_the_same_job_gives_the_same_challenger(job: TrainingJob, tmp_path: Path) -> None:
    first, second = train(job, ignore), train(replace(job, models=tmp_path / "other"), ignore)
    assert first.batch.digest() == second.batch.digest()
    assert first.model_id == second.model_id
    assert first.verdict == second.verdict
    assert len(first.batch) == job.plan.rows


def test_another_seed_gives_another_batch(job: TrainingJob, ask: Ask) -> None:
    other = replace(job, request=ask(seed=8))
    assert train(job, ignore).batch.digest() != train(other, ignore).batch.digest()


def test_what_is_held_out_by_its_identity_trains_nothing(job: TrainingJob) -> None:
    held = job.rows.holdout(job.plan.holdout)
    challenger = train(job, ignore)
    assert challenger.trained_on == int((~held).sum())
    # Measured values are resampled from training rows: none may come from a held-out one.
    unseen = set(job.rows.block.number("y")[held].tolist())
    assert not unseen & set(challenger.batch.number("y").tolist())


def test_the_model_is_kept_under_the_digest_of_its_file(job: TrainingJob) -> None:
    challenger = train(job, ignore)
    path = model_file(job.models, challenger.model_id)
    assert list(job.models.iterdir()) == [path]
    digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    assert digest == challenger.model_id
    again = Generator.load(path).sample(job.plan.rows, seed=derived_seed(7, "sample"))
    assert again.digest() == challenger.batch.digest()


def test_laws_are_kept_and_phases_told_in_order(job: TrainingJob) -> None:
    told: list[TrainingStep] = []
    challenger = train(job, told.append)
    assert [challenger.batch.violations(law) for law in job.plan.table.laws] == [0]
    phases = list(dict.fromkeys(step.phase for step in told))
    assert phases == ["training", "sampling", "judging"]


def test_a_window_without_held_out_rows_is_told(job: TrainingJob) -> None:
    held = job.rows.holdout(job.plan.holdout)
    with pytest.raises(RegenerationError, match="of 78 records 0 are held out"):
        train(replace(job, rows=job.rows[~held]), ignore)


def test_too_few_rows_are_told_in_words(job: TrainingJob) -> None:
    few = np.arange(len(job.rows)) < 20
    with pytest.raises(ValueError, match="at least"):
        train(replace(job, rows=job.rows[few]), ignore)


@pytest.mark.neural
def test_a_neural_challenger_begins_with_the_weights_of_the_champion(
    job: TrainingJob, ask: Ask, manifest: Callable[..., SyntheticBatch]
) -> None:
    pytest.importorskip("torch")
    table, rows = job.plan.table, job.rows.block
    champion = Diffusion(table, steps=2)
    champion.fit(rows, seed=1)
    job.models.mkdir()
    champion.save(model_file(job.models, "56" * 16))
    warm = replace(job, request=ask(champion=manifest(generator="diffusion")))
    challenger = Diffusion(table, steps=2)
    challenger.fit(rows, seed=2, warm=champion_model(warm, challenger))
    assert challenger.warm_started


@pytest.mark.parametrize(
    ("made_by", "wanted"), [("diffusion", "diffusion"), ("trees", "diffusion"), ("trees", "trees")]
)
def test_a_champion_without_a_fitting_model_gives_no_start(
    job: TrainingJob, ask: Ask, manifest: Callable[..., SyntheticBatch], made_by: str, wanted: str
) -> None:
    cold = replace(job, request=ask(champion=manifest(generator=made_by)))
    assert champion_model(cold, create(wanted, job.plan.table)) is None
    assert champion_model(job, create(wanted, job.plan.table)) is None
