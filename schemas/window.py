"""Which real records a finding stands on: places in the log, so that they can be read again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Window(BaseModel):
    """Records of one partition by their offsets, as runs of neighbours.

    Example:
        >>> window = Window.of(partition=0, offsets=[4, 5, 6, 9], digest="00" * 16)
        >>> window.runs, window.count, window.offsets()
        (((4, 6), (9, 9)), 4, [4, 5, 6, 9])
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    partition: int = Field(ge=0, description="Partition of halflife.records.")
    first: int = Field(ge=0, description="Offset of the first record.")
    last: int = Field(ge=0, description="Offset of the last record.")
    count: int = Field(ge=1, description="How many records.")
    runs: tuple[tuple[int, int], ...] = Field(
        description="The offsets as runs [first, last], both included, rising."
    )
    digest: str = Field(description="Digest of the rows, in order: what is read back must match.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        rising = all(a <= b for a, b in self.runs) and all(
            left[1] < right[0] for left, right in zip(self.runs, self.runs[1:], strict=False)
        )
        whole = self.runs and (self.runs[0][0], self.runs[-1][1]) == (self.first, self.last)
        if not (rising and whole and self.count == sum(b - a + 1 for a, b in self.runs)):
            raise ValueError("runs must rise, not touch backwards, and agree with first and count")
        return self

    @classmethod
    def of(cls, *, partition: int, offsets: Sequence[int], digest: str) -> Self:
        """The window of some rising offsets, at least one."""
        runs: list[list[int]] = []
        for offset in offsets:
            if runs and offset == runs[-1][1] + 1:
                runs[-1][1] = offset
            else:
                runs.append([offset, offset])
        return cls(
            partition=partition,
            first=offsets[0],
            last=offsets[-1],
            count=len(offsets),
            runs=tuple((a, b) for a, b in runs),
            digest=digest,
        )

    def offsets(self) -> list[int]:
        """The offsets one by one, rising."""
        return [offset for a, b in self.runs for offset in range(a, b + 1)]
