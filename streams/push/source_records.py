"""JSON of a lab's own shape, as ``[source.NAME]`` of the lab file says to understand it."""

from __future__ import annotations

import asyncio
from typing import Final

import orjson

from halflife.schemas.errors import MessageError
from halflife.schemas.sources.source_plan import SourcePlan
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.record_maker import RecordMaker
from halflife.streams.connectors.refusal import Refusal

from .documents import Part, elements, lines
from .gaps import KEY_HEADER, Gaps
from .intake import Intake
from .limits import Limits
from .turned_away import TurnedAway

_TURN: Final = 100  # records after which others have their turn: some 10 ms


class SourceRecords:
    """Makes records of what is sent for one source.

    Args:
        plan: Of the source.
        maker: Makes its records.
        limits: Of a request.
    """

    def __init__(self, plan: SourcePlan, maker: RecordMaker, limits: Limits) -> None:
        self.plan = plan
        self._maker = maker
        self._limits = limits

    async def take(self, body: bytes, *, by_line: bool, gaps: Gaps, address: str) -> Intake:
        """The records of a body.

        Args:
            body: One object, an array of them, or one on each line.
            by_line: Whether it is the last.
            gaps: With the key of the request, where the source has no identities.
            address: Of the request, for people.

        Raises:
            TurnedAway: If there is nothing to make records of, or nothing to tell them apart by.
        """
        if self.plan.id_from is None and gaps.key is None:
            text = (
                f"What is sent again must be known again: name its identity by "
                f"source.{self.plan.name}.id_from in the lab file, or send the header {KEY_HEADER}."
            )
            raise TurnedAway(400, "missing-identity", text)
        intake = Intake()
        for i, (found, line, error) in enumerate(self._parts(body, by_line)):
            if i and i % _TURN == 0:
                await asyncio.sleep(0)
            raw = line or orjson.dumps(found)
            if error is not None:
                intake.refuse(i, error, raw, is_record=False)
            elif not isinstance(found, dict):
                said = f"a JSON object is due, not {type(found).__name__}"
                intake.refuse(i, MessageError("not-an-object", "", said), raw, is_record=False)
            else:
                arrival = Arrival(
                    values=found,
                    address=f"{address}, record {i}",
                    record_id="" if gaps.key is None else gaps.identity(i),
                    raw=raw,
                )
                self._make(intake, i, arrival)
        return intake

    def _parts(self, body: bytes, by_line: bool) -> list[Part]:
        if by_line:
            return list(lines(body, self._limits))
        return [(found, b"", None) for found in elements(body, self._limits)]

    def _make(self, intake: Intake, index: int, arrival: Arrival) -> None:
        made = self._maker.take(arrival)
        if isinstance(made, Refusal):
            intake.refuse(index, made.error, made.raw, is_record=made.is_record)
        else:
            intake.add(index, made.to_bytes())
