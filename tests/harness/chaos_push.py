"""A sender over HTTP that repeats what was not answered, while worker and broker are killed."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson

from halflife.streams.broker.embedded import EmbeddedKafka

from .connecting import Written
from .pushing import LAB, address_of, record
from .service import Service, Worker

_A_REQUEST: Final = 20
_PATIENCE: Final = 240.0


async def run(
    kafka: EmbeddedKafka, prefix: str, folder: Path, *, records: int, kills: int, restarts: int
) -> dict[str, Any]:
    """What came of it; ``lost`` and ``doubled`` are to be empty.

    Args:
        kafka: Is restarted.
        prefix: Of all topics.
        folder: For lab file and logs.
        records: To be sent, one in a hundred of which is bad.
        kills: ``kill -9`` of the worker.
        restarts: Of the broker.
    """
    began = time.monotonic()
    service = Service(kafka.address, prefix, folder, LAB)
    written = Written(service)
    worker = service.start("connect", "one")
    port = (await asyncio.to_thread(address_of, worker)).rpartition(":")[2]
    sender = _Sender(f"http://127.0.0.1:{port}", records)
    sending = asyncio.create_task(sender.run())
    try:
        troubles = sorted(
            [((i + 1) / (kills + 1), "kill") for i in range(kills)]
            + [((i + 0.5) / restarts, "restart") for i in range(restarts)]
        )
        for share, kind in troubles:
            await sender.reach(int(share * records))
            if kind == "kill":
                worker = await asyncio.to_thread(_anew, service, worker, port)
            else:
                await asyncio.to_thread(kafka.kill)
                await asyncio.to_thread(kafka.start)
        await asyncio.wait_for(sending, _PATIENCE)
        good = {f"r{i}" for i in range(records) if i % 100 != 99}
        ids = await asyncio.to_thread(written.ids)
        order = [int(r["record_id"][1:]) for r in written.records()]
        first = list(dict.fromkeys(order))
        letters = {orjson.loads(letter.value or b"")["record_id"] for letter in written.letters()}
        return {
            "records": records,
            "kills": kills,
            "restarts": restarts,
            "lost": sorted(good - set(ids)),
            "lost letters": sorted({f"r{i}" for i in range(99, records, 100)} - letters),
            "strange": sorted(set(ids) - good),
            "in order": first == sorted(first),
            "repeats in the log": ids.total() - len(ids),
            "unanswered requests": sender.repeated,
            "seconds": round(time.monotonic() - began, 1),
        }
    finally:
        sending.cancel()
        service.end()
        written.close()


def _anew(service: Service, worker: Worker, port: str) -> Worker:
    worker.kill()
    return service.start("connect", "one", HALFLIFE_CONNECT_PORT=port)


class _Sender:
    """Sends all records in their order; what was not answered with 202 or 422, again."""

    def __init__(self, address: str, records: int) -> None:
        self.sent = 0
        self.repeated = 0
        self._address = address
        self._records = records
        self._news = asyncio.Event()

    async def run(self) -> None:
        async with aiohttp.ClientSession(self._address) as session:
            for first in range(0, self._records, _A_REQUEST):
                rows = range(first, min(first + _A_REQUEST, self._records))
                body = [record(i) if i % 100 != 99 else record(i, values={"x": -1}) for i in rows]
                await self._until_taken(session, body)
                self.sent = rows.stop
                self._news.set()

    async def _until_taken(self, session: aiohttp.ClientSession, body: list[Any]) -> None:
        while True:
            try:
                async with session.post("/v1/records", json=body) as answer:
                    told = await answer.json(content_type=None)
                    if answer.status == 202:
                        assert told["accepted"] + len(told["refused"]) == len(body)
                        return
                    assert answer.status in {429, 503}, (answer.status, told)
                    assert int(answer.headers["Retry-After"]) > 0
            except aiohttp.ClientError:
                pass
            self.repeated += 1
            await asyncio.sleep(0.2)

    async def reach(self, count: int) -> None:
        """Returns when so many records were taken."""
        async with asyncio.timeout(_PATIENCE):
            while self.sent < count:
                self._news.clear()
                await self._news.wait()
