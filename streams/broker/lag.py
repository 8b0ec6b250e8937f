"""How far a consumer group is behind the ends of its topics, and that as Prometheus metrics."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from halflife.schemas.settings import Settings

from .access import open_admin
from .broker_error import BrokerError

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

_PAUSE: Final = 0.1  # seconds between two questions

_EXPORTED: Final = (
    (
        "kafka_consumergroup_lag",
        "Lag of a consumer group, under the name that kafka_exporter uses.",
        ["consumergroup", "topic", "partition"],
    ),
    (
        "kafka_consumergroup_current_offset",
        "Offset at which a consumer group goes on, under the name that kafka_exporter uses.",
        ["consumergroup", "topic", "partition"],
    ),
    (
        "kafka_topic_partition_current_offset",
        "End of a partition, under the name that kafka_exporter uses.",
        ["topic", "partition"],
    ),
)
"""What dashboards made for danielqsj/kafka_exporter, the most used one, ask for."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """How far a group is behind in one partition.

    Args:
        topic: Of the partition.
        partition: Its number.
        end: Offset that the next message readable for ``read_committed`` will have, or more.
        committed: Offset at which the group goes on, None if it never committed one.
        lag: ``end - committed``; of a group that never committed, from the first offset there is.
            In offsets: in a transactional topic each commit counts as one.
    """

    topic: str
    partition: int
    end: int
    committed: int | None
    lag: int


def read_lag(
    settings: Settings, group: str, topics: Sequence[str], *, seconds: float = 10.0
) -> list[PartitionLag]:
    """How far a group is behind in each partition of some topics, by topic and partition.

    Args:
        settings: How the cluster is reached.
        group: The consumer group.
        topics: Those that there are not are left out.
        seconds: How long the cluster may take to answer.

    Raises:
        BrokerError: If it does not answer.
    """
    from kafka import TopicPartition
    from kafka.admin import OffsetSpec
    from kafka.errors import KafkaError
    from kafka.protocol.consumer import IsolationLevel

    with open_admin(settings, seconds=seconds) as admin:
        try:
            there = set(admin.list_topics())
            wanted = [name for name in topics if name in there]
            partitions = [
                TopicPartition(topic["name"], partition["partition_index"])
                for topic in (admin.describe_topics(wanted) if wanted else [])
                for partition in topic["partitions"]
            ]
            if not partitions:
                return []
            firsts = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
            ends = admin.list_partition_offsets(
                dict.fromkeys(partitions, OffsetSpec.LATEST),
                isolation_level=IsolationLevel.READ_COMMITTED,
            )
            offsets = _committed(admin, group, partitions, time.monotonic() + seconds)
        except KafkaError as error:
            raise BrokerError(f"could not read the lag of {group}: {error}") from error
    lags = []
    for at in sorted(partitions):
        found = offsets[at].offset if at in offsets else -1
        committed = found if found >= 0 else None
        end = ends[at].offset
        start = firsts[at].offset if committed is None else max(committed, firsts[at].offset)
        lags.append(PartitionLag(at.topic, at.partition, end, committed, max(0, end - start)))
    return lags


def _committed(admin: Any, group: str, partitions: list[Any], deadline: float) -> dict[Any, Any]:
    """The committed offsets by partition.

    The first question for a group makes Kafka create the topic of its offsets: ask again then.
    """
    from kafka.errors import (
        CoordinatorLoadInProgressError,
        CoordinatorNotAvailableError,
        NotCoordinatorError,
    )

    while True:
        try:
            found: dict[Any, Any] = admin.list_group_offsets({group: partitions})[group]
        except (
            CoordinatorLoadInProgressError,
            CoordinatorNotAvailableError,
            NotCoordinatorError,
        ):
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return found


class LagCollector(Collector):
    """Shows the lag of a group to Prometheus; a scrape never waits for Kafka.

    A thread reads the lag once a period. While Kafka does not answer, the last lag is shown, its
    age can be told from ``halflife_lag_timestamp_seconds``, and ``halflife_lag_errors_total``
    counts.

    Args:
        settings: How the cluster is reached.
        group: The consumer group.
        topics: Those that it reads.
        period: Seconds from one reading to the next.
        read: Reads the lag of a group in topics.
        clock: Seconds since the epoch.

    Example:
        >>> from prometheus_client import CollectorRegistry
        >>> lags = [PartitionLag("halflife.records", 0, end=12, committed=7, lag=5)]
        >>> collector = LagCollector(
        ...     Settings(), "monitor", ["halflife.records"], read=lambda *asked: lags
        ... )
        >>> collector.refresh()
        >>> registry = CollectorRegistry()
        >>> registry.register(collector)
        >>> registry.get_sample_value(
        ...     "halflife_input_lag_records", {"topic": "halflife.records", "partition": "0"}
        ... )
        5
    """

    def __init__(
        self,
        settings: Settings,
        group: str,
        topics: Sequence[str],
        *,
        period: float = 10.0,
        read: Callable[[Settings, str, Sequence[str]], list[PartitionLag]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._group = group
        self._topics = tuple(topics)
        self._read = read_lag if read is None else read
        self._period = period
        self._clock = clock
        self._lags: list[PartitionLag] = []
        self._read_at: float | None = None
        self._answered: bool | None = None
        self._errors = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lag", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begins to read in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Ends reading; waits for a reading that is under way."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def refresh(self) -> None:
        """Reads the lag now; an error is counted and logged, never raised."""
        try:
            self._lags = self._read(self._settings, self._group, self._topics)
        except Exception as error:  # noqa: BLE001  # no error of a client may end the readings
            self._errors += 1
            self._answered = False
            _log.warning("lag of %s not read: %s", self._group, error)
        else:
            self._read_at = self._clock()
            self._answered = True

    def collect(self) -> Iterator[Metric]:
        """The metrics, from what was read last."""
        lag = GaugeMetricFamily(
            "halflife_input_lag_records",
            "Messages in the input that the worker has not yet taken in.",
            labels=["topic", "partition"],
        )
        group_lag, group_offset, end = (
            GaugeMetricFamily(name, text, labels=labels) for name, text, labels in _EXPORTED
        )
        for each in self._lags:
            place = [each.topic, str(each.partition)]
            lag.add_metric(place, each.lag)
            group_lag.add_metric([self._group, *place], each.lag)
            group_offset.add_metric([self._group, *place], each.committed or 0)
            end.add_metric(place, each.end)
        yield from (lag, group_lag, group_offset, end)
        if self._answered is not None:
            yield GaugeMetricFamily(
                "halflife_broker_up",
                "1 if Kafka answered when it was last asked.",
                value=self._answered,
            )
        yield CounterMetricFamily(
            "halflife_lag_errors", "Readings of the lag that failed.", value=self._errors
        )
        if self._read_at is not None:
            yield GaugeMetricFamily(
                "halflife_lag_timestamp_seconds",
                "When the lag was last read, in seconds since the epoch.",
                value=self._read_at,
            )

    def _run(self) -> None:
        """The thread."""
        while not self._ended.is_set():
            self.refresh()
            self._ended.wait(self._period)
