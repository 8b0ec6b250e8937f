"""Changes of variables as an OPC UA server sends them, and the pulse that says it still does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from halflife.schemas.sources.opcua_source import OpcuaSource

from .errors import SourceAway, SourceRefused
from .opcua_link import told
from .opcua_reading import Reading
from .opcua_values import zoned
from .opcua_variable import OpcuaVariable

if TYPE_CHECKING:
    from asyncua import Client

_AT_ONCE: Final = 500
_MOST_WAITING: Final = 200_000
_LIFE_SECONDS: Final = 30.0
_PULSE: Final = 0
_CLOCK_NODE: Final = 2258


class OpcuaSubscription:
    """One subscription in one session.

    The last variable of it is the clock of the server. As a server sends what it has in its order,
    everything older than the latest time of that clock has been heard; and a server whose clock
    stands still for some seconds is gone, whatever its connection looks like.

    Args:
        client: Connected.
        plan: Of the source.
    """

    def __init__(self, client: Client, plan: OpcuaSource) -> None:
        self.pulse: datetime | None = None
        self._client = client
        self._plan = plan
        self._variables: list[OpcuaVariable] = []
        self._waiting: list[Reading] = []
        self._woken = asyncio.Event()
        self._lost = ""
        self._heard = time.monotonic()
        self._subscription: Any = None

    async def begin(self, variables: Sequence[OpcuaVariable]) -> None:
        """Subscribe to variables, in their order, and to the clock of the server.

        Raises:
            SourceAway, SourceRefused: As the server answers.
        """
        from asyncua import ua

        plan = self._plan
        # What the trigger stands for was heard before it, if it comes last.
        variables = sorted(variables, key=lambda each: each.name == plan.trigger)
        self._variables = variables
        self._client.connection_lost_callback = self._connection_lost
        silence = plan.silence_seconds
        parameters = ua.CreateSubscriptionParameters()
        parameters.RequestedPublishingInterval = 1000 * plan.interval
        # asyncua makes a subscription anew, without a word, when it hears nothing for 1.5 times
        # this count: `changes` is to notice it first.
        alive = max(3, round(2 * silence / plan.interval))
        parameters.RequestedMaxKeepAliveCount = alive
        parameters.RequestedLifetimeCount = max(3 * alive, round(_LIFE_SECONDS / plan.interval))
        parameters.MaxNotificationsPerPublish = 0
        with told(plan.url, "subscribing"):
            self._subscription = await self._client.create_subscription(parameters, self)
            for first in range(0, len(variables), _AT_ONCE):
                chosen = range(first, min(first + _AT_ONCE, len(variables)))
                asked = [self._request(i + 1, variables[i]) for i in chosen]
                answers = await self._subscription.create_monitored_items(asked)
                self._check([variables[i] for i in chosen], answers)
            clock = OpcuaVariable("the clock of the server", ua.NodeId(_CLOCK_NODE))
            answers = await self._subscription.create_monitored_items(
                [self._request(_PULSE, clock)]
            )
            self._check([clock], answers)
        self._heard = time.monotonic()

    async def changes(self, seconds: float) -> list[Reading]:
        """What has changed since the last call, in the order of the sources' times.

        Args:
            seconds: Longest to wait for something.

        Raises:
            SourceAway: When the connection is lost, when the server says nothing for too long,
                and when more waits than can be kept.
        """
        if not self._waiting and not self._lost:
            self._woken.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), seconds)
        # Several changes of one message come as several calls of the loop, one after the other.
        await asyncio.sleep(0)
        found, self._waiting = self._waiting, []
        if found:
            return sorted(found, key=lambda reading: reading.time)
        if self._lost:
            raise SourceAway(f"{self._plan.url}: {self._lost}")
        silent = time.monotonic() - self._heard
        if silent > self._plan.silence_seconds:
            raise SourceAway(f"{self._plan.url}: said nothing for {silent:.0f} s")
        return []

    async def end(self) -> None:
        """Take the subscription away from the server, if it listens."""
        if self._subscription is not None and not self._lost:
            with suppress(Exception):
                await asyncio.wait_for(self._subscription.delete(), 1.0)

    def datachange_notification(self, _node: Any, value: Any, data: Any) -> None:
        """Called by asyncua for each change."""
        item = data.monitored_item.Value
        at = item.SourceTimestamp or item.ServerTimestamp
        when = datetime.now(UTC) if at is None else zoned(at)
        self._heard = time.monotonic()
        handle = data.subscription_data.client_handle
        if handle == _PULSE:
            self.pulse = zoned(value) if isinstance(value, datetime) else when
        elif len(self._waiting) >= _MOST_WAITING:
            self._lost = f"more than {_MOST_WAITING:,} changes wait to be written"
            self._waiting.clear()
        else:
            status = item.StatusCode.value if item.StatusCode is not None else 0
            name = self._variables[handle - 1].name
            self._waiting.append(Reading(name, value, when, int(status)))
        self._woken.set()

    def status_change_notification(self, status: Any) -> None:
        """Called by asyncua when the server ends the subscription."""
        code = getattr(getattr(status, "Status", status), "name", status)
        self._lost = self._lost or f"the server has ended the subscription: {code}"
        self._woken.set()

    async def _connection_lost(self, error: Exception) -> None:
        self._lost = self._lost or f"the connection is lost: {error or type(error).__name__}"
        self._woken.set()

    def _request(self, handle: int, variable: OpcuaVariable) -> Any:
        from asyncua import ua

        plan = self._plan
        is_trigger = variable.name == plan.trigger
        wanted = ua.MonitoringParameters()
        wanted.ClientHandle = handle
        wanted.SamplingInterval = 1000 * plan.sampling if plan.sampling else 0.0
        wanted.QueueSize = 1 if handle == _PULSE else plan.queue
        wanted.DiscardOldest = True
        if plan.deadband is not None and variable.is_number and not is_trigger:
            wanted.Filter = ua.DataChangeFilter(
                ua.DataChangeTrigger.StatusValue, ua.DeadbandType.Absolute, plan.deadband
            )
        value = ua.ReadValueId()
        value.NodeId, value.AttributeId = variable.node, ua.AttributeIds.Value
        item = ua.MonitoredItemCreateRequest()
        item.ItemToMonitor, item.RequestedParameters = value, wanted
        item.MonitoringMode = ua.MonitoringMode.Reporting
        return item

    def _check(self, variables: Sequence[OpcuaVariable], answers: Sequence[Any]) -> None:
        bad = [
            f"{variable.name}: {answer.name}"
            for variable, answer in zip(variables, answers, strict=True)
            if not isinstance(answer, int)
        ]
        if bad:
            raise SourceRefused(f"{self._plan.url} does not tell {'; '.join(bad[:10])}")
