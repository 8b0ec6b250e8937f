"""Which records of a request are right: the verdicts of the monitor's own decoder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
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


@dataclass(slots=True)
class _Case:
    """Some records of a request that are judged together.

    Args:
        intake: Of the request.
        first: The first of them.
        end: Behind the last of them.
        stamp: When the request came, in milliseconds since 1970.
        judged: Has the verdicts.
        heard: Is done once it has them.
    """

    intake: Intake
    first: int
    end: int
    stamp: int
    judged: Judged
    heard: asyncio.Future[None]


class Judge:
    r"""Checks records as the monitor does, with our clock in place of the broker's.

    A block of records takes hardly longer than a single one, and what becomes of a record does not
    depend on its neighbours: requests that come at the same time are judged together.

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
        self._waiting: list[_Case] = []

    async def judge(self, intake: Intake, *, now: float) -> Judged:
        """What becomes of each record.

        Args:
            intake: All of a request.
            now: When it came, in seconds since 1970.
        """
        judged = Judged(refused=list(intake.refused))
        count, stamp, loop = len(intake.values), int(1000 * now), asyncio.get_running_loop()
        for first in range(0, count, _BLOCK):
            end = min(first + _BLOCK, count)
            case = _Case(intake, first, end, stamp, judged, loop.create_future())
            if not self._waiting:
                loop.call_soon(self._hear)
            self._waiting.append(case)
            await case.heard
        judged.refused.sort(key=lambda refused: refused.index)
        return judged

    def _hear(self) -> None:
        """Judge what waits, but no more at once than the others have patience for."""
        cases: list[_Case] = []
        records = 0
        for case in self._waiting:
            records += case.end - case.first
            if cases and records > _BLOCK:
                break
            cases.append(case)
        del self._waiting[: len(cases)]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._hear)
        try:
            self._decide(cases)
        except Exception as error:  # noqa: BLE001  # who waits has to hear of it
            for case in cases:
                if not case.heard.done():
                    case.heard.set_exception(error)
            return
        for case in cases:
            if not case.heard.done():  # whoever asked may be gone
                case.heard.set_result(None)

    def _decide(self, cases: Sequence[_Case]) -> None:
        candidates: list[_Candidate] = []
        parsed: list[dict[str, object] | None] = []
        owners: list[tuple[_Case, int]] = []
        for case in cases:
            values, stamp = case.intake.values, case.stamp
            for i in range(case.first, case.end):
                candidates.append(_Candidate(values[i], len(candidates), stamp))
                owners.append((case, i))
            parsed += case.intake.parsed[case.first : case.end]
        decoded = self._decoder.decode(candidates, parsed)
        for stream, rows in decoded.rows.items():
            places = (rows.addresses // ROWS_A_MESSAGE).tolist()
            for place, seconds in zip(places, rows.times.tolist(), strict=True):
                case, i = owners[place]
                judged = case.judged
                judged.messages.setdefault(stream, []).append(Due(case.intake.values[i]))
                judged.accepted += 1
                judged.saw(seconds)
        for reject in decoded.rejects:
            case, i = owners[reject.message.offset]
            intake = case.intake
            case.judged.refused.append(Refused(intake.indices[i], reject.error, intake.values[i]))
