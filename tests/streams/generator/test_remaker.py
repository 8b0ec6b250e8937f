"""Batches made again from their manifests: cold, after other models, and with what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from halflife.generators import Diffusion, Generator
from halflife.schemas.batch import SyntheticBatch
from halflife.schemas.regeneration import RegenerationRequest
from halflife.schemas.stream_plan import StreamPlan
from halflife.streams.generator.errors import RegenerationError
from halflife.streams.generator.remaker import Remaker
from halflife.streams.generator.training import model_digest, model_file, train
from halflife.streams.generator.training_job import TrainingJob
from halflife.streams.generator.versions import versions
from halflife.streams.watch.identity import derived_seed
from halflife.streams.watch.rows import Rows

Manifest = Callable[..., SyntheticBatch]
Ask = Callable[..., RegenerationRequest]


@pytest.fixture
def made(job: TrainingJob, manifest: Manifest) -> SyntheticBatch:
    """The manifest of a batch that a training has made."""
    challenger = train(job, lambda step: None)
    return manifest(
        generator=challenger.generator,
        options=challenger.options,
        model_id=challenger.model_id,
        warm_from=challenger.warm_from,
        rows=len(challenger.batch),
        digest=challenger.batch.digest(),
        declared=challenger.declared,
        versions=challenger.versions,
    )


def remaker(rows: Rows, *manifests: SyntheticBatch, models: Path | None = None) -> Remaker:
    return Remaker(manifests, read=lambda plan, window: rows, models=models)


@pytest.fixture
def job(plan: StreamPlan, ask: Ask, rows: Rows, tmp_path: Path) -> TrainingJob:
    return TrainingJob(plan, ask(), rows, None, tmp_path / "models")


@pytest.mark.parametrize("generator", ["trees", "auto"])
def test_a_batch_comes_out_bit_for_bit_from_its_message_alone(
    generator: str, job: TrainingJob, rows: Rows, manifest: Manifest
) -> None:
    job = replace(job, plan=job.plan.model_copy(update={"generator": generator}))
    challenger = train(job, lambda step: None)
    fields: dict[str, Any] = {
        name: getattr(challenger, name)
        for name in ("generator", "options", "model_id", "declared", "versions")
    }
    batch = manifest(rows=100, digest=challenger.batch.digest(), **fields)
    read_back = SyntheticBatch.from_bytes(batch.to_bytes())
    remade = remaker(rows, read_back).remake(read_back)
    assert remade.same
    assert remade.model_id == batch.model_id or generator == "auto"  # auto's file holds its reason
    assert remade.others == []
    assert "the same bit for bit" in remade.text


def test_what_differs_is_told(made: SyntheticBatch, rows: Rows) -> None:
    old = {**made.versions, "numpy": "1.0"}
    other = made.model_copy(update={"digest": "0" * 32, "versions": old})
    remade = remaker(rows, other).remake(other)
    assert not remade.same
    assert f"not {'0' * 32}); the model is the same" in remade.text
    assert f"numpy {np.__version__} (then 1.0)" in remade.text
    options = made.model_copy(update={"options": {"min_leaf": 30}})
    said = remaker(rows, options).remake(options).text
    assert "the model differs too, though all versions are those of then" in said


def test_a_batch_is_found_by_the_first_letters_of_its_id(made: SyntheticBatch, rows: Rows) -> None:
    other = made.model_copy(update={"batch_id": "13" * 16})
    known = remaker(rows, made, other)
    assert known.find("12") is made
    with pytest.raises(RegenerationError, match="several batches begin with '1': 1212"):
        known.find("1")
    with pytest.raises(RegenerationError, match="no batch begins with 'ff': there are 1212"):
        known.find("ff")
    with pytest.raises(RegenerationError, match="there is none at all"):
        remaker(rows).find("ff")


def test_an_old_manifest_and_one_with_a_foreign_lab_file_are_refused(
    made: SyntheticBatch, rows: Rows
) -> None:
    for declared, said in ((None, "older Halflife"), ({"name": "opv"}, "cannot be read")):
        broken = made.model_copy(update={"declared": declared})
        with pytest.raises(RegenerationError, match=said):
            remaker(rows, broken).remake(broken)


@pytest.mark.neural
def test_a_chain_of_warm_starts_is_gone_back_or_met_at_a_file(
    plan: StreamPlan, rows: Rows, manifest: Manifest, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    chain, models = _chain(plan, rows, manifest, tmp_path)
    first, second, third = chain
    remade = remaker(rows, *chain).remake(third)
    assert remade.same
    assert remade.after == (first.batch_id, second.batch_id)
    met = remaker(rows, third, models=models).remake(third)  # the file of the second is there
    assert met.same
    assert met.after == ()
    model_file(models, second.model_id).write_bytes(b"cut short")
    assert remaker(rows, *chain, models=models).remake(third).after == (second.batch_id,)
    with pytest.raises(RegenerationError, match="neither its file nor the manifest"):
        remaker(rows, first, third).remake(third)
    wrong = first.model_copy(update={"digest": "0" * 32})
    with pytest.raises(RegenerationError, match="began with the weights of an earlier one"):
        remaker(rows, wrong, second).remake(second)


def _chain(
    plan: StreamPlan, rows: Rows, manifest: Manifest, folder: Path
) -> tuple[list[SyntheticBatch], Path]:
    """Three batches, each trained on from the model before, and the files of these."""
    models = folder / "models"
    models.mkdir()
    known = rows.block[~rows.holdout(plan.holdout)]
    before: Generator | None = None
    chain: list[SyntheticBatch] = []
    for seed in range(3):
        model = Diffusion(plan.table, steps=4, hidden=8, layers=1, device="cpu")
        model.fit(known, seed=derived_seed(seed, "fit"), warm=before)
        model.save(models / "fresh.npz")
        model_id = model_digest(models / "fresh.npz")
        (models / "fresh.npz").rename(model_file(models, model_id))
        chain.append(
            manifest(
                batch_id=f"{seed:032x}", generator="diffusion", options=model.parameters, rows=40,
                seed=seed, model_id=model_id, declared=plan.declared, versions=versions(model),
                warm_from=chain[-1].model_id if chain else None,
                digest=model.sample(40, seed=derived_seed(seed, "sample")).digest(),
            )
        )  # fmt: skip
        before = model
    return chain, models
