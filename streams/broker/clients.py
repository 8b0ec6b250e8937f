"""The one place that turns settings into arguments of aiokafka, kafka-python and Faust."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any, Protocol

from .broker_error import BrokerError

if TYPE_CHECKING:
    from kafka import KafkaAdminClient


class Secret(Protocol):
    """A text that does not show itself, as pydantic's ``SecretStr``."""

    def get_secret_value(self) -> str:
        """The text."""


class BrokerSettings(Protocol):
    """How a cluster is reached; ``schemas.settings`` has these fields."""

    @property
    def broker(self) -> str:
        """``host:port``, or several with commas between."""

    @property
    def security_protocol(self) -> str:
        """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""

    @property
    def sasl_mechanism(self) -> str | None:
        """PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."""

    @property
    def sasl_username(self) -> str | None:
        """Who we are."""

    @property
    def sasl_password(self) -> Secret | None:
        """What only we know."""

    @property
    def ssl_cafile(self) -> str | None:
        """PEM file of the authority that signed the broker's certificate; None for the system's."""

    @property
    def ssl_certfile(self) -> str | None:
        """PEM file of our own certificate, where the broker asks for one."""

    @property
    def ssl_keyfile(self) -> str | None:
        """PEM file of its key."""


class _Hidden(str):
    """A password whose ``repr`` does not tell it: clients log their arguments when debugging."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def aiokafka_arguments(settings: BrokerSettings) -> dict[str, Any]:
    """Arguments of AIOKafkaConsumer and AIOKafkaProducer.

    Raises:
        BrokerError: For a protocol that needs what is not given, or a file that cannot be read.
    """
    return _arguments(settings)


def kafka_python_arguments(settings: BrokerSettings) -> dict[str, Any]:
    """Arguments of KafkaAdminClient, KafkaConsumer and KafkaProducer.

    Raises:
        BrokerError: For a protocol that needs what is not given, or a file that cannot be read.
    """
    return _arguments(settings)


def faust_arguments(settings: BrokerSettings) -> dict[str, Any]:
    """Arguments of a Faust app: ``broker`` and, where there are any, ``broker_credentials``.

    Raises:
        BrokerError: For a protocol that needs what is not given, or a file that cannot be read.
    """
    import faust

    arguments: dict[str, Any] = {"broker": [f"kafka://{server}" for server in servers(settings)]}
    context = _tls(settings)
    sasl = _sasl(settings)
    if sasl:
        arguments["broker_credentials"] = faust.SASLCredentials(
            mechanism=sasl["sasl_mechanism"],
            username=sasl["sasl_plain_username"],
            password=sasl["sasl_plain_password"],
            ssl_context=context,
        )
    elif context is not None:
        arguments["broker_credentials"] = faust.SSLCredentials(context)
    return arguments


def servers(settings: BrokerSettings) -> list[str]:
    """The addresses, ``host:port`` each.

    Raises:
        BrokerError: For an address that is none.
    """
    found = [server.strip() for server in settings.broker.split(",") if server.strip()]
    for server in found:
        host, colon, port = server.rpartition(":")
        if not (host and colon and port.isdigit()):
            raise BrokerError(f"broker {server!r} is no address: it should be host:port")
    if not found:
        raise BrokerError("no address of a broker: it should be host:port[,host:port]")
    return found


def open_admin(settings: BrokerSettings, *, seconds: float = 10.0) -> KafkaAdminClient:
    """A kafka-python client for administration, connected; close it, or use it in a ``with``.

    Args:
        settings: How the cluster is reached.
        seconds: How long it may take to answer.

    Raises:
        BrokerError: If it does not answer, or not to us, in one sentence.
    """
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    arguments = kafka_python_arguments(settings)
    try:
        return KafkaAdminClient(**arguments, bootstrap_timeout_ms=int(1000 * seconds))
    except (KafkaError, OSError) as error:
        raise BrokerError(_reason(settings, error, seconds)) from error


def _reason(settings: BrokerSettings, error: Exception, seconds: float) -> str:
    """Why a cluster could not be used."""
    import kafka.errors

    who = f"Kafka at {settings.broker}"
    if isinstance(error, kafka.errors.SaslAuthenticationFailedError):
        return (
            f"{who} refused user {settings.sasl_username!r} ({settings.sasl_mechanism}): "
            "wrong name or password"
        )
    return f"{who} ({settings.security_protocol}) did not answer within {seconds:g} s: {error}"


def _arguments(settings: BrokerSettings) -> dict[str, Any]:
    """What aiokafka and kafka-python call by the same names."""
    arguments: dict[str, Any] = {
        "bootstrap_servers": servers(settings),
        "security_protocol": settings.security_protocol,
        **_sasl(settings),
    }
    context = _tls(settings)
    if context is not None:
        arguments["ssl_context"] = context
    return arguments


def _sasl(settings: BrokerSettings) -> dict[str, str]:
    """Mechanism, name and password; nothing where the protocol has no SASL."""
    if not settings.security_protocol.startswith("SASL_"):
        return {}
    password = settings.sasl_password
    given = {
        "sasl_mechanism": settings.sasl_mechanism,
        "sasl_username": settings.sasl_username,
        "sasl_password": None if password is None else _Hidden(password.get_secret_value()),
    }
    absent = [name for name, value in given.items() if not value]
    if absent:
        raise BrokerError(f"{settings.security_protocol} needs {', '.join(absent)} too")
    renamed = {"sasl_username": "sasl_plain_username", "sasl_password": "sasl_plain_password"}
    return {renamed.get(name, name): value for name, value in given.items() if value is not None}


def _tls(settings: BrokerSettings) -> ssl.SSLContext | None:
    """How the connection is encrypted, None where it is not; host names are always checked."""
    if not settings.security_protocol.endswith("SSL"):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ssl_cafile)
        if settings.ssl_certfile:
            context.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile)
    except (OSError, ssl.SSLError) as error:
        files = (settings.ssl_cafile, settings.ssl_certfile, settings.ssl_keyfile)
        named = ", ".join(str(file) for file in files if file)
        raise BrokerError(f"cannot use the TLS files {named}: {error}") from error
    return context
