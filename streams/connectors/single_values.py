"""What connectors do alike that hear values one by one."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import orjson

News = TypeVar("News")

_LARGEST_BATCH: Final = 1000


async def taken(queue: asyncio.Queue[News], seconds: float) -> list[News]:
    """What a queue has to give; nothing if nothing comes in time.

    Args:
        queue: That somebody fills.
        seconds: To wait for the first.
    """
    try:
        async with asyncio.timeout(seconds):
            news = [await queue.get()]
    except TimeoutError:
        return []
    while len(news) < _LARGEST_BATCH and not queue.empty():
        news.append(queue.get_nowait())
    return news


def whole(
    news: Sequence[News], name_of: Callable[[News], str | None], trigger: str | None
) -> list[News]:
    """News without those of a trigger that came before all others had a value.

    They would be joined to values of another time, and belong to the time in which nobody
    listened. The latest of them counts.

    Args:
        news: In the order in which they came.
        name_of: Whose value it is; None for news that are none.
        trigger: Name of the trigger; None if there is none.

    Example:
        >>> whole(["n1", "t1", "n2", "t2", "p1", "n3"], lambda each: each[0], "n")
        ['t1', 't2', 'p1', 'n2', 'n3']
    """
    names = [name_of(each) for each in news]
    first = {name: i for i, name in reversed(list(enumerate(names))) if name not in {None, trigger}}
    end = 1 + max(first.values(), default=-1)
    early = [news[i] for i in range(end) if names[i] is not None and names[i] == trigger]
    others = [news[i] for i in range(end) if names[i] is None or names[i] != trigger]
    return [*others, *early[-1:], *news[end:]]


def digest(content: Any) -> str:
    """A short name of plain data: the same for the same.

    Example:
        >>> digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1}) != digest({"a": 2})
        True
    """
    plain = orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.blake2b(plain, digest_size=8).hexdigest()
