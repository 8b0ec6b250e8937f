"""What came of making a batch again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from halflife.generators import Generator
from halflife.schemas.batch import SyntheticBatch
from halflife.schemas.table import Block

from .versions import other_versions


@dataclass(frozen=True, eq=False)
class Remade:
    """A batch made again, beside its manifest.

    Args:
        manifest: What it should be.
        batch: The rows that came out.
        model: The fitted generator.
        model_id: Digest of its file.
        versions: Of what made it now.
        after: Batches that were made again for it, since training began with their models.
    """

    manifest: SyntheticBatch
    batch: Block
    model: Generator
    model_id: str
    versions: Mapping[str, str]
    after: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether the rows are the same, bit for bit."""
        return self.digest == self.manifest.digest

    @cached_property
    def digest(self) -> str:
        """Of the rows that came out."""
        return self.batch.digest()

    @property
    def others(self) -> list[str]:
        """Versions that are not those of then."""
        return other_versions(self.manifest.versions, self.versions)

    @property
    def text(self) -> str:
        """In a sentence or two."""
        manifest = self.manifest
        head = f"batch {manifest.batch_id}: {len(self.batch):,} rows by {manifest.maker!r}"
        if self.same:
            return f"{head}, the same bit for bit (digest {self.digest})"
        said = f"{head} differ from those of its manifest (digest {self.digest}, not "
        said += f"{manifest.digest}); "
        same_model = self.model_id == manifest.model_id
        said += "the model is the same" if same_model else "the model differs too"
        if self.others:
            said += f". Other than then: {', '.join(self.others)}"
        else:
            said += ", though all versions are those of then"
        if "cuda" in f"{manifest.versions.get('device', '')}{self.versions.get('device', '')}":
            said += ". Bits are promised on a CPU, not on a GPU"
        return said

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "batch_id": self.manifest.batch_id,
            "stream": self.manifest.stream,
            "same": self.same,
            "digest": self.digest,
            "digest_then": self.manifest.digest,
            "model_id": self.model_id,
            "model_id_then": self.manifest.model_id,
            "rows": len(self.batch),
            "other_versions": self.others,
            "versions": dict(self.versions),
            "versions_then": self.manifest.versions,
            "remade_before": list(self.after),
            "text": self.text,
        }
