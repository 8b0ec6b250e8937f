"""The generator that a lab file asks for."""

from __future__ import annotations

from typing import Any

from halflife.generators import Generator, create, suited
from halflife.schemas.stream_plan import StreamPlan


def planned_generator(plan: StreamPlan, name: str | None = None, **options: Any) -> Generator:
    """A new generator of a stream, with what the lab file says of it.

    Args:
        plan: Of the stream.
        name: Of another generator than the one of the lab file.
        options: That come before those of the lab file. Both count as far as the generator has
            them: the lab file speaks of several.

    Raises:
        GeneratorError: For a generator that there is not, or that does not suit the table.

    Example:
        >>> plan = StreamPlan(name="opv", column={"x": {"role": "measured"}}, privacy=0.7)
        >>> planned_generator(plan, "trees").parameters["privacy"]
        0.7
        >>> planned_generator(plan, "copula").name
        'copula'
    """
    kind = name or plan.generator
    given = plan.model_copy(update={"generator": kind}).generator_options
    return create(kind, plan.table, **suited(kind, **{**given, **options}))
