"""Listens to observable properties of one SiLA 2 server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final, Self

import grpc
from sila2.features.silaservice import SiLAServiceFeature
from sila2.framework.feature import Feature

from halflife.schemas.sources.sila_source import SilaSource

from .errors import SourceAway, SourceRefused
from .sila_update import SilaUpdate
from .sila_values import Scale, property_value, scales_of
from .units import Units

_ANSWER_SECONDS: Final = 5.0
_BEAT_SECONDS: Final = 3.0
_AGAIN_SECONDS: Final = 5.0
_MOST_WAITING: Final = 10_000
_OPTIONS: Final = (
    # An instrument in the lab is not behind the proxy that leads out of it.
    ("grpc.enable_http_proxy", 0),
    # Another try is another connection, and does not wait for what a former one found out.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", 4 << 20),
)
# The library makes modules of a definition by way of sys.path.
_COMPILING: Final = threading.Lock()


class SilaClient:
    """Subscribes to properties; whoever enters can take `updates`, whoever leaves ends them.

    Built on the half of sila2 that understands definitions: its client knows no deadlines, so that
    a server that stands still would never be noticed, and its subscriptions are threads. Here the
    server is asked for its identity every three seconds.

    Args:
        plan: Of the source.
        names: Feature and property of each.
        clock: Seconds since 1970.

    Raises:
        SourceAway: By each call, if the server is not there or is gone.
        SourceRefused: On entering, if it has no such property, or a certificate cannot be read.
    """

    def __init__(
        self, plan: SilaSource, names: Iterable[str], *, clock: Callable[[], float]
    ) -> None:
        self.updates: asyncio.Queue[SilaUpdate] = asyncio.Queue(_MOST_WAITING)
        self.scales: dict[str, dict[str, Scale]] = {}
        self.heard = clock()
        self._plan = plan
        self._names = sorted(set(names))
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []
        self._lost = ""
        self._service: Any = None
        self._channel: Any = None

    @property
    def address(self) -> str:
        """Of the server, for people."""
        return f"sila://{self._plan.host}:{self._plan.port}"

    async def __aenter__(self) -> Self:
        self._channel = self._connect()
        try:
            await self._begin()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._channel.close()

    def check(self) -> None:
        """Raise if the server is gone."""
        if self._lost:
            raise SourceAway(f"{self.address}: {self._lost}")
        for task in self._tasks:
            if task.done():
                task.result()

    def _connect(self) -> Any:
        plan = self._plan
        place = f"{plan.host}:{plan.port}"
        if plan.insecure:
            return grpc.aio.insecure_channel(place, options=_OPTIONS)
        try:
            ca, key, certificate = (
                None if path is None else path.read_bytes()
                for path in (plan.ca_file, plan.key_file, plan.cert_file)
            )
        except OSError as error:
            raise SourceRefused(
                f"source.{plan.name}: a certificate cannot be read: {error}"
            ) from None
        trust = grpc.ssl_channel_credentials(ca, key, certificate)
        return grpc.aio.secure_channel(place, trust, options=_OPTIONS)

    async def _begin(self) -> None:
        self._service = _stub(SiLAServiceFeature, self._channel)
        answer = await self._ask("Get_ImplementedFeatures")
        there = [each.value for each in answer.ImplementedFeatures]
        features = {name.partition(".")[0] for name in self._names}
        wanted = []
        for name in sorted(features):
            feature = await self._feature(name, there)
            stub = _stub(feature, self._channel)
            own = [each for each in self._names if each.partition(".")[0] == name]
            wanted += [self._property(feature, stub, each) for each in own]
        for work in [self._watch(), *(self._listen(*each) for each in wanted)]:
            self._tasks.append(asyncio.create_task(work))

    async def _feature(self, name: str, there: list[str]) -> Feature:
        """The latest version of a feature of this server."""
        found = [each for each in there if each.split("/")[-2:-1] == [name]]
        if not found:
            known = ", ".join(sorted(each.split("/")[-2] for each in there if each.count("/") == 3))
            raise SourceRefused(f"{self.address} has no feature {name!r}; it has {known}")
        latest = max(found, key=lambda each: int(each.rpartition("/v")[2] or 0))
        answer = await self._ask("GetFeatureDefinition", FeatureIdentifier={"value": latest})
        text = answer.FeatureDefinition.value
        if not text.lstrip("\ufeff \r\n\t").startswith("<"):  # it would be taken for a path
            raise SourceRefused(f"{self.address}: the definition of {latest} is no XML")
        try:
            return await asyncio.to_thread(_compiled, text)
        except Exception as error:  # the library raises what its parsers do
            raise SourceRefused(
                f"{self.address}: the definition of {latest} cannot be used: {error}"
            ) from error

    def _property(self, feature: Feature, stub: Any, name: str) -> tuple[str, str, Any, Any]:
        """What it takes to listen to a property; raises if that cannot be done."""
        own = name.partition(".")[2]
        node = feature._fdl_node.find(  # noqa: SLF001  # the definition itself is not public
            f"{{*}}Property[{{*}}Identifier='{own}']"
        )
        if node is None or node.findtext("{*}Observable") != "Yes":
            known = ", ".join(
                each.findtext("{*}Identifier")
                for each in feature._fdl_node.iterfind("{*}Property")  # noqa: SLF001  # as above
                if each.findtext("{*}Observable") == "Yes"
            )
            raise SourceRefused(
                f"{self.address} has no observable property {name!r}; observable are {known}"
            )
        self.scales[name] = scales_of(node.find("{*}DataType"), feature._fdl_node, Units())  # noqa: SLF001  # as above
        question = getattr(feature._pb2_module, f"Subscribe_{own}_Parameters")()  # noqa: SLF001  # as above
        return name, own, getattr(stub, f"Subscribe_{own}"), question

    async def _listen(self, name: str, own: str, subscribe: Any, question: Any) -> None:
        """Hear a property until the server is gone; one that is refused is asked for again."""
        while True:
            try:
                async for answer in subscribe(question):
                    self.heard = self._clock()
                    value = property_value(answer, own, self.scales[name])
                    await self.updates.put(SilaUpdate(name=name, heard=self.heard, value=value))
                trouble = "the server has ended the subscription"
            except grpc.aio.AioRpcError as error:
                trouble = _said(error)
                if error.code() is grpc.StatusCode.UNAVAILABLE:
                    self._lost = trouble
            await self.updates.put(SilaUpdate(name=name, heard=self.heard, trouble=trouble))
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _watch(self) -> None:
        """Notice a server that stands still, though its connections do."""
        while not self._lost:
            await asyncio.sleep(_BEAT_SECONDS)
            try:
                await self._ask("Get_ServerUUID")
            except SourceAway as error:
                self._lost = str(error).partition(": ")[2]

    async def _ask(self, name: str, **values: Any) -> Any:
        """An answer of the service that each server has."""
        question = getattr(SiLAServiceFeature._pb2_module, f"{name}_Parameters")(**values)  # noqa: SLF001  # as above
        try:
            answer = await getattr(self._service, name)(question, timeout=_ANSWER_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise SourceAway(f"{self.address}: {_said(error)}") from None
        self.heard = self._clock()
        return answer


def _stub(feature: Feature, channel: Any) -> Any:
    return getattr(feature._grpc_module, f"{feature._identifier}Stub")(channel)  # noqa: SLF001  # what the library compiles has no public name


def _compiled(text: str) -> Feature:
    with _COMPILING:
        return Feature(text)


def _said(error: Any) -> str:
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return "does not answer any more"
    return f"{error.code().name.lower()}: {error.details()}"[:500]
