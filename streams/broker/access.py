"""Reaching a cluster for the first time, with an error that says why it failed."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from halflife.schemas.settings import Settings

from .broker_error import BrokerError
from .clients import aiokafka_arguments, kafka_python_arguments

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

_PAUSE = 0.1  # seconds between two tries


async def wait_for_broker(settings: Settings, *, seconds: float = 10.0) -> None:
    """Waits until a broker of the cluster lets us in.

    The clients themselves try for ever where they should give up, and hide the reason where they
    give up: so every program begins with this. A broker that does not answer is asked again, one
    that refuses us is not.

    Args:
        settings: How the cluster is reached.
        seconds: How long it may take.

    Raises:
        BrokerError: In one sentence: nobody answers, a wrong password, a certificate that nobody
            vouches for.
    """
    arguments = aiokafka_arguments(settings)
    servers = [server.rpartition(":") for server in arguments.pop("bootstrap_servers")]
    deadline = time.monotonic() + seconds
    while True:
        said = []
        for host, _, port in servers:
            reason = await _try(settings, host.strip("[]"), int(port), deadline, arguments)
            if reason is None:
                return
            said.append(reason)
        if time.monotonic() + _PAUSE >= deadline:
            raise BrokerError(
                f"Kafka at {settings.broker} ({settings.security_protocol}) did not answer "
                f"within {seconds:g} s: {'; '.join(dict.fromkeys(said))}"
            )
        await asyncio.sleep(_PAUSE)


def open_admin(settings: Settings, *, seconds: float = 10.0) -> KafkaAdminClient:
    """A kafka-python client for administration, connected; use it in a ``with``.

    Args:
        settings: How the cluster is reached.
        seconds: How long it may take to answer.

    Raises:
        BrokerError: As ``wait_for_broker``.
    """
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    reach(settings, seconds=seconds)
    try:
        return KafkaAdminClient(
            **kafka_python_arguments(settings), bootstrap_timeout_ms=int(1000 * seconds)
        )
    except KafkaError as error:
        raise BrokerError(f"Kafka at {settings.broker} went away: {error}") from error


def reach(settings: Settings, *, seconds: float = 10.0) -> None:
    """``wait_for_broker`` for who does not await, inside an event loop or not.

    Raises:
        BrokerError: As ``wait_for_broker``.
    """
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, wait_for_broker(settings, seconds=seconds)).result()


async def _try(
    settings: Settings, host: str, port: int, deadline: float, arguments: dict[str, Any]
) -> str | None:
    """Connects once; None if that went well, or why not if another try may go better."""
    from aiokafka.conn import create_conn
    from aiokafka.errors import (
        IllegalSaslStateError,
        KafkaError,
        SaslAuthenticationFailed,
        UnsupportedSaslMechanismError,
    )

    who = f"Kafka at {host}:{port}"
    left = max(0.1, deadline - time.monotonic())
    try:
        async with asyncio.timeout(left):
            connection = await create_conn(host, port, **arguments)
    except SaslAuthenticationFailed as error:
        raise BrokerError(
            f"{who} refused user {settings.sasl_username!r} ({settings.sasl_mechanism}): "
            "wrong name or password"
        ) from error
    except (UnsupportedSaslMechanismError, IllegalSaslStateError) as error:
        raise BrokerError(
            f"{who} does not know users by {settings.sasl_mechanism}: {error}"
        ) from error
    except ssl.SSLCertVerificationError as error:
        raise BrokerError(
            f"{who} has a certificate that is not to be trusted ({error.verify_message}): "
            "HALFLIFE_SSL_CAFILE names the file of who vouches for it"
        ) from error
    except ssl.SSLError as error:
        raise BrokerError(f"{who} does not speak TLS with us: {error}") from error
    except TimeoutError:
        return f"{host}:{port} is silent"
    except (OSError, KafkaError) as error:
        return str(error)
    with contextlib.suppress(OSError):
        await connection.close()
    return None
