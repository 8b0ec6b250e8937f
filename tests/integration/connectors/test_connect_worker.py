"""The connect worker against a real Kafka, with a connector that a package of its own brings."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.harness.service import Service, wait_until

from .conftest import Serve

LAB = """
[stream.counts]
[stream.counts.column]
x = { role = "set-point" }
y = { role = "measured", unit = "K", max = 1e6 }
[source.dice]
type = "dice"
stream = "counts"
last = 3000
[source.dice.column]
y = { from = "inner.y", unit = "degC" }
"""
PACKAGE = '''
"""A connector of somebody else: thirty lines."""
import asyncio
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.batch import Batch
from halflife.streams.connectors.connector import Connector


class Dice(Connector):
    """Counts to ``last``; every 100th answer is impossible."""

    async def read(self, position):
        at = (position or {"next": 0})["next"]
        self.surroundings.connected("dice")
        while at < self.plan.options["last"]:
            rows = range(at, min(at + 10, self.plan.options["last"]))
            yield Batch([self.arrival(i) for i in rows], {"next": rows.stop})
            at = rows.stop
            await asyncio.sleep(0.002)
        while True:
            await asyncio.sleep(1)

    def arrival(self, i):
        y = 1e9 if i % 100 == 99 else float(i)
        return Arrival(values={"x": i, "inner": {"y": y}}, address=f"throw {i}", record_id=f"d{i}")
'''


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A folder in which that package is installed."""
    folder = tmp_path / "site"
    info = folder / "dice-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "dice.py").write_text(PACKAGE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dice\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[halflife.connectors]\ndice = dice:Dice\n")
    return str(folder)


def good(ids: range) -> set[str]:
    return {f"d{i}" for i in ids if i % 100 != 99}


def page(service: Service, name: str, path: str) -> tuple[int, str]:
    worker = next(w for w in reversed(service.workers) if w.name == name)
    worker.wait_for(r"metrics at http://127.0.0.1:\d+/metrics", 30)
    address = worker.said.split("metrics at ")[1].split("/metrics")[0]
    try:
        with urllib.request.urlopen(address + path, timeout=10) as answer:  # noqa: S310  # ours
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_killed_again_and_again_it_neither_skips_nor_repeats(serve: Serve, path: str) -> None:
    service, written = serve(LAB, PYTHONPATH=path)
    for kill in range(5):
        worker = service.start("connect", "one")
        written.wait_until(lambda least=300 * (kill + 1): len(written.ids()) >= least)
        worker.kill()
    service.start("connect", "one")
    written.wait_for_records(len(good(range(3000))))
    assert set(written.ids()) == good(range(3000))
    assert set(written.ids().values()) == {1}
    assert [r["values"]["x"] for r in written.records()] == sorted(
        r["values"]["x"] for r in written.records()
    )
    first = written.records()[0]
    assert first["values"]["y"] == pytest.approx(273.15)
    letters = written.letters()
    assert {letter.address for letter in letters} == {f"throw {i}" for i in range(99, 3000, 100)}
    assert len(letters) == 30
    assert {(x.reason, x.path, x.source) for x in letters} == {("out-of-range", "values.y", "dice")}
    status, _ = page(service, "one", "/ready")
    assert status == 200
    _, metrics = page(service, "one", "/metrics")
    assert 'halflife_source_up{source="dice"} 1.0' in metrics


def test_two_workers_share_and_take_over(serve: Serve, path: str) -> None:
    more = "".join(
        f'[source.s{i}]\ntype = "dice"\nstream = "counts"\nlast = 50\n' for i in range(8)
    )
    service, written = serve(LAB + more, PYTHONPATH=path)
    one, two = service.start("connect", "one"), service.start("connect", "two")
    for worker in (one, two):
        worker.wait_for("given sources", 60)

    def running() -> dict[str, set[str]]:
        found = {}
        for name in ("one", "two"):
            _, metrics = page(service, name, "/metrics")
            found[name] = {
                line.split('"')[1]
                for line in metrics.splitlines()
                if line.startswith("halflife_source_up{")
            }
        return found

    everything = {"dice", *(f"s{i}" for i in range(8))}

    def shared() -> bool:
        found = running()
        return all(found.values()) and sum(map(len, found.values())) == len(everything)

    wait_until(shared, 60, lambda: str(running()))
    one.kill()
    wait_until(lambda: _up(service) == everything, 60, lambda: str(_up(service)))
    written.wait_for_records(len(good(range(3000))))
    assert set(written.ids()) == good(range(3000))


def _up(service: Service) -> set[str]:
    _, metrics = page(service, "two", "/metrics")
    return {
        line.split('"')[1]
        for line in metrics.splitlines()
        if line.startswith("halflife_source_up{") and line.endswith(" 1.0")
    }


def test_a_type_that_nobody_brings_is_told(serve: Serve) -> None:
    service, written = serve(LAB)
    service.start("connect", "one")
    written.wait_until(lambda: any(e.kind == "refused" for e in written.events()))
    said = "source.dice.type: 'dice' is no type of source"

    def ready() -> tuple[int, str]:
        return page(service, "one", "/ready")

    wait_until(lambda: said in ready()[1], 30, lambda: str(ready()))
    assert ready()[0] == 503
