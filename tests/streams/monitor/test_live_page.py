"""The live page in a real browser: what it shows, and what it does not let through."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[3] / "streams" / "monitor" / "live.html"
BROWSER = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run")
QUIET += ("--disable-background-networking", "--disable-dev-shm-usage", "--enable-logging=stderr")
QUIET += ("--virtual-time-budget=3000",)

EVIL = "<img src=x onerror=\"document.title='broken in'\">"


def report(record: int, predictive: float, batch: str) -> dict[str, Any]:
    values = {"columns": 0.98, "pairs": 0.9, "joint": 0.85, "predictive": predictive}
    return {
        "batch_id": batch,
        "record": record,
        "fidelity": min(values.values()),
        "parts": values,
        "bands": {part: [0.8, 1.0] for part in values},
        "retained": predictive / 0.95,
        "retained_interval": [0.5, 0.9],
        "retained_part": "predictive",
        "age_records": record - 500,
        "forecast": "half-life 517 records (378 to 819)",
        "utility_gap": 0.79,
    }


STREAM: dict[str, Any] = {
    "title": "Solar cells",
    "standing": {"tone": "bad", "text": "Replace the synthetic data"},
    "records": 1250,
    "repeated": 3,
    "missing_cells": 7,
    "phase": "watched",
    "reference": 500,
    "keep": 0.9,
    "watermark": 1.7e9,
    "waiting": True,
    "pending": "drift",
    "training": {"phase": "training", "step": 3, "steps": 10, "seconds_left": 4.2},
    "drift": {"given-set-points": [12.0, 9.9], "planner": [1.0, 9.2]},
    "batch": {
        "batch_id": "b2",
        "rows": 1000,
        "generator": "trees",
        "created": "2023-11-14T22:13:00Z",
        "trained_on": 332,
        "gate": {"challenger": {"parts": {"predictive": 0.95}}},
    },
    "reports": [report(649, 0.9, "b1"), report(749, 0.8, "b1"), report(849, 0.66, "b2")],
    "alerts": [
        {"kind": "drift", "status": "firing", "severity": "critical", "record": 700, "text": EVIL}
    ],
    "firing": {"drift": EVIL},
}


def test_the_policy_lets_this_script_and_style_through_and_no_others() -> None:
    page = PAGE.read_text("utf-8")
    for tag in ("style", "script"):
        (body,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in page, (
            f"the {tag} has changed: write sha256-{digest}"
        )
    assert "default-src 'none'" in page


def test_the_page_loads_nothing_from_elsewhere_and_writes_no_markup() -> None:
    page = PAGE.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    for word in ("http:", "https:", "@import", "innerHTML", "outerHTML", "insertAdjacent", "eval("):
        assert word not in page, word


Show = Callable[[dict[str, Any] | None], tuple[str, str]]


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Show]:
    """The page as a browser makes it of a state (None: no answer), and what its console said."""
    if BROWSER is None:
        pytest.skip("no Chromium here; `make tools` installs it where it may")
    answers: list[dict[str, Any] | None] = []

    class Worker(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, status = PAGE.read_bytes(), 200
            if self.path == "/state":
                body, status = json.dumps(answers[-1]).encode(), 200 if answers[-1] else 503
            self.send_response(status)
            self.send_header(
                "Content-Type", "application/json" if self.path != "/" else "text/html"
            )
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *words: Any) -> None:  # noqa: A002  # as it is called
            pass

    def browse(state: dict[str, Any] | None) -> tuple[str, str]:
        answers.append(state)
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        done = subprocess.run(
            [str(BROWSER), *QUIET, f"--user-data-dir={tmp_path}", "--dump-dom", address],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        said = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
        return done.stdout, "\n".join(said)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Worker) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield browse
        server.shutdown()
        thread.join()


def test_a_stream_is_shown_with_all_that_is_known_of_it(show: Show) -> None:
    dom, console = show({"time": 1.7e9, "streams": {"opv": STREAM}})
    assert console == ""
    for text in (
        "1 stream, 1 to look at",
        "Replace the synthetic data.",
        "1,250",
        "training, step 3 of 10, 5 s left. The stream waits for it.",
        "12.0 of 9.9 nats",
        "1,000 rows by trees",
        "The predictive part has kept 0.69 of its value at birth (90 %: 0.50 to 0.90).",
        "errs 79 % more than one trained on real records.",
        "Half-life 517 records (378 to 819).",
        "predictive fidelity: 0.66 at record 849, noise band 0.80 to 1.00",
        "new batch",
    ):
        assert text in dom, text
    assert dom.count("<figure>") == 4


def test_what_strangers_sent_stays_text(show: Show) -> None:
    evil = STREAM | {"title": EVIL, "standing": {"tone": "bad", "text": EVIL}}
    dom, console = show({"time": 1.7e9, "streams": {EVIL: evil}})
    assert console == ""
    assert "<img" not in dom
    assert "<title>(1) Halflife</title>" in dom


def test_no_stream_many_streams_and_streams_without_a_record(show: Show) -> None:
    assert "no streams" in show({"time": 1.7e9, "streams": {}})[0]
    new = {"title": "new", "records": 0, "standing": {"tone": "idle", "text": "Waiting"}}
    many = {f"s{i}": new if i % 2 else STREAM for i in range(50)}
    dom, console = show({"time": 1.7e9, "streams": many})
    assert console == ""
    assert dom.count("<article") == 50
    assert "50 streams, 25 to look at" in dom


def test_it_says_when_the_worker_does_not_answer(show: Show) -> None:
    assert "The worker does not answer." in show(None)[0]
