"""The OPC UA connector against a real server in a process of its own, without Kafka."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from halflife.schemas.settings import Settings
from halflife.schemas.sources.opcua_source import OpcuaSource
from halflife.streams.connectors.arrival import Arrival
from halflife.streams.connectors.batch import Batch
from halflife.streams.connectors.errors import SourceAway, SourceRefused
from halflife.streams.connectors.gap import Gap
from halflife.streams.connectors.opcua_connector import OpcuaConnector
from halflife.streams.connectors.surroundings import Surroundings
from tests.harness.opcua_lab import OpcuaLab
from tests.harness.ports import free_port

Start = Callable[..., OpcuaLab]
REACTOR = {"temp": "2:Reactor/2:Temperature", "n": "ns=2;s=Reactor.Count"}
SECONDS = 20


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a server; it is killed at the end."""
    labs: list[OpcuaLab] = []

    def begin(*options: str) -> OpcuaLab:
        labs.append(OpcuaLab(free_port(), tmp_path))
        labs[-1].start(*options)
        return labs[-1]

    yield begin
    for lab in labs:
        lab.go_on()
        lab.kill()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpcuaLab]:
    """A server for all tests that let it run."""
    made = OpcuaLab(free_port(), tmp_path_factory.mktemp("opcua"))
    made.start()
    yield made
    made.kill()


def plan(lab: OpcuaLab, **keys: Any) -> OpcuaSource:
    table = {"name": "reactor", "type": "opcua", "url": lab.url, "interval": "0.05 s", **keys}
    return OpcuaSource.model_validate(table)


def connector(plan: OpcuaSource, *, dry: bool = False, **environ: str) -> OpcuaConnector:
    around = Surroundings(settings=Settings(), environ=environ, dry_run=dry, clock=time.time)
    return OpcuaConnector(plan, around)


class Ear:
    """What a session says, batch by batch."""

    def __init__(self, batches: AsyncIterator[Batch]) -> None:
        self._batches = batches
        self.items: list[Any] = []
        self.position: dict[str, Any] | None = None

    async def next(self) -> Batch:
        batch = await asyncio.wait_for(anext(self._batches), SECONDS)
        self.items += batch.items
        if batch.position is not None:
            self.position = dict(batch.position)
        return batch

    async def until(self, count: int) -> list[Arrival]:
        while len(self.records) < count:
            await self.next()
        return self.records

    @property
    def records(self) -> list[Arrival]:
        return [item for item in self.items if isinstance(item, Arrival)]

    @property
    def gaps(self) -> list[Gap]:
        return [item for item in self.items if isinstance(item, Gap)]


async def told(lab: OpcuaLab, **changes: Any) -> None:
    await asyncio.to_thread(lab.set, **changes)


async def test_everything_under_a_node_with_units_words_and_times(lab: OpcuaLab) -> None:
    async with aclosing(
        connector(plan(lab, browse="2:Reactor", within="0.3 s")).read(None)
    ) as said:
        ear = Ear(said)
        assert (await ear.next()).items == []
        at = time.time()
        await told(lab, Temperature=(30.5, at, 0), State=(2, at, 0))
        [record] = await ear.until(1)
    assert record.values == {
        "Temperature": 30.5,
        "Pressure": 1013.0,
        "Target": 25.0,
        "Count": 0,
        "Done": False,
        "Solvent": "water",
        "Operator": "Ada",
        "Spectrum": [1.0, 2.5, 4.0],
        "State": "Broken",
        "State.number": 2,
        "Pump.Speed": 60.0,
        "Boxes.Limits.Low": 0.0,
    }
    assert record.time is not None
    assert abs(record.time.timestamp() - at) < 1e-5
    assert record.units["Temperature"] == "°C"
    assert record.units["Pump.Speed"] == "rpm"
    assert lab.url in record.address


async def test_a_trigger_gives_its_time_and_bad_values_are_missing(lab: OpcuaLab) -> None:
    async with aclosing(connector(plan(lab, nodes=REACTOR, trigger="n")).read(None)) as said:
        ear = Ear(said)
        await ear.next()
        await told(lab, Temperature=(30.5, 1_795_000_000.0, 0), Count=(1, 1_795_000_001.5, 0))
        await ear.until(1)
        await told(lab, Temperature=(31.0, 1_795_000_002.0, 0x80050000))
        await told(lab, Count=(2, 1_795_000_003.0, 0))
        first, second = await ear.until(2)
    assert first.values == {"temp": 30.5, "n": 1}
    assert first.time == datetime.fromtimestamp(1_795_000_001.5, UTC)
    assert second.values == {"temp": None, "n": 2}


async def test_a_dry_run_reads_and_leaves_nothing_behind(lab: OpcuaLab) -> None:
    async with aclosing(connector(plan(lab, browse="2:Reactor"), dry=True).read(None)) as said:
        ear = Ear(said)
        first, second = await ear.until(2)
    assert ear.position is None
    assert first.values["Pressure"] == second.values["Pressure"] == 1013.0
    assert first.units["Temperature"] == "°C"


async def test_laboratory_devices_are_found_with_the_roles_of_their_values(start: Start) -> None:
    lab = start("--lads", "--shift", "3")
    async with aclosing(connector(plan(lab), dry=True).read(None)) as said:
        [record] = await Ear(said).until(1)
    assert record.values == {
        "Incubator.Chamber.Temperature": 36.9,
        "Incubator.Chamber.Temperature.TargetValue": 37.0,
        "Incubator.Chamber.Humidity": 55.0,
    }
    assert record.roles == {
        "Incubator.Chamber.Temperature": "measured",
        "Incubator.Chamber.Temperature.TargetValue": "set-point",
        "Incubator.Chamber.Humidity": "measured",
    }
    assert record.units["Incubator.Chamber.Humidity"] == "%"


async def test_a_server_that_hangs_is_noticed_and_its_gap_told(start: Start) -> None:
    lab = start()
    keys = {"nodes": REACTOR, "trigger": "n", "silence": "2 s"}
    async with aclosing(connector(plan(lab, **keys)).read(None)) as said:
        ear = Ear(said)
        await ear.next()
        await told(lab, Temperature=30.5, Count=1)
        await ear.until(1)
        lab.stop()
        stopped = time.time()
        with pytest.raises(SourceAway, match=r"said nothing|lost"):
            await ear.until(99)
    # Its own silence, and the patience of saying goodbye.
    assert time.time() - stopped < 8
    assert len(asyncio.all_tasks()) == 1
    with pytest.raises(SourceAway, match="no answer in time"):
        await Ear(connector(plan(lab, **keys)).read(ear.position)).next()
    lab.go_on()
    await told(lab, Temperature=31.5, Count=2)
    async with aclosing(connector(plan(lab, **keys)).read(ear.position)) as said:
        again = Ear(said)
        [record] = await again.until(1)
    assert record.values == {"temp": 31.5, "n": 2}
    [gap] = again.gaps
    assert gap.first is not None
    assert record.time is not None
    assert gap.first <= record.time <= gap.last
    assert abs(gap.first - datetime.fromtimestamp(stopped, UTC)) < timedelta(seconds=4)


async def test_after_a_restart_nodes_are_found_by_the_name_of_their_namespace(start: Start) -> None:
    lab = start()
    keys = {
        "nodes": {
            "temp": "nsu=urn:halflife:lab;s=Reactor.Temperature",
            "speed": "ns=lab;s=Reactor.Speed",
        },
        "namespaces": {"lab": "urn:halflife:lab"},
        "trigger": "lab:Reactor/lab:Count",
    }
    async with aclosing(connector(plan(lab, **keys)).read(None)) as said:
        ear = Ear(said)
        await ear.next()
        lab.kill()
        with pytest.raises(SourceAway, match="lost"):
            await ear.until(99)
    with pytest.raises(SourceAway, match="connecting"):
        await Ear(connector(plan(lab, **keys)).read(ear.position)).next()
    lab.start("--shift", "2")
    async with aclosing(connector(plan(lab, **keys)).read(ear.position)) as said:
        ear = Ear(said)
        await ear.next()
        await told(lab, Temperature=30.5, Count=5)
        [record] = await ear.until(1)
    assert record.values == {"temp": 30.5, "speed": 60.0, "lab:Reactor/lab:Count": 5}
    assert len(ear.gaps) == 1


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"nodes": {"t": "ns=2;s=Reactor.Temp"}}, "t: ns=2;s=Reactor.Temp is no variable"),
        ({"nodes": {"t": "2:Reactor/2:Temp"}}, "2:Temp is not there; .*2:Temperature"),
        ({"nodes": {"t": "nsu=urn:x;s=T"}}, "no namespace 'urn:x'.*urn:halflife:lab"),
        ({"nodes": {"t": "ns=2;s=Reactor.Limits"}}, r"structure \(Range\).*2:Low"),
        ({}, "give nodes or browse; under Objects are .*2:Reactor"),
        ({"lads": True}, "no laboratory devices"),
        ({"browse": "2:Reactor", "trigger": "Sensor"}, "Sensor"),
    ],
)
async def test_what_the_server_does_not_have_is_told(
    lab: OpcuaLab, keys: dict[str, Any], said: str
) -> None:
    with pytest.raises(SourceRefused, match=said):
        await Ear(connector(plan(lab, **keys)).read(None)).next()


async def test_a_name_and_its_password(start: Start, tmp_path: Path) -> None:
    lab = start("--user", "ada:right")
    keys = {"nodes": REACTOR, "username": "ada", "password_env": "WORD"}
    for word in ("wrong", "right"):
        made = connector(plan(lab, **keys), dry=True, WORD=word)
        async with aclosing(made.read(None)) as batches:
            if word == "right":
                assert len(await Ear(batches).until(1)) == 1
            else:
                with pytest.raises(SourceRefused, match="Bad"):
                    await Ear(batches).next()
    with pytest.raises(SourceRefused):
        await Ear(connector(plan(lab, nodes=REACTOR), dry=True).read(None)).next()


def certificate(folder: Path, name: str, uri: str) -> tuple[Path, Path]:
    """A key and a certificate that vouches for itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}-key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


async def test_certificates(start: Start, tmp_path: Path) -> None:
    server, server_key = certificate(tmp_path, "server", "urn:halflife:lab:server")
    ours, our_key = certificate(tmp_path, "halflife", "urn:our:lab:halflife")
    lab = start("--certificate", str(server), "--key", str(server_key))
    with pytest.raises(SourceRefused, match="Basic256Sha256/SignAndEncrypt"):
        await Ear(connector(plan(lab, nodes=REACTOR)).read(None)).next()
    keys = {"nodes": REACTOR, "cert_file": str(ours), "key_file": str(our_key)}
    signed = plan(lab, security="Basic256Sha256/Sign", **keys)
    with pytest.raises(SourceRefused, match="it offers Basic256Sha256/SignAndEncrypt"):
        await Ear(connector(signed).read(None)).next()
    secure = "Basic256Sha256/SignAndEncrypt"
    for pinned in ({}, {"ca_file": str(server)}):
        made = connector(plan(lab, security=secure, **keys, **pinned), dry=True)
        async with aclosing(made.read(None)) as batches:
            assert len(await Ear(batches).until(1)) == 1
    other, _ = certificate(tmp_path, "other", "urn:halflife:lab:server")
    made = connector(plan(lab, security=secure, **keys, ca_file=str(other)), dry=True)
    with pytest.raises((SourceRefused, SourceAway)):
        await Ear(made.read(None)).next()
    bare = connector(
        plan(lab, security=secure, nodes=REACTOR, cert_file=str(our_key), key_file=str(our_key))
    )
    with pytest.raises(SourceRefused, match="the certificates of source"):
        await Ear(bare.read(None)).next()
