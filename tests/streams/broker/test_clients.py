from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from typing import Literal

import pytest
from pydantic import SecretStr

from halflife.schemas.settings import Settings
from halflife.streams.broker.broker_error import BrokerError
from halflife.streams.broker.clients import (
    aiokafka_arguments,
    faust_arguments,
    kafka_python_arguments,
    servers,
)

PASSWORD = "open sesame"  # noqa: S105  # of nobody


ADDRESSES = "one:9092,two:9093"
PLAIN = Settings(broker=ADDRESSES)


def sasl(protocol: Literal["SASL_PLAINTEXT", "SASL_SSL"]) -> Settings:
    return Settings(
        broker=ADDRESSES,
        security_protocol=protocol,
        sasl_mechanism="SCRAM-SHA-256",
        sasl_username="ann",
        sasl_password=SecretStr(PASSWORD),
    )


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made = (folder / "cert.pem", folder / "key.pem")
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        f" -subj /CN=localhost -out {made[0]} -keyout {made[1]}".split(),
        check=True,
        capture_output=True,
    )
    return made


def test_plaintext_is_addresses_and_nothing_else() -> None:
    due = {"bootstrap_servers": ["one:9092", "two:9093"], "security_protocol": "PLAINTEXT"}
    assert aiokafka_arguments(PLAIN) == kafka_python_arguments(PLAIN) == due
    assert faust_arguments(PLAIN) == {"broker": ["kafka://one:9092", "kafka://two:9093"]}


def test_sasl_reaches_every_client() -> None:
    for arguments in (aiokafka_arguments, kafka_python_arguments):
        found = arguments(sasl("SASL_PLAINTEXT"))
        assert found["security_protocol"] == "SASL_PLAINTEXT"
        assert found["sasl_mechanism"] == "SCRAM-SHA-256"
        assert found["sasl_plain_username"] == "ann"
        assert found["sasl_plain_password"] == PASSWORD
        assert "ssl_context" not in found
    faust = faust_arguments(sasl("SASL_PLAINTEXT"))["broker_credentials"]
    assert faust.protocol.value == "SASL_PLAINTEXT"
    assert faust.mechanism.value == "SCRAM-SHA-256"
    assert (faust.username, faust.password) == ("ann", PASSWORD)


def test_tls_checks_host_names_and_shows_our_certificate(certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    settings = Settings(
        broker=ADDRESSES,
        security_protocol="SSL",
        ssl_cafile=cert,
        ssl_certfile=cert,
        ssl_keyfile=key,
    )
    context = aiokafka_arguments(settings)["ssl_context"]
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.cert_store_stats()["x509"] == 1  # this authority, and not the system's
    assert kafka_python_arguments(settings)["ssl_context"].check_hostname
    assert faust_arguments(settings)["broker_credentials"].protocol.value == "SSL"


def test_sasl_over_tls_has_both() -> None:
    settings = sasl("SASL_SSL")
    assert isinstance(aiokafka_arguments(settings)["ssl_context"], ssl.SSLContext)
    credentials = faust_arguments(settings)["broker_credentials"]
    assert credentials.protocol.value == "SASL_SSL"
    assert isinstance(credentials.ssl_context, ssl.SSLContext)


@pytest.mark.parametrize("arguments", [aiokafka_arguments, kafka_python_arguments, faust_arguments])
def test_the_password_is_not_in_what_is_printed(arguments: object) -> None:
    assert callable(arguments)
    found = arguments(sasl("SASL_PLAINTEXT"))
    assert PASSWORD not in repr(found)
    assert PASSWORD not in f"{found}"


def test_what_sasl_lacks_is_named() -> None:
    settings = Settings(broker=ADDRESSES, security_protocol="SASL_SSL", sasl_username="ann")
    with pytest.raises(BrokerError, match="SASL_SSL needs sasl_mechanism, sasl_password too"):
        aiokafka_arguments(settings)


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("ca.pem", "absent.pem"):
        settings = Settings(broker=ADDRESSES, security_protocol="SSL", ssl_cafile=tmp_path / name)
        with pytest.raises(BrokerError, match=f"cannot use the TLS files .*{name}"):
            aiokafka_arguments(settings)


def test_no_broker_says_what_to_do() -> None:
    with pytest.raises(BrokerError, match="set HALFLIFE_BROKER"):
        servers(Settings())


def test_a_password_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    settings = Settings(
        broker=ADDRESSES,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_username="ann",
        sasl_password_file=tmp_path / "password",
    )
    assert aiokafka_arguments(settings)["sasl_plain_password"] == PASSWORD
