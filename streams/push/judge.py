"""Which records of a request are right: the verdicts of the monitor's own decoder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.window import ROWS_A_MESSAGE
from halflife.streams.watch.decoder import Decoder

from .intake import Intake, Refused

_BLOCK: Final = 500  # records that are looked at before others have their turn: some 10 ms


class Due(NamedTuple):
    """A message that will stand in the topic of records."""

    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class _Candidate(NamedTuple):
    """What the decoder sees of a record, before it is in Kafka."""

    value: bytes
    offset: int
    timestamp: int
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class Judged:
    """What becomes of the records of a request.

    Args:
        messages: For the topic of records, by stream, in the order of the request.
        accepted: Records in them.
        refused: The others, in the order of the request.
        latest: Event time of the latest accepted record, in seconds since 1970; None without one.
    """

    messages: dict[str, list[Due]] = field(default_factory=dict)
    accepted: int = 0
    refused: list[Refused] = field(default_factory=list)
    latest: float | None = None

    def saw(self, seconds: float) -> None:
        """A record of that time was accepted."""
        self.latest = seconds if self.latest is None else max(self.latest, seconds)


class Judge:
    r"""Checks records as the monitor does, with our clock in place of the broker's.

    Args:
        plans: The streams of the lab, by name.

    Example:
        >>> from halflife.schemas.lab import Lab
        >>> lab = Lab.parse('[stream.a.column]\nx = { role = "measured" }')
        >>> intake = Intake()
        >>> intake.add(0, b'{"stream": "b"}')
        >>> judged = asyncio.run(Judge(lab.streams).judge(intake, now=0.0))
        >>> judged.refused[0].error.reason
        'unknown-stream'
    """

    def __init__(self, plans: Mapping[str, StreamPlan]) -> None:
        self._decoder = Decoder(plans)

    async def judge(self, intake: Intake, *, now: float) -> Judged:
        """What becomes of each record.

        Args:
            intake: All of a request.
            now: When it came, in seconds since 1970.
        """
        judged = Judged(refused=list(intake.refused))
        stamp = int(1000 * now)
        for first in range(0, len(intake.values), _BLOCK):
            if first:
                await asyncio.sleep(0)
            self._block(intake, slice(first, first + _BLOCK), stamp, judged)
        judged.refused.sort(key=lambda refused: refused.index)
        return judged

    def _block(self, intake: Intake, part: slice, stamp: int, judged: Judged) -> None:
        values, indices = intake.values[part], intake.indices[part]
        decoded = self._decoder.decode(
            [_Candidate(value, i, stamp) for i, value in enumerate(values)]
        )
        for stream, rows in decoded.rows.items():
            places = (rows.addresses // ROWS_A_MESSAGE).tolist()
            judged.messages.setdefault(stream, []).extend([Due(values[i]) for i in places])
            judged.accepted += len(places)
            judged.saw(float(rows.times.max()))
        for reject in decoded.rejects:
            i = reject.message.offset
            judged.refused.append(Refused(indices[i], reject.error, values[i]))
