"""The one place that turns settings into arguments of aiokafka, kafka-python and Faust."""

from __future__ import annotations

import logging
import ssl
from typing import Any, Final

from halflife.schemas.settings import Settings

from .broker_error import BrokerError


class _Hidden(str):
    """A password whose ``repr`` does not tell it: clients log their arguments when debugging."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class _NoBytes(logging.Filter):
    """Keeps what goes over the wire out of the log of a client: with PLAIN it has the password."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record may be logged."""
        return record.levelno > logging.DEBUG


_WIRE: Final = ("aiokafka.conn", "kafka.net.connection", "kafka.protocol.parser")  # loggers


def aiokafka_arguments(settings: Settings) -> dict[str, Any]:
    """Arguments of AIOKafkaConsumer and AIOKafkaProducer.

    Raises:
        BrokerError: For no broker, or a protocol that needs what is not given.
        SettingsError: For a file of a password that cannot be read.
    """
    return _arguments(settings)


def kafka_python_arguments(settings: Settings) -> dict[str, Any]:
    """Arguments of KafkaAdminClient, KafkaConsumer and KafkaProducer.

    Raises:
        BrokerError, SettingsError: As ``aiokafka_arguments``.
    """
    return _arguments(settings)


def faust_arguments(settings: Settings) -> dict[str, Any]:
    """Arguments of a Faust app: ``broker`` and, where there are any, ``broker_credentials``.

    Raises:
        BrokerError, SettingsError: As ``aiokafka_arguments``.
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


def servers(settings: Settings) -> list[str]:
    """The addresses, ``host:port`` each.

    Raises:
        BrokerError: If there are none.
    """
    if settings.broker is None:
        raise BrokerError("no broker to connect to: start the embedded one, or set HALFLIFE_BROKER")
    return settings.broker.split(",")


def _arguments(settings: Settings) -> dict[str, Any]:
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


def _sasl(settings: Settings) -> dict[str, str]:
    """Mechanism, name and password; nothing where the protocol has no SASL."""
    if not settings.security_protocol.startswith("SASL_"):
        return {}
    password = settings.password()
    given = {
        "sasl_mechanism": settings.sasl_mechanism,
        "sasl_username": settings.sasl_username,
        "sasl_password": None if password is None else _Hidden(password.get_secret_value()),
    }
    absent = [name for name, value in given.items() if not value]
    if absent:
        raise BrokerError(f"{settings.security_protocol} needs {', '.join(absent)} too")
    _keep_passwords_out_of_logs()
    renamed = {"sasl_username": "sasl_plain_username", "sasl_password": "sasl_plain_password"}
    return {renamed.get(name, name): value for name, value in given.items() if value is not None}


def _keep_passwords_out_of_logs() -> None:
    """Both clients log every request when debugging, the one with the password too."""
    for name in _WIRE:
        logger = logging.getLogger(name)
        if not any(isinstance(one, _NoBytes) for one in logger.filters):
            logger.addFilter(_NoBytes())


def _tls(settings: Settings) -> ssl.SSLContext | None:
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
