"""A connection to a broker of MQTT, as a source of the lab file describes it."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from halflife.schemas.errors import LabFileError
from halflife.schemas.problem import Problem
from halflife.schemas.sources.mqtt_broker import MqttBroker
from halflife.streams.connectors.errors import SourceAway, SourceRefused
from halflife.streams.connectors.surroundings import Surroundings

from .manual_client import ManualClient
from .written import MOST_UNACKNOWLEDGED

_REFUSED: Final = {
    1: 'speaks no MQTT of this version; version = "3.1.1" or "5" says another',
    2: "does not like our client_id",
    4: "knows no such user name and password",
    5: "does not let us in: username and password_file or password_env say who we are",
    132: 'speaks no MQTT 5: version = "3.1.1"',
    133: "does not like our client_id",
    134: "knows no such user name and password",
    135: "does not let us in: username and password_file or password_env say who we are",
    138: "has banned us",
    140: "wants another way to authenticate",
}
"""Answers to a connection with which no other try will go better."""

_FAILED: Final = 128


def client_id(plan: MqttBroker, surroundings: Surroundings) -> str:
    """The name by which a broker knows the source: the same in each life, another in a dry run."""
    if plan.client_id is not None and not surroundings.dry_run:
        return plan.client_id
    if not surroundings.dry_run:
        return f"halflife-{surroundings.settings.topic_prefix}-{plan.name}"
    told = f"{surroundings.settings.topic_prefix} {plan.name} {surroundings.clock()}"
    return "halflife-look-" + hashlib.blake2b(told.encode(), digest_size=6).hexdigest()


@asynccontextmanager
async def connected(
    plan: MqttBroker,
    surroundings: Surroundings,
    *,
    session: float = 0.0,
    will: aiomqtt.Will | None = None,
) -> AsyncIterator[ManualClient]:
    """A client that is connected.

    Args:
        plan: Of the source.
        surroundings: Of the machine.
        session: Seconds for which the broker is to keep what comes while we are away; 0 for not
            at all, as in a dry run.
        will: What the broker publishes when we are gone without a word.

    Raises:
        SourceAway: If the broker is not there, or is gone; also while the client is used.
        SourceRefused: If it will not let us in.
        LabFileError: For a password that is not there, and files of certificates.
    """
    password = plan.password(surroundings.environ)
    client = ManualClient(
        plan.host,
        plan.port_number,
        clock=surroundings.clock,
        username=plan.username,
        password=password and password.get_secret_value(),
        identifier=client_id(plan, surroundings),
        keepalive=round(plan.keep_alive),
        tls_context=_tls(plan),
        timeout=10,
        will=will,
        **_session(plan, 0.0 if surroundings.dry_run else session),
    )
    try:
        async with client:
            yield client
    except MqttConnectError as error:
        code = error.rc if isinstance(error.rc, int) else getattr(error.rc, "value", _FAILED)
        said = f"{plan.address} {_REFUSED.get(code, f'does not let us in now: {error}')}"
        raise (SourceRefused if code in _REFUSED else SourceAway)(said) from error
    except aiomqtt.MqttError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            said = f"{plan.address} shows a certificate that ca_file does not vouch for: {error}"
            raise SourceRefused(said) from error
        raise SourceAway(f"{plan.address}: {error or 'no connection'}") from error


async def subscribe(
    client: ManualClient,
    plan: MqttBroker,
    filters: Sequence[str],
    *,
    qos: int,
    retained: bool,
    former: Sequence[str] = (),
) -> None:
    """Ask for topics, and no more for those that were asked for formerly.

    Args:
        client: That is connected.
        plan: Of the source.
        filters: Of topics.
        qos: 0 or 1.
        retained: Whether old messages that the broker keeps are wanted.
        former: Filters that a predecessor asked for.

    Raises:
        SourceRefused: If the broker does not allow it.
    """
    for old in sorted(set(former) - set(filters)):
        await client.unsubscribe(old)
    for topic in filters:
        if plan.version == "5":
            options = SubscribeOptions(qos=qos, retainHandling=0 if retained else 2)
            answers: Any = await client.subscribe(topic, options=options)
        else:
            answers = await client.subscribe(topic, qos=qos)
        for answer in answers:
            if int(getattr(answer, "value", answer)) >= _FAILED:
                raise SourceRefused(
                    f"{plan.address} does not let {plan.username or 'us'} read {topic}: its "
                    "access rules have to allow it"
                )


def _session(plan: MqttBroker, seconds: float) -> dict[str, Any]:
    if plan.version == "3.1.1":
        return {"protocol": aiomqtt.ProtocolVersion.V311, "clean_session": not seconds}
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # of paho
    properties.ReceiveMaximum = MOST_UNACKNOWLEDGED
    properties.SessionExpiryInterval = round(seconds)
    return {
        "protocol": aiomqtt.ProtocolVersion.V5,
        "clean_start": not seconds,
        "properties": properties,
    }


def _tls(plan: MqttBroker) -> ssl.SSLContext | None:
    if not plan.tls:
        return None
    key, value = "ca_file", plan.ca_file
    try:
        context = ssl.create_default_context(cafile=value)
        if plan.cert_file is not None:
            key, value = "cert_file", plan.cert_file
            context.load_cert_chain(plan.cert_file, plan.key_file)
    except (OSError, ssl.SSLError) as error:
        problem = Problem(
            path=f"source.{plan.name}.{key}", value=str(value), text=f"cannot be used: {error}"
        )
        raise LabFileError([problem]) from error
    return context
