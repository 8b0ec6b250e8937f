"""A batch made again from its manifest."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from halflife.generators import Generator, Progress, WrongState, create
from halflife.schemas.batch import SyntheticBatch
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.window import Window
from halflife.streams.watch.identity import derived_seed
from halflife.streams.watch.rows import Rows

from .errors import RegenerationError
from .remade import Remade
from .training import model_digest, model_file
from .versions import versions

ReadWindow = Callable[[StreamPlan, Window], Rows]


class Remaker:
    """Trains and samples again what a manifest tells of.

    Where training began with the weights of another model, that model comes first: from its file,
    if the digest of the file is right, else it is trained again too, and so on back to a model
    that began from nothing.

    Args:
        manifests: Of all batches that are known.
        read: Reads a window back from the log.
        models: Folder of the files of fitted generators; None to train all of them again.
        tell: Is called with how far a training is.

    Example:
        >>> def remade(manifest: SyntheticBatch, rows: Rows) -> bool:
        ...     remaker = Remaker([manifest], read=lambda plan, window: rows, models=None)
        ...     return remaker.remake(remaker.find(manifest.batch_id[:12])).same
    """

    def __init__(
        self,
        manifests: Iterable[SyntheticBatch],
        *,
        read: ReadWindow,
        models: Path | None,
        tell: Callable[[Progress], None] | None = None,
    ) -> None:
        self._manifests = {one.batch_id: one for one in manifests}
        self._read = read
        self._models = models
        self._tell = tell

    def find(self, batch: str) -> SyntheticBatch:
        """The manifest of a batch by its id, or by what its id begins with.

        Raises:
            RegenerationError: For none, or several.
        """
        found = [one for key, one in self._manifests.items() if key.startswith(batch)]
        if len(found) == 1:
            return found[0]
        named = ", ".join(sorted(one.batch_id[:12] for one in found or self._manifests.values()))
        if found:
            raise RegenerationError(f"several batches begin with {batch!r}: {named}")
        there = f"there are {named}" if named else "there is none at all"
        raise RegenerationError(f"no batch begins with {batch!r}: {there}")

    def remake(self, manifest: SyntheticBatch) -> Remade:
        """Trains and samples as the manifest tells.

        Raises:
            RegenerationError: For records that the log does not hold any more, a model to begin
                with that nobody can make, and a manifest that lacks something.
            ValueError: For what the generator refuses.
        """
        return self._remade(manifest, ())

    def _remade(self, manifest: SyntheticBatch, waiting: tuple[str, ...]) -> Remade:
        """The batch, while those of the ids that wait need its model."""
        plan = _plan(manifest)
        first = self._made_first(manifest, waiting)
        rows = self._read(plan, manifest.window)
        known = rows.block[~rows.holdout(plan.holdout)]
        generator = create(manifest.generator, plan.table, **manifest.options)
        seed = manifest.seed
        generator.fit(
            known,
            seed=derived_seed(seed, "fit"),
            progress=self._tell,
            warm=None if first is None else first.model,
        )
        batch = generator.sample(manifest.rows, seed=derived_seed(seed, "sample"))
        return Remade(
            manifest=manifest,
            batch=batch,
            model=generator,
            model_id=_digest(generator),
            versions=versions(generator),
            after=() if first is None else first.batches,
        )

    def _made_first(self, manifest: SyntheticBatch, waiting: tuple[str, ...]) -> _First | None:
        wanted = manifest.warm_from
        if wanted is None:
            return None
        if self._models is not None:
            kept = _kept(model_file(self._models, wanted), wanted)
            if kept is not None:
                return _First(kept)
        before = next((one for one in self._manifests.values() if one.model_id == wanted), None)
        if before is None or before.batch_id in waiting:
            raise RegenerationError(
                f"batch {manifest.batch_id} began with the weights of model {wanted}: neither its "
                "file nor the manifest of its batch is here"
            )
        remade = self._remade(before, (*waiting, manifest.batch_id))
        if not remade.same:
            raise RegenerationError(
                f"batch {manifest.batch_id} began with the weights of an earlier one: {remade.text}"
            )
        return _First(remade.model, (*remade.after, before.batch_id))


@dataclass(frozen=True, eq=False)
class _First:
    """The model that a training begins with, and the batches that were made again for it."""

    model: Generator
    batches: tuple[str, ...] = ()


def _plan(manifest: SyntheticBatch) -> StreamPlan:
    """The stream as the lab file declared it then."""
    if manifest.declared is None:
        raise RegenerationError(
            f"the manifest of batch {manifest.batch_id} was written by an older Halflife: it does "
            "not hold the lab file that is needed to make it again"
        )
    try:
        plan = StreamPlan(**manifest.declared)
    except ValueError as error:
        raise RegenerationError(
            f"the lab file in the manifest of batch {manifest.batch_id} cannot be read: {error}"
        ) from error
    return plan


def _kept(path: Path, model_id: str) -> Generator | None:
    """The model of a file, if the file is what its name says."""
    try:
        return Generator.load(path) if model_digest(path) == model_id else None
    except (OSError, WrongState):
        return None


def _digest(generator: Generator) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        generator.save(path)
        return model_digest(path)
