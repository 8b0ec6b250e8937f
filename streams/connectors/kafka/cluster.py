"""What a cluster has: topics, partitions, offsets. Looking changes nothing there."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar

from halflife.schemas.settings import Settings
from halflife.schemas.sources.topic_source import TopicSource
from halflife.streams.broker.access import open_admin
from halflife.streams.broker.broker_error import BrokerError
from halflife.streams.connectors.errors import SourceAway, SourceRefused
from halflife.streams.connectors.surroundings import Surroundings

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

_Result = TypeVar("_Result")
_SECONDS: Final = 15.0
_NO_ID: Final = "00000000-0000-0000-0000-000000000000"
_PROTOCOLS: Final[
    Mapping[tuple[bool, bool], Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]]
] = {
    (False, False): "PLAINTEXT",
    (False, True): "SSL",
    (True, False): "SASL_PLAINTEXT",
    (True, True): "SASL_SSL",
}
EARLIEST: Final = -2
LATEST: Final = -1


@dataclass(frozen=True, slots=True)
class SeenTopic:
    """A topic as a cluster tells of it.

    Args:
        topic_id: Its identity; empty if the cluster has none.
        partitions: Numbers of its partitions.
    """

    topic_id: str
    partitions: tuple[int, ...]


class Cluster:
    """Looks at topics, without making any.

    Args:
        settings: How the cluster is reached.
        wanted: Names of topics, which may have ``*`` and ``?`` in them.
        own: What the names of topics begin with that Halflife itself writes there; None if it
            writes nothing to this cluster.

    Raises:
        SourceAway: By each call, if the cluster does not answer.
        SourceRefused: By each call, if it does not let us in, or not to the topics.
    """

    def __init__(self, settings: Settings, wanted: Iterable[str], *, own: str | None) -> None:
        self._settings = settings
        self._wanted = list(wanted)
        self._own = own
        self._admin: KafkaAdminClient | None = None
        loop = [name for name in self._wanted if own is not None and name.startswith(f"{own}.")]
        if loop:
            raise SourceRefused(
                f"topic {loop[0]!r} is Halflife's own: it would read what it writes"
            )

    async def __aenter__(self) -> Self:
        opening = asyncio.ensure_future(asyncio.to_thread(open_admin, self._settings))
        try:
            self._admin = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_closed)  # the thread goes on for a moment
            raise
        except BrokerError as error:
            said = str(error).replace("HALFLIFE_SSL_CAFILE", "ca_file")
            if isinstance(error.__cause__, ssl.SSLError) or "refused user" in said:
                raise SourceRefused(said) from error
            raise SourceAway(said) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._admin is not None:
            with suppress(Exception):  # it is let go of, whatever it says of that
                await asyncio.wait_for(asyncio.to_thread(self._admin.close), _SECONDS)

    async def topics(self) -> dict[str, SeenTopic]:
        """The wanted topics that are there."""
        patterns = any(c in name for name in self._wanted for c in "*?")
        # A topic that is asked for by its name tells whether we may read it.
        asked = None if patterns else self._wanted
        found = await self._ask(lambda admin: admin.describe_topics(asked))
        seen = {}
        for topic in found:
            name = topic["name"]
            if not self._is_wanted(name, internal=topic.get("is_internal", False)):
                continue
            if _error(topic) == "TopicAuthorizationFailedError":
                raise SourceRefused(f"topic {name!r}: the cluster does not let us read it")
            numbers = tuple(sorted(part["partition_index"] for part in topic["partitions"]))
            if _error(topic) == "NoError" and numbers:
                topic_id = str(topic.get("topic_id") or _NO_ID)
                seen[name] = SeenTopic("" if topic_id == _NO_ID else topic_id, numbers)
        return seen

    async def offsets(
        self, places: Iterable[tuple[str, int]], spec: int
    ) -> dict[tuple[str, int], int]:
        """Offsets of partitions, by topic and number.

        Args:
            places: The partitions.
            spec: ``EARLIEST``, ``LATEST``, or milliseconds since 1970: then the first message that
                is not before it, and the end where there is none.
        """
        from kafka import TopicPartition

        asked = {TopicPartition(*place): spec for place in places}
        if not asked:
            return {}
        found = await self._ask(lambda admin: admin.list_partition_offsets(asked))
        offsets = {(place.topic, place.partition): at.offset for place, at in found.items()}
        late = [place for place, offset in offsets.items() if offset < 0]
        return offsets | (await self.offsets(late, LATEST) if late else {})

    def _is_wanted(self, name: str, *, internal: bool) -> bool:
        if name in self._wanted:
            return True
        ours = self._own is not None and name.startswith(f"{self._own}.")
        return not (internal or ours) and any(fnmatchcase(name, one) for one in self._wanted)

    async def _ask(self, question: Callable[[KafkaAdminClient], Any]) -> Any:
        from kafka.errors import KafkaError

        admin = self._admin
        if admin is None:
            raise SourceAway("is not connected")
        try:
            return await self._soon(lambda: question(admin))
        except (KafkaError, OSError) as error:
            where = self._settings.broker
            raise SourceAway(f"Kafka at {where}: {type(error).__name__}: {error}") from error

    async def _soon(self, work: Callable[[], _Result]) -> _Result:
        """The client waits while it works: it does so in a thread, and not for ever."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(work), _SECONDS)
        except TimeoutError:
            said = f"Kafka at {self._settings.broker} did not answer within {_SECONDS:g} s"
            raise SourceAway(said) from None


def cluster_settings(plan: TopicSource, surroundings: Surroundings) -> Settings:
    """How the cluster of a source is reached: as the lab file says, or as Halflife's own.

    Raises:
        LabFileError: For a password that cannot be read.
        SourceRefused: If there is no cluster to read from.
    """
    own = surroundings.settings
    if plan.servers is None and own.broker is None:
        raise SourceRefused("servers is missing, and Halflife has no broker of its own here")
    if not plan.own_access:
        return own
    return Settings(
        broker=plan.servers or own.broker,
        security_protocol=_PROTOCOLS[plan.username is not None, plan.tls],
        sasl_mechanism=plan.sasl_mechanism if plan.username else None,
        sasl_username=plan.username,
        sasl_password=plan.password(surroundings.environ),
        ssl_cafile=plan.ca_file,
        ssl_certfile=plan.cert_file,
        ssl_keyfile=plan.key_file,
    )


def own_prefix(plan: TopicSource, settings: Settings) -> str | None:
    """What Halflife's own topics begin with, if the source reads from the cluster that has them."""
    ours = set((settings.broker or "").split(","))
    same = plan.servers is None or bool(ours & set(plan.servers.split(",")))
    return settings.topic_prefix if same else None


def _closed(opening: asyncio.Future[KafkaAdminClient]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _error(topic: Mapping[str, Any]) -> str:
    from kafka.errors import for_code

    return str(for_code(topic["error_code"]).__name__)
