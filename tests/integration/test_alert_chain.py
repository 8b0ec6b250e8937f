"""From an instrument that drifts to a message: Halflife, Prometheus, Alertmanager, all real."""

from __future__ import annotations

import email
import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from email.message import Message as Mail
from email.policy import default
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from halflife.streams.broker.embedded import EmbeddedKafka
from tests.harness.alerting import Alerting
from tests.harness.hook import Hook
from tests.harness.ports import free_port
from tests.harness.records import LAB, Sent, json_record, rows_of
from tests.harness.service import Service, Worker, wait_until
from tests.harness.tools import tool
from tests.harness.trial import GOES_ON

CHANGE, FOUND, END = 300, 360, 560
"""The record of the change, one by which it is found, and one by which a new batch circulates."""

WORK = 60.0
HEADLINE = "lab-a: the instrument or the chemistry has drifted"


class Letters:
    """A mail server's handler that keeps what comes."""

    def __init__(self) -> None:
        self.kept: list[Mail] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's
        self.kept.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 taken"


@pytest.fixture
def letters() -> Iterator[tuple[Letters, int]]:
    kept, port = Letters(), free_port()
    server = Controller(kept, hostname="127.0.0.1", port=port)
    server.start()
    yield kept, port
    server.stop()


@pytest.fixture
def service(kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path) -> Iterator[Service]:
    lab = LAB[: LAB.index("[stream.lab-b]")].replace("min_rows = 80", "min_rows = 130")
    made = Service(kafka.address, topic_prefix, tmp_path / "lab", lab)
    yield made
    made.end()


class Chain:
    """What each receiver was told about the drift of a stream."""

    def __init__(self, alertmanager: Hook, slack: Hook, own: Hook, letters: Letters) -> None:
        self.alertmanager, self.slack, self.own, self.letters = alertmanager, slack, own, letters

    def told(self, status: str) -> dict[str, list[str]]:
        """Texts in which the drift fires, or is over, by receiver."""
        mark = "Over: " if status == "resolved" else ""
        mails = [part for mail in self.letters.kept if (part := _body(mail)) and mail["subject"]]
        slack = [json.loads(post.body)["attachments"][0]["text"] for post in self.slack.taken]
        webhook = [
            one["annotations"]["description"]
            for post in self.alertmanager.taken
            for one in json.loads(post.body)["alerts"]
            if (one["labels"]["alertname"], one["status"]) == ("HalflifeInstrumentDrift", status)
        ]
        own = [
            said["data"]["text"]
            for post in self.own.taken
            if (said := json.loads(post.body))["data"]["kind"] == "drift"
            and said["data"]["status"] == status
        ]
        star, after = ("", "from") if mark else ("*", "critical")
        return {
            "webhook": webhook,
            "slack": [text for text in slack if f"{mark}{star}{HEADLINE}" in text],
            "mail": [text for text in mails if f"{mark}{HEADLINE} ({after}" in text],
            "own webhook": own,
        }

    def everybody(self, status: str, said: Callable[[], str]) -> dict[str, list[str]]:
        """The same, once all know."""
        wait_until(
            lambda: all(self.told(status).values()),
            WORK,
            lambda: f"{self.told(status)}\n{said()}",
            every=0.1,
        )
        return self.told(status)


def _body(mail: Mail) -> str:
    part = mail.get_body(("plain",))  # type: ignore[attr-defined]  # with this policy it has one
    return "" if part is None else str(part.get_content())


def send(service: Service, first: int, last: int) -> None:
    rows = islice(rows_of("lab-a", change=CHANGE), first, last)
    sender = service.producer()
    sender.send([Sent(0, b"lab-a", json.dumps(json_record("lab-a", row)).encode()) for row in rows])
    sender.close()


def check_metrics(port: int) -> str:
    """What a worker tells, once promtool has nothing to say about it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read()
    done = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")
    return str(text.decode())


def test_a_drift_reaches_everybody_once_and_is_over(
    service: Service, letters: tuple[Letters, int], tmp_path: Path
) -> None:
    monitor, generator = free_port(), free_port()
    targets = {
        "halflife-monitor": f"127.0.0.1:{monitor}",
        "halflife-generator": f"127.0.0.1:{generator}",
    }
    with Hook() as from_alertmanager, Hook() as slack, Hook() as own:
        chain = Chain(from_alertmanager, slack, own, letters[0])
        workers = _workers(service, monitor, generator, own)
        send(service, 0, CHANGE)
        addresses = {"webhook": f"{from_alertmanager.url}/alerts", "slack": f"{slack.url}/T/B/x"}
        with Alerting(tmp_path, targets, **addresses, smtp=f"127.0.0.1:{letters[1]}") as alerting:
            workers[0].wait_for(r"lab-a: batch \w+ circulates", WORK)
            assert not any(chain.told("firing").values())
            send(service, CHANGE, FOUND)

            def said() -> str:
                return f"{alerting.said}\n{workers[0].said[-3000:]}"

            chain.everybody("firing", said)
            told = check_metrics(monitor), check_metrics(generator)
            send(service, FOUND, END)
            over = chain.everybody("resolved", said)
            fired = chain.told("firing")
    assert {name: len(texts) for name, texts in fired.items()} == dict.fromkeys(fired, 1)
    assert {name: len(texts) for name, texts in over.items()} == dict.fromkeys(over, 1)
    (words,) = fired["own webhook"]
    assert "the same set-points now give" in words
    assert f"since about record {CHANGE}" in words
    for name in ("webhook", "slack", "mail"):
        assert words in fired[name][0].replace("\n", " ")
        assert "one such alarm in 10000 records is due to chance" in fired[name][0]
    for name in ("slack", "mail"):
        assert "https://lab/RUNBOOK.md#halflifeinstrumentdrift" in fired[name][0]
    (subject,) = {mail["subject"] for mail in letters[0].kept if HEADLINE in _body(mail)[:80]} - {
        f"[resolved] {HEADLINE}"
    }
    assert subject == f"[critical] {HEADLINE}"
    assert from_alertmanager.taken[0].headers["authorization"] == "Bearer a-token"
    assert "halflife_build_info{python=" in told[0]
    assert 'halflife_regenerations_total{cause="first"' in told[1]


def _workers(service: Service, monitor: int, generator: int, own: Hook) -> list[Worker]:
    service.start("generator", "generator", HALFLIFE_GENERATOR_PORT=str(generator))
    worker = service.start(
        "monitor", "monitor", HALFLIFE_WEB_PORT=str(monitor), HALFLIFE_WEBHOOK_URL=own.url
    )
    worker.wait_for(GOES_ON, WORK)
    return [worker]
