"""SASL and TLS against a broker that really asks for them."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError
from pydantic import SecretStr

from halflife.schemas.settings import Settings
from halflife.streams.broker.access import open_admin
from halflife.streams.broker.broker_error import BrokerError
from halflife.streams.broker.clients import aiokafka_arguments
from halflife.streams.broker.embedded import EmbeddedKafka

PASSWORD = "open-sesame"  # noqa: S105  # of nobody
WRONG = "guess-me-not"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"

Mechanism = Literal["PLAIN", "SCRAM-SHA-256"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=kafka"
        f" -addext subjectAltName=IP:127.0.0.1 -out {cert} -keyout {key}".split(),
        check=True,
        capture_output=True,
    )
    return cert, key


@pytest.fixture(scope="module")
def guarded(
    kafka_is_here: None,
    tmp_path_factory: pytest.TempPathFactory,
    certificate: tuple[Path, Path],
) -> Iterator[EmbeddedKafka]:
    """A broker with a listener for passwords, and one for them over TLS."""
    cert, key = certificate
    user = f'username="broker" password="{PASSWORD}"'
    properties = {
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.certificate.chain": cert.read_text(),
        "ssl.keystore.key": key.read_text(),
    }
    for listener in ("lab", "labtls"):
        prefix = f"listener.name.{listener}"
        properties[f"{prefix}.plain.sasl.jaas.config"] = (
            f'{PLAIN} required {user} user_broker="{PASSWORD}" user_ann="{PASSWORD}";'
        )
        properties[f"{prefix}.scram-sha-256.sasl.jaas.config"] = f"{SCRAM} required {user};"
    broker = EmbeddedKafka(
        tmp_path_factory.mktemp("guarded"),
        listeners={"LAB": "SASL_PLAINTEXT", "LABTLS": "SASL_SSL"},
        properties=properties,
        options=("-XX:TieredStopAtLevel=1",),
    )
    with broker:
        from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

        ann = UserScramCredentialUpsertion("ann", ScramMechanism.SCRAM_SHA_256, PASSWORD)
        with open_admin(Settings(broker=broker.address)) as admin:
            admin.alter_user_scram_credentials([ann])
            admin.create_topics({"guarded": {"num_partitions": 1}}, wait_for_metadata=True)
        yield broker


def settings_of(
    broker: EmbeddedKafka, mechanism: Mechanism, password: str = PASSWORD, ca: Path | None = None
) -> Settings:
    return Settings(
        broker=broker.address_of("LAB" if ca is None else "LABTLS"),
        security_protocol="SASL_PLAINTEXT" if ca is None else "SASL_SSL",
        sasl_mechanism=mechanism,
        sasl_username="ann",
        sasl_password=SecretStr(password),
        ssl_cafile=ca,
    )


async def there_and_back(settings: Settings, value: bytes) -> bytes:
    """Sends a message with aiokafka, and reads it again."""
    async with AIOKafkaProducer(**aiokafka_arguments(settings)) as producer:
        sent = await producer.send_and_wait("guarded", value)
    consumer = AIOKafkaConsumer(**aiokafka_arguments(settings))
    from aiokafka import TopicPartition

    consumer.assign([TopicPartition("guarded", 0)])
    async with consumer:
        consumer.seek(TopicPartition("guarded", 0), sent.offset)
        message = await consumer.getone()
    return bytes(message.value)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
@pytest.mark.parametrize("tls", [False, True])
async def test_the_right_password_opens_to_both_clients_and_is_not_logged(
    guarded: EmbeddedKafka,
    certificate: tuple[Path, Path],
    mechanism: Mechanism,
    tls: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = settings_of(guarded, mechanism, ca=certificate[0] if tls else None)
    with caplog.at_level(logging.DEBUG):
        with open_admin(settings) as admin:
            assert "guarded" in admin.list_topics()
        assert await there_and_back(settings, mechanism.encode()) == mechanism.encode()
    assert len(caplog.records) > 10
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
async def test_a_wrong_password_is_said_to_be_wrong_and_never_shown(
    guarded: EmbeddedKafka, mechanism: Mechanism, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of(guarded, mechanism, password=WRONG)
    with caplog.at_level(logging.DEBUG):
        with pytest.raises(BrokerError, match=r"refused user 'ann' .*wrong name or password"):
            open_admin(settings)
        producer = AIOKafkaProducer(**aiokafka_arguments(settings))
        with pytest.raises(KafkaError):
            await producer.start()
        await producer.stop()
    assert WRONG not in caplog.text


def test_a_broker_that_nobody_vouches_for_is_refused(guarded: EmbeddedKafka) -> None:
    settings = settings_of(guarded, "PLAIN").model_copy(
        update={"broker": guarded.address_of("LABTLS"), "security_protocol": "SASL_SSL"}
    )
    with pytest.raises(BrokerError, match=r"not to be trusted .*self-signed.*HALFLIFE_SSL_CAFILE"):
        open_admin(settings)


def test_the_settings_with_passwords_are_for_the_owner_alone(guarded: EmbeddedKafka) -> None:
    for name in ("server.properties", "format.properties"):
        assert (guarded.folder / name).stat().st_mode & 0o077 == 0
