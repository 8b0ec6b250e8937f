"""The topics of Halflife: their names and settings, and making them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from halflife.schemas.settings import Settings

from .access import open_admin
from .broker_error import BrokerError

MAX_MESSAGE_BYTES: Final = 5 * 2**20
DEAD_LETTER_ROOM: Final = 2**17  # a dead letter is the message as it was, and headers

_DAY: Final = 24 * 60 * 60 * 1000  # milliseconds
_FOR_EVER: Final = "-1"  # the log is the database: windows and evidence are read from it again


@dataclass(frozen=True, kw_only=True)
class TopicPlan:
    """The names of all topics; each may be foreign.

    Args:
        records: Real records.
        synthetic: Rows of synthetic batches.
        batches: Manifests of batches, compacted.
        fidelity: Fidelity reports.
        alerts: Alerts, firing and resolved.
        regenerations: Requests for batches, and what came of them.
        dead_letters: Messages that could not be used, with the reason.
        snapshots: State of the monitors, compacted.
        control: What workers are told by hand.
        decisions: What was done of it.
        progress: How far a training is.
        sources: How far each source has been read, compacted.
        source_events: Sources that were connected, lost, or not heard for a time.

    Example:
        >>> TopicPlan.with_prefix("lab", records="hplc.runs").dead_letters
        'lab.dead-letters'
    """

    records: str
    synthetic: str
    batches: str
    fidelity: str
    alerts: str
    regenerations: str
    dead_letters: str
    snapshots: str
    control: str
    decisions: str
    progress: str
    sources: str
    source_events: str

    def __post_init__(self) -> None:
        names = self.names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"one topic for two purposes: {', '.join(twice)}")

    @property
    def names(self) -> tuple[str, ...]:
        """All topics."""
        return tuple(getattr(self, field.name) for field in fields(self))

    @property
    def configs(self) -> dict[str, dict[str, str]]:
        """The settings with which each topic is made, by name."""
        keep = {"retention.ms": _FOR_EVER, "max.message.bytes": str(MAX_MESSAGE_BYTES)}
        room = str(MAX_MESSAGE_BYTES + DEAD_LETTER_ROOM)
        compacted = {"cleanup.policy": "compact", "max.message.bytes": str(MAX_MESSAGE_BYTES)}
        # Times are judged by the broker's clock as it wrote the record, so that a replay of the
        # log judges the same.
        broker_time = {"message.timestamp.type": "LogAppendTime"}
        return {
            self.records: keep | broker_time,
            self.synthetic: keep,
            # Old manifests stay listed for a month, then only the last one of a stream is kept.
            self.batches: compacted | {"min.compaction.lag.ms": str(30 * _DAY)},
            self.fidelity: keep,
            self.alerts: keep,
            self.regenerations: keep,
            self.dead_letters: keep | {"max.message.bytes": room},
            # Only the last snapshot counts: small segments are compacted soon, and read fast.
            self.snapshots: compacted
            | {
                "segment.bytes": str(16 * 2**20),
                "segment.ms": str(_DAY // 24),
                "min.cleanable.dirty.ratio": "0.1",
            },
            self.control: {"retention.ms": str(_DAY)},
            self.decisions: keep,
            self.progress: {"retention.ms": str(_DAY)},
            self.sources: compacted | {"segment.bytes": str(16 * 2**20)},
            self.source_events: keep,
        }

    @classmethod
    def with_prefix(cls, prefix: str = "halflife", **foreign: str) -> Self:
        """``prefix.purpose`` for every topic but those named.

        Args:
            prefix: Before the dot.
            **foreign: Names of topics that are called otherwise, by field.

        Raises:
            TypeError: For a field that there is not.
        """
        names = {field.name: f"{prefix}.{field.name.replace('_', '-')}" for field in fields(cls)}
        return cls(**(names | foreign))


def create_topics(
    settings: Settings, plan: TopicPlan, *, partitions: int, replication: int = 1
) -> list[str]:
    """Makes the topics that are not there; those that are stay as they are.

    Args:
        settings: How the cluster is reached.
        plan: The topics.
        partitions: Of each topic: one count, so that one worker holds all of a stream.
        replication: Copies of each partition. With three or more, all but one must have a
            message before it counts as written.

    Returns:
        The names of the topics that were made.

    Raises:
        BrokerError: If an existing topic has another count of partitions, or the cluster refuses.
    """
    from kafka.errors import KafkaError

    configs = {name: {**plan.configs[name], **_in_sync(replication)} for name in plan.names}
    with open_admin(settings) as admin:
        try:
            missing = [name for name in plan.names if name not in set(admin.list_topics())]
            wanted = {
                name: {
                    "num_partitions": partitions,
                    "replication_factor": replication,
                    "configs": configs[name],
                }
                for name in missing
            }
            created = _create(admin, wanted) if wanted else []
            admin.wait_for_topics(list(plan.names))
            counts = {t["name"]: len(t["partitions"]) for t in admin.describe_topics(plan.names)}
        except KafkaError as error:
            raise BrokerError(f"could not make the topics at {settings.broker}: {error}") from error
    for name in plan.names:
        count = counts[name]
        if count != partitions:
            raise BrokerError(
                f"topic {name} has {count} partitions where {partitions} are due: all topics "
                "need one count, so that one worker holds all of a stream; make it anew, or "
                f"set the count to {count}"
            )
    return created


def _create(admin: Any, wanted: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Makes topics; that another worker made one in between is no error."""
    from kafka.errors import NoError, TopicAlreadyExistsError, for_code

    created = []
    for topic in admin.create_topics(wanted, raise_errors=False)["topics"]:
        problem = for_code(topic["error_code"])
        if problem is NoError:
            created.append(topic["name"])
        elif problem is not TopicAlreadyExistsError:
            raise BrokerError(
                f"could not make topic {topic['name']}: "
                f"{topic.get('error_message') or problem.__name__}"
            )
    return created


def _in_sync(replication: int) -> dict[str, str]:
    """How many copies must have a message."""
    return {"min.insync.replicas": str(replication - 1)} if replication >= 3 else {}
