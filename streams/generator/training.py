"""The training of a challenger: a pure function of its job, but for the model's file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from threadpoolctl import threadpool_limits

# At the top, unlike elsewhere: the child alone imports this, while the window is still being read.
from halflife.generators import Auto, Generator, Progress, WrongState, create
from halflife.monitors import Gate
from halflife.streams.planned_generator import planned_generator
from halflife.streams.watch.identity import derived_seed

from .challenger import Challenger
from .cross_fitting import crossed, new_to_champion
from .energy import GpuMeter
from .errors import RegenerationError
from .smallest import SMALLEST
from .training_job import TrainingJob
from .training_step import TrainingStep
from .versions import versions
from .window_notes import window_notes

_DIGEST_BYTES: Final = 16


def warm_up() -> None:
    """Imports what training and judging need anyway, so that the first job does not wait for it."""
    import sklearn.ensemble  # for its effect
    import sklearn.metrics  # for its effect
    import sklearn.tree  # noqa: F401  # for its effect


def train(job: TrainingJob, tell: Callable[[TrainingStep], None]) -> Challenger:
    """Fit on the rows that may train, sample, judge on the rows that may not.

    Every seed derives from ``request.seed``, so that the same job gives the same challenger. The
    fitted model is written to ``models/<model_id>.npz``, whole or not at all.

    Args:
        job: What to train on and how.
        tell: Is called with how far this is.

    Raises:
        RegenerationError: If the window leaves nothing to train or to judge on.
        ValueError: For what a generator or the gate refuses, with a text for people.
    """
    plan, seed = job.plan, job.request.seed
    held = job.rows.holdout(plan.holdout)
    known, unseen = job.rows.block[~held], job.rows.block[held]
    if not len(known) or not len(unseen):
        raise RegenerationError(
            f"of {len(job.rows):,} records {len(unseen):,} are held out by the hash of their "
            "record_id: that leaves nothing to train on or nothing to judge by"
        )
    notes = window_notes(job.rows.block)
    if job.in_place_of:
        notes.append(f"{SMALLEST!r} was trained in place of {job.in_place_of}")
    meter = GpuMeter()
    generator = asked_for(job)
    warm = champion_model(job, generator)
    tell(TrainingStep("training", generator.name))

    def tell_progress(progress: Progress) -> None:
        tell(
            TrainingStep(
                phase="training",
                what=generator.name,
                step=progress.step,
                steps=progress.steps,
                loss=progress.loss,
                rows_per_second=progress.rows_per_second,
                seconds_left=progress.seconds_left,
            )
        )

    generator.fit(
        known,
        seed=derived_seed(seed, "fit"),
        progress=tell_progress,
        warm=warm,
        checkpoints=job.checkpoints,
    )
    champion = job.request.champion
    # A champion of another shape gives no start, and the generator says so.
    began_warm = warm is not None and getattr(generator, "warm_started", False)
    model_id = _keep(generator, job.models)
    tell(TrainingStep("sampling", f"{plan.rows:,} rows"))
    batch = generator.sample(plan.rows, seed=derived_seed(seed, "sample"))
    tell(TrainingStep("judging", f"on {len(unseen):,} records that no training has seen"))
    gate = Gate(
        plan.table,
        seed=derived_seed(seed, "gate"),
        max_dcr_share=plan.max_dcr_share,
        min_utility=plan.min_utility,
    )
    with threadpool_limits(1):  # of small matrices: threads would wait for each other
        verdict = gate.judge(
            challenger=batch,
            champion=job.champion,
            train=known,
            holdout=unseen,
            crossed=crossed(generator, known, new_to_champion(job)[~held], plan.rows, seed),
            stale=job.request.cause in {"drift", "fidelity"},
        )
    maker = _maker(generator)
    return Challenger(
        batch=batch,
        generator=maker.name,
        model_id=model_id,
        warm_from=champion.model_id if champion is not None and began_warm else None,
        trained_on=len(known),
        promoted=verdict.promoted,
        reason="; ".join([verdict.reason, *notes]),
        more_records=verdict.more_records,
        verdict=verdict.to_dict(),
        options=maker.parameters,
        versions=versions(maker),
        declared=plan.declared,
        gpu_joules=meter.joules(),
    )


def asked_for(job: TrainingJob) -> Generator:
    """The generator of the lab file, or the smallest in its place."""
    if job.in_place_of:
        return create(SMALLEST, job.plan.table)
    return planned_generator(job.plan)


def champion_model(job: TrainingJob, generator: Generator) -> Generator | None:
    """The champion's fitted model, where it can give the challenger a start; else None."""
    champion = job.request.champion
    if champion is None or not generator.neural or champion.generator != generator.name:
        return None
    try:
        return type(generator).load(model_file(job.models, champion.model_id))
    except (FileNotFoundError, WrongState):
        # Trained on another machine, or written by another version: a cold start is no fault.
        return None


def _maker(generator: Generator) -> Generator:
    """What made a batch: of ``auto``, the generator that it chose."""
    winner = generator.winner if isinstance(generator, Auto) else None
    return generator if winner is None else winner


def model_file(models: Path, model_id: str) -> Path:
    """Where a fitted model is kept."""
    return models / f"{model_id}.npz"


def model_digest(path: Path) -> str:
    """The ``model_id`` of a file."""
    return hashlib.blake2b(path.read_bytes(), digest_size=_DIGEST_BYTES).hexdigest()


def _keep(generator: Generator, models: Path) -> str:
    """Write the model's file; its name is the digest of its bytes."""
    models.mkdir(parents=True, exist_ok=True)
    fresh = models / f"fresh-{os.getpid()}.npz"
    try:
        generator.save(fresh)
        digest = model_digest(fresh)
        fresh.replace(model_file(models, digest))
    finally:
        fresh.unlink(missing_ok=True)
    return digest
