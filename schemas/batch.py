"""The manifest of a synthetic batch: all that is needed to trace it and to make it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from .message import EventTime, Identity, Message, StreamName
from .window import Window


class SyntheticBatch(Message):
    """What a synthetic batch is, what it was made from, and why it was let out.

    Its rows are the messages ``first_offset`` to ``last_offset`` of ``partition`` of the topic of
    synthetic records that carry its ``batch_id``.
    """

    topic: ClassVar[str] = "batches"

    batch_id: Identity = Field(description="Hash of request, model, seed and rows.")
    stream: StreamName
    request_id: Identity = Field(description="The request that it answers.")
    generator: str = Field(description="Which generator made it.")
    options: dict[str, Any] = Field(
        default_factory=dict, description="Arguments of the generator other than its table."
    )
    model_id: Identity = Field(description="Digest of the fitted model's file.")
    warm_from: str | None = Field(
        default=None, description="The model whose weights training began with, if any."
    )
    rows: int = Field(ge=1, description="How many rows.")
    seed: int = Field(ge=0, description="Seed of training and sampling.")
    window: Window = Field(description="The real records that it was made from.")
    trained_on: int = Field(ge=0, description="How many of them trained it; the others judged it.")
    gate: dict[str, Any] = Field(description="The verdict of the gate, with birth fidelity.")
    supersedes: str | None = Field(default=None, description="The batch it replaces, if any.")
    created: EventTime
    digest: str = Field(description="Digest of the rows, in order.")
    plan: str = Field(description="Digest of the stream's part of the lab file.")
    declared: dict[str, Any] | None = Field(
        default=None, description="The stream's part of the lab file, its defaults written out."
    )
    versions: dict[str, str] = Field(
        default_factory=dict,
        description="Of Python and the libraries that made it, with machine and device.",
    )
    cpu_seconds: float | None = Field(
        default=None,
        ge=0,
        description="CPU time of its training processes, in s, failed attempts included.",
    )
    gpu_joules: float | None = Field(
        default=None, ge=0, description="Energy that its GPU took, in J; none without a GPU."
    )
    partition: int = Field(ge=0, description="Partition of the rows.")
    first_offset: int = Field(ge=0, description="Offset of row 0.")
    last_offset: int = Field(ge=0, description="Offset of the last row.")

    @property
    def maker(self) -> str:
        """Which generator made it, in words: one that sifts the rows of another names both."""
        return maker_of(self.generator, self.options)


def maker_of(generator: str, options: Mapping[str, Any]) -> str:
    """A generator in words.

    Example:
        >>> maker_of("trees", {"privacy": 0.4}), maker_of("sieved", {"kind": "trees"})
        ('trees', 'sieved trees')
    """
    return " ".join(filter(None, (generator, str(options.get("kind") or ""))))
