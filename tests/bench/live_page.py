"""What the live page costs: of the worker, of the network, and of the browser that shows it."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import orjson
from playwright.sync_api import Page
from rich import box
from rich.console import Console
from rich.table import Table

from halflife.streams.monitor.board import Board
from halflife.streams.monitor.page.assets import Assets
from tests.harness.browser import chromium, opened
from tests.streams.monitor.shown import BoardPlayer, plans_of, served
from tests.streams.monitor.test_stream_history import report, text
from tests.streams.watch.stories import START, Heavy, fields, lab, opv_values, raw, text_time

STREAMS: Final = 50
DAY: Final = 1440
"""Fidelity reports of a day: one a minute is the most that a stream says."""
LOOKS: Final = 720
WATCHED_SECONDS: Final = 10.0
DESK: Final = {"viewport": {"width": 1440, "height": 900}}
NOW: Final = START + 86_400.0


def run(console: Console, scale: float) -> dict[str, Any]:
    """50 streams with a day of reports each: CPU time of the worker, bytes, and browser time."""
    streams, reports = max(2, round(STREAMS * scale)), max(20, round(DAY * scale))
    console.print(
        f"[bold]live-page[/]: {streams} streams, {reports:,} reports each, CPU time of one thread"
    )
    board, watch = _lab(streams, reports)
    name = "s00"
    rows = {
        "one look after a commit": _cost(lambda: _look(board, watch)),
        "/state": _cost(lambda: orjson.dumps(board.state(NOW))),
        "/streams/NAME": _cost(lambda: orjson.dumps(board.stream(name, NOW))),
        "/streams/NAME/columns/COLUMN": _cost(
            lambda: orjson.dumps(board.column(name, "degradation"))
        ),
        "/streams/NAME/residuals": _cost(lambda: orjson.dumps(board.residuals(name))),
        "a message read again": _cost(lambda: board.history.take("fidelity", _report(1, name))),
    }
    files = _files()
    seen = _browser(board, watch)
    _print(console, rows, files, seen)
    return {"streams": streams, "reports": reports, "worker": rows, "files": files, "browser": seen}


def _lab(streams: int, reports: int) -> tuple[Board, Any]:
    """A board of many streams; all of them have the records of one, and a history of their own."""
    values = opv_values(420, 0, seed=0)
    log = [
        raw(i, fields(row, name=f"r{i}", time=text_time(START + 60.0 * i)))
        for i, row in enumerate(values)
    ]
    player = BoardPlayer(plans_of(lab()), log, Heavy())
    player.play()
    watch = player.watch.streams["opv"]
    names = [f"s{i:02}" for i in range(streams)]
    board = Board(dict.fromkeys(names, watch.plan))
    every = SimpleNamespace(partition=0, streams=dict.fromkeys(names, watch))
    board.workers = {0: SimpleNamespace(watch=every)}  # type: ignore[dict-item]  # all that it looks at
    for name in names:
        for i in range(reports):
            board.history.take("fidelity", _report(i, name))
        for i in range(100):
            board.history.take("alerts", _alert(i, name))
    for _ in range(LOOKS):
        _look(board, watch)
    return board, watch


def _look(board: Board, watch: Any) -> None:
    """What happens after a commit in which every stream had records."""
    watch.records += 1
    watch.watermark += 60.0
    board.committed(board.workers[0], [], [])


def _report(i: int, name: str) -> dict[str, Any]:
    kept = 0.95 - 0.3 * (i % 400) / 400 + 0.02 * float(np.sin(i))
    parts = dict.fromkeys(("columns", "pairs", "joint", "predictive"), kept)
    more = {
        "stream": name, "parts": parts, "bands": {part: [0.8, 1.0] for part in parts},
        "half_life_records": 4137.0, "expiry_records": 9000.0, "retained_part": "joint",
    }  # fmt: skip
    return report(50 * i, batch=f"b{i // 400}", retained=kept) | more


def _alert(i: int, name: str) -> dict[str, Any]:
    return {
        "stream": name, "alert_id": f"{i}", "kind": "drift", "severity": "critical",
        "status": "resolved" if i % 2 else "firing", "record": 500 * i, "time": text(60.0 * i),
        "evidence": {"change_point": 500 * i - 40}, "text": "The same set-points now give more.",
    }  # fmt: skip


def _cost(call: Callable[[], Any]) -> dict[str, float]:
    """CPU milliseconds of a call, the best of several, and the bytes that it gives."""
    best = float("inf")
    for _ in range(7):
        begun = time.process_time()
        found = call()
        best = min(best, time.process_time() - begun)
    cost = {"ms": 1000 * best}
    if isinstance(found, bytes):
        cost |= {"bytes": len(found), "packed": len(gzip.compress(found, 6))}
    return cost


def _files() -> dict[str, float]:
    assets = Assets()
    own = [n for n in assets.names if n != "plotly.min.js"]
    return {
        "own files": sum(len(assets[name].packed) for name in own),
        "plotly.js": len(assets["plotly.min.js"].packed),
    }


def _browser(board: Board, watch: Any) -> dict[str, float]:
    """Seconds to the first screen and to a stream's charts, and how busy the page is meanwhile."""
    count = len(board.plans)
    with chromium() as browser, served(board, now=NOW, every=1.0) as address:
        with opened(browser, address, **DESK) as page:
            page.locator(".card").nth(count - 1).wait_for()
            first = page.evaluate(SINCE_START)
            busy_seconds = _busy_of(page)
            before, begun = busy_seconds(), time.monotonic()
            while time.monotonic() - begun < WATCHED_SECONDS:
                _look(board, watch)
                page.wait_for_timeout(500)
            busy = (busy_seconds() - before) / (time.monotonic() - begun)
        with opened(browser, "about:blank", **DESK) as page:
            busy_seconds = _busy_of(page)
            page.goto(f"{address}#/stream/s00")
            page.locator("#evidence .plot .main-svg").first.wait_for()
            charts, work = page.evaluate(SINCE_START), busy_seconds()
    return {
        "first screen, s": first,
        "share of a core while every stream changes each second": busy,
        "charts of a stream, s": charts,
        "of these at work, s": work,
    }


SINCE_START: Final = "performance.now() / 1000"


def _busy_of(page: Page) -> Callable[[], float]:
    """Tells how many seconds the page has been at work."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def seconds() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

    return seconds


def _print(
    console: Console,
    rows: dict[str, dict[str, float]],
    files: dict[str, float],
    seen: dict[str, float],
) -> None:
    table = Table("of the worker", "CPU ms", "bytes", "packed", box=box.SIMPLE_HEAD)
    for name, cost in rows.items():
        sizes = [f"{cost[key]:,.0f}" if key in cost else "" for key in ("bytes", "packed")]
        table.add_row(name, f"{cost['ms']:.2f}", *sizes)
    console.print(table)
    for name, size in files.items():
        console.print(f"{name}: {size / 1024:,.0f} KiB packed")
    for name, value in seen.items():
        console.print(f"{name}: {value:.2f}")
