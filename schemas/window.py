"""Which real records a finding stands on: places in the log, so that they can be read again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

ROWS_A_MESSAGE: Final = 1 << 20
"""An Arrow message holds fewer rows than this: a record's address is offset x this + row."""


def address(offset: int, row: int = 0) -> int:
    """Where a record stands in its partition: its message's offset and its row therein."""
    return offset * ROWS_A_MESSAGE + row


class Window(BaseModel):
    """All valid records of one stream between two places of a partition, but for repeats.

    A repeat is a record that came before, a synthetic row that came back as a record, or a record
    that a person has marked as an instrument's fault.

    Example:
        >>> window = Window.of(0, [address(4), address(9)], repeats=[address(5)], digest="0" * 32)
        >>> window.first, window.last, window.count, window.repeats
        (4, 9, 2, ((5, 0),))
        >>> window.holds(address(5)), window.holds(address(9))
        (False, True)
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    partition: int = Field(ge=0, description="Partition of the topic of records.")
    first: int = Field(ge=0, description="Offset of the first record.")
    last: int = Field(ge=0, description="Offset of the last record.")
    first_row: int = Field(default=0, ge=0, description="Row in the first message; 0 for JSON.")
    last_row: int = Field(default=0, ge=0, description="Row in the last message; 0 for JSON.")
    count: int = Field(ge=1, description="How many records.")
    repeats: tuple[tuple[int, int], ...] = Field(
        default=(),
        description="Offset and row of records between that are left out: they repeat others, "
        "real or synthetic, or are marked as a fault.",
    )
    digest: str = Field(description="Digest of the rows, in order: what is read back must match.")

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if address(self.first, self.first_row) > address(self.last, self.last_row):
            raise ValueError("the first record stands behind the last")
        return self

    @classmethod
    def of(
        cls, partition: int, addresses: Sequence[int], *, repeats: Sequence[int], digest: str
    ) -> Self:
        """The window of some records by their rising addresses, at least one."""
        first, last = int(addresses[0]), int(addresses[-1])
        return cls(
            partition=partition,
            first=first // ROWS_A_MESSAGE,
            first_row=first % ROWS_A_MESSAGE,
            last=last // ROWS_A_MESSAGE,
            last_row=last % ROWS_A_MESSAGE,
            count=len(addresses),
            repeats=tuple(divmod(int(a), ROWS_A_MESSAGE) for a in repeats if first < a < last),
            digest=digest,
        )

    def holds(self, place: int) -> bool:
        """Whether the record at an address belongs to the window."""
        start, end = address(self.first, self.first_row), address(self.last, self.last_row)
        return start <= place <= end and divmod(place, ROWS_A_MESSAGE) not in self.repeats
