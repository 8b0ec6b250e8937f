"""Waiting for Kafka, but not for ever."""

from __future__ import annotations

import asyncio

import pytest

from halflife.streams.connectors.within import within


async def stubborn(ended: list[str]) -> None:
    """Work that hangs in being taken back too."""
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("asked to end")
        await asyncio.sleep(0)


async def test_what_is_done_in_time_gives_its_result_or_its_error() -> None:
    async def work(fails: bool) -> int:
        await asyncio.sleep(0)
        if fails:
            raise LookupError("gone")
        return 7

    assert await within(60.0, work(fails=False), "work") == 7
    with pytest.raises(LookupError, match="gone"):
        await within(60.0, work(fails=True), "work")


async def test_what_hangs_is_asked_to_end_and_told() -> None:
    ended: list[str] = []
    with pytest.raises(TimeoutError, match=r"^a transaction: not done within 0\.01 s$"):
        await within(0.01, stubborn(ended), "a transaction")
    assert ended == ["asked to end"]


async def test_who_is_cancelled_ends_the_work_too() -> None:
    ended: list[str] = []
    task = asyncio.create_task(within(60.0, stubborn(ended), "a transaction"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["asked to end"]


async def test_work_that_is_broken_off_by_another_does_not_cancel_who_waits() -> None:
    async def work() -> None:
        await fetch

    fetch = asyncio.ensure_future(asyncio.Event().wait())
    asyncio.get_running_loop().call_soon(fetch.cancel)
    with pytest.raises(ConnectionError, match=r"^a transaction: was broken off$"):
        await within(60.0, work(), "a transaction")
