"""``halflife up``: the whole service on one machine."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from .options import lab_option, read_settings

if TYPE_CHECKING:
    from halflife.schemas.lab import Lab
    from halflife.schemas.settings import Settings

    from .supervisor import Supervisor

_LOOK: Final = 0.5  # seconds from one look at the workers to the next


@click.command("up")
@lab_option(required=False)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Folder for Kafka's log, models and our logs; default: HALFLIFE_DATA, or .halflife.",
)
def command(lab_file: Path | None, data: Path | None) -> None:
    """Run everything on this machine until Ctrl-C: Kafka, and a worker of each kind.

    With HALFLIFE_BROKER set, that Kafka is used in place of our own. The lab file is ./lab.toml
    unless --lab names another. A worker that dies is started again.
    """
    from halflife.schemas.lab import Lab

    lab_file = lab_file or Path("lab.toml")
    lab = Lab.read(lab_file)
    settings = read_settings()
    if data is not None:
        settings = settings.model_copy(update={"data": data})
    settings = _choose_ports(settings)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        settings.data.mkdir(parents=True, exist_ok=True)
        if settings.broker is None:
            settings = _start_kafka(settings, stack)
        _create_topics(settings)
        workers = stack.enter_context(_workers(settings, lab_file))
        click.echo(_welcome(settings, lab))
        look_after(workers, stop, lambda line: click.echo(line, err=True))
        click.echo("stopping ...")
    click.echo("stopped")


def look_after(workers: Supervisor, stop: threading.Event, say: Callable[[str], None]) -> None:
    """Keeps workers running until ``stop`` is set, and says when one died, with its last words."""
    while not stop.wait(_LOOK):
        for death in workers.poll():
            say(death.text)
            say(workers.last_words(death.name))


def worker_command(kind: str, lab_file: Path) -> list[str]:
    """Program and arguments of a worker: ``monitor``, ``generator`` or ``connect``."""
    module = "halflife.streams.commands.main"
    return [sys.executable, "-m", module, kind, "--lab", str(lab_file.absolute())]


def _choose_ports(settings: Settings) -> Settings:
    """Free ports in place of those that are 0, so that they can be told."""
    chosen = {}
    with ExitStack() as held:
        for name in ("web_port", "generator_port", "connect_port"):
            if getattr(settings, name) == 0:
                probe = held.enter_context(socket.socket())
                probe.bind((settings.web_host, 0))
                chosen[name] = probe.getsockname()[1]
    return settings.model_copy(update=chosen)


def _start_kafka(settings: Settings, stack: ExitStack) -> Settings:
    from halflife.streams.broker.embedded import EmbeddedKafka

    from .reach import announced

    click.echo("starting Apache Kafka ...")
    kafka = EmbeddedKafka(settings.data / "kafka", cache=settings.cache)
    address = stack.enter_context(kafka).address
    stack.enter_context(announced(settings.data, address))
    return settings.model_copy(update={"broker": address})


def _create_topics(settings: Settings) -> None:
    from halflife.streams.broker.topics import TopicPlan, create_topics

    create_topics(
        settings,
        TopicPlan.with_prefix(settings.topic_prefix),
        partitions=settings.partitions,
        replication=settings.replication,
    )


def _workers(settings: Settings, lab_file: Path) -> Supervisor:
    from .supervisor import Supervisor

    environment = {
        **os.environ,
        "HALFLIFE_BROKER": settings.broker or "",
        "HALFLIFE_DATA": str(settings.data.absolute()),
        "HALFLIFE_WEB_PORT": str(settings.web_port),
        "HALFLIFE_GENERATOR_PORT": str(settings.generator_port),
        "HALFLIFE_CONNECT_PORT": str(settings.connect_port),
    }
    commands = {
        "monitor worker": worker_command("monitor", lab_file),
        "generator worker": worker_command("generator", lab_file),
        "connect worker": worker_command("connect", lab_file),
    }
    return Supervisor(commands, environment, settings.data / "logs")


def _welcome(settings: Settings, lab: Lab) -> str:
    streams, sources = list(lab.streams), list(lab.sources)
    host = settings.web_host if settings.web_host != "0.0.0.0" else "localhost"  # noqa: S104  # shown, not bound
    page = f"http://{host}:{settings.web_port}"
    push = f"http{'s' * bool(settings.push_certfile)}://{host}:{settings.connect_port}"
    return "\n".join(
        [
            f"Halflife watches {len(streams)} stream{'s' * (len(streams) != 1)}: "
            + ", ".join(streams),
            f"  live page   {page}/",
            f"  metrics     {page}/metrics and http://{host}:{settings.generator_port}/metrics",
            f"  records     POST {push}/v1/records"
            + (f", and from {', '.join(sources)}" if sources else ""),
            f"  Kafka       {settings.broker}",
            f"  logs        {settings.data / 'logs'}",
            f"Send records with: halflife replay DATA.csv --stream {streams[0]} --lab LAB.toml",
            "Ctrl-C ends it all.",
        ]
    )
