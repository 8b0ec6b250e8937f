"""The contract of everything that reads records out of a source."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

from halflife.schemas.sources.source_plan import SourcePlan

from .batch import Batch, Position
from .surroundings import Surroundings

Plan = TypeVar("Plan", bound=SourcePlan)


class Connector(ABC, Generic[Plan]):
    """Reads one source.

    A connector only listens and tells: what the columns are, which record is bad, the writing to
    Kafka, restarts, back-off and metrics are not its affair. It is made anew for each try, runs in
    one event loop, and blocks it for no longer than some milliseconds.

    Args:
        plan: What the lab file says of the source.
        surroundings: What the machine says.

    Raises:
        LabFileError, SourceRefused: For a plan with which no try will go well.

    Example:
        >>> from halflife.streams.connectors.arrival import Arrival
        >>> class Dice(Connector[SourcePlan]):
        ...     async def read(self, position):
        ...         for i in range((position or {"next": 0})["next"], 3):
        ...             thrown = Arrival(values={"pips": i + 1}, address="dice", record_id=f"{i}")
        ...             yield Batch([thrown], {"next": i + 1})
    """

    def __init__(self, plan: Plan, surroundings: Surroundings) -> None:
        self.plan = plan
        self.surroundings = surroundings

    @abstractmethod
    def read(self, position: Position | None) -> AsyncIterator[Batch]:
        """What the source says, from a position on; an async generator that may never end.

        When it goes on after a ``yield``, the batch and its position are in Kafka: then is the time
        to acknowledge to the source. When it is closed, or cancelled, it lets go of the source.
        A generator that ends says that there is nothing more; it is not started again.

        Args:
            position: Of the last batch that reached Kafka; None if none did, and in a dry run.

        Raises:
            SourceAway: If the source is not there, or is gone.
            SourceRefused: If it never will be.
        """
