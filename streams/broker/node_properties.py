"""The ``server.properties`` of a Kafka of one node, broker and controller at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"  # the only address at which an embedded broker listens
BROKER: Final = "PLAINTEXT"
CONTROLLER: Final = "CONTROLLER"


def node_properties(
    data: Path,
    ports: Mapping[str, int],
    protocols: Mapping[str, str],
    extra: Mapping[str, str],
) -> dict[str, str]:
    """The settings of the node.

    Args:
        data: Folder of the logs.
        ports: Of each listener by name, ``BROKER`` and ``CONTROLLER`` among them.
        protocols: Security protocol of each listener beside these two.
        extra: Settings that go over these.

    Example:
        >>> ports = {"PLAINTEXT": 19092, "CONTROLLER": 19093}
        >>> node_properties(Path("data"), ports, {}, {})["advertised.listeners"]
        'PLAINTEXT://127.0.0.1:19092'
    """
    of = {BROKER: "PLAINTEXT", CONTROLLER: "PLAINTEXT", **protocols}
    listeners = {name: f"{name}://{HOST}:{ports[name]}" for name in of}
    advertised = [text for name, text in listeners.items() if name != CONTROLLER]
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": f"{HOST}:{ports[CONTROLLER]}",
        "listeners": ",".join(listeners.values()),
        "advertised.listeners": ",".join(advertised),
        "listener.security.protocol.map": ",".join(f"{n}:{p}" for n, p in of.items()),
        "controller.listener.names": CONTROLLER,
        "inter.broker.listener.name": BROKER,
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        # One node holds the only replica, and few partitions of Kafka's own topics are enough.
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        # A shutdown in order first takes the leader from each partition. There is no other node to
        # lead it, and Kafka takes a partition without a leader for deleted: a transaction that is
        # committed at that moment is complete without its marker there, and who reads only what is
        # committed waits at that place for ever. So markers are written after the start instead.
        "controlled.shutdown.enable": "false",
        # At a start the node waits until its own former session is over: 9 s by default.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        **extra,
    }


def as_text(properties: Mapping[str, str]) -> str:
    r"""The settings as a Java properties file.

    Example:
        >>> as_text({"node.id": "1", "log.dirs": "data"})
        'node.id=1\nlog.dirs=data\n'
    """
    return "".join(f"{name}={_escaped(value)}\n" for name, value in properties.items())


def _escaped(value: str) -> str:
    """A value as Java reads it back."""
    return value.replace("\\", "\\\\").replace("\n", "\\n")
