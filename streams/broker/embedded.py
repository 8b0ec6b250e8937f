"""Apache Kafka as a child process, with nothing but what pip brings."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self
from uuid import uuid4

from .broker_error import BrokerError
from .jar_lock import JarLock
from .jars import cache_folder, kafka_jars
from .java import find_java
from .node_properties import BROKER, CONTROLLER, HOST, as_text, node_properties

# Below the ports that systems give to outgoing connections: a client that keeps calling a broker
# that is down could otherwise be given the very port it calls, and connect to itself.
_PORTS: Final = range(20_000, 32_000)
_LOG_BYTES: Final = 4 * 2**20
_GRACE: Final = 10.0  # seconds from asking Java to end to ending it
_TRIES: Final = 3  # ports, should somebody take ours between choosing and listening
_TAIL: Final = 25  # lines of the log shown when a start fails


class EmbeddedKafka:
    """One Kafka node on this machine, whose data lives in a folder and survives restarts.

    It listens on 127.0.0.1 alone. A small keeper process watches over Java: it writes the log in
    bounded files, and ends Java when this process ends, however it ends. For Linux and macOS.

    Args:
        folder: For its data, log and settings; made if absent. One broker a folder.
        port: Of the broker; the one used last in this folder, or any free one, if None.
        listeners: Security protocol of further listeners by name, as ``{"LAB": "SASL_PLAINTEXT"}``.
        properties: Kafka settings over ours, ``server.properties`` names.
        cache: Where the jars are kept; ``cache_folder()`` if None.
        heap: The most memory of Java, as its ``-Xmx`` has it.
        options: Further options of Java. ``-XX:TieredStopAtLevel=1`` starts with half the work, and
            is slower under load that lasts: for tests.
        start_seconds: How long a start may take.

    Example:
        >>> with EmbeddedKafka(Path(".halflife/kafka")) as kafka:  # doctest: +SKIP
        ...     print(kafka.address)
        127.0.0.1:23817
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        listeners: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
        cache: Path | None = None,
        heap: str = "512m",
        options: Sequence[str] = (),
        start_seconds: float = 60.0,
    ) -> None:
        self.folder = folder.absolute()
        self._port = port
        self._listeners = dict(listeners or {})
        self._properties = dict(properties or {})
        self._cache = cache_folder() if cache is None else cache
        self._java_options = (f"-Xmx{heap}", *_JVM, *options)
        self._start_seconds = start_seconds
        self._ports: dict[str, int] = {}
        self._keeper: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """Where clients connect, ``127.0.0.1:PORT``; the same after a restart.

        Raises:
            BrokerError: Before the first start.
        """
        return self.address_of(BROKER)

    @property
    def pid(self) -> int | None:
        """The id of the Java process, None while there is none."""
        return self._pid

    @property
    def log(self) -> Path:
        """What Java printed; older lines are in the same name with ``.1``."""
        return self.folder / "kafka.log"

    def address_of(self, listener: str) -> str:
        """Where clients of one listener connect.

        Raises:
            BrokerError: Before the first start.
        """
        if listener not in self._ports:
            raise BrokerError(f"the embedded Kafka in {self.folder} was never started")
        return f"{HOST}:{self._ports[listener]}"

    def start(self) -> str:
        """Starts the broker, and returns its address once it answers.

        The first start in a folder fetches the jars if need be, and formats the storage.

        Raises:
            BrokerError: For no Java, wrong jars, a folder or port that is in use, or a start that
                failed, with the last lines of the log.
        """
        if self._keeper is not None:
            raise BrokerError(f"the embedded Kafka in {self.folder} runs already")
        java = find_java()
        jars = kafka_jars(self._cache, JarLock.read())
        command = [str(java.program), *self._java_options, "-cp", _class_path(jars)]
        self.folder.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self._start_seconds
        with _locked(self.folder, deadline) as lock:
            for attempt in range(1, _TRIES + 1):
                self._choose_ports()
                cluster = self._format(command)
                self._launch(command, lock)
                try:
                    self._wait_until_ready(cluster, deadline)
                except _PortTakenError:
                    if attempt == _TRIES or self._port is not None:
                        raise
                    continue
                break
        return self.address

    def stop(self) -> None:
        """Ends the broker in good order; does nothing where none runs."""
        self._end(b"")

    def kill(self) -> None:
        """Ends the broker at once (SIGKILL), as a power cut would; does nothing where none runs."""
        self._end(b"kill\n")

    def restart(self) -> str:
        """Stops the broker if it runs, and starts it again on the same port."""
        self.stop()
        return self.start()

    def _end(self, word: bytes) -> None:
        """Tells the keeper, and waits for it."""
        keeper, self._keeper, self._pid = self._keeper, None, None
        if keeper is None:
            return
        try:
            keeper.communicate(word, timeout=_GRACE + 5)
        except subprocess.TimeoutExpired:  # the keeper itself hangs
            keeper.kill()
            keeper.wait()

    def _choose_ports(self) -> None:
        """The ports used last where they are free, others otherwise; kept in the folder."""
        kept = self.folder / "ports.json"
        last: dict[str, int] = json.loads(kept.read_text()) if kept.exists() else {}
        wanted = {BROKER: self._port} if self._port is not None else {}
        chosen: dict[str, int] = {}
        for name in (BROKER, CONTROLLER, *self._listeners):
            port = wanted.get(name) or last.get(name)
            if port is None or not _free(port):
                if name in wanted:
                    raise BrokerError(
                        f"port {port} of {HOST} is in use: give another, or none for any free one"
                    )
                port = _free_port(set(chosen.values()))
            chosen[name] = port
        _write(kept, json.dumps(chosen))
        self._ports = chosen

    def _format(self, command: list[str]) -> str:
        """Writes the settings, and formats the storage the first time; the cluster's id."""
        data = self.folder / "data"
        self._write_properties("server.properties", data)
        if not data.exists():
            # Formatted under another name first: a folder "data" is there whole or not at all.
            fresh = self.folder / f"data-{secrets.token_hex(4)}"
            cluster = _cluster_id()
            settings = self._write_properties("format.properties", fresh)
            tool = ["kafka.tools.StorageTool", "format", "--standalone", "-t", cluster]
            done = subprocess.run(  # noqa: S603  # a Java that was found and jars that were checked
                [*command, *tool, "-c", settings], capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise BrokerError(
                    f"could not format the storage of Kafka in {self.folder}:\n"
                    + "\n".join((done.stdout + done.stderr).splitlines()[-_TAIL:])
                )
            fresh.rename(data)
        for line in (data / "meta.properties").read_text().splitlines():
            if line.startswith("cluster.id="):
                return line.removeprefix("cluster.id=").replace("\\", "")
        raise BrokerError(f"{data} is no storage of Kafka: move it away and start again")

    def _write_properties(self, name: str, data: Path) -> str:
        """A settings file for a data folder; its path."""
        settings = node_properties(data, self._ports, self._listeners, self._properties)
        path = self.folder / name
        _write(path, as_text(settings))
        return str(path)

    def _launch(self, command: list[str], lock: IO[bytes]) -> None:
        """Starts the keeper, which starts Java and holds the lock of the folder from here on."""
        keeper = [sys.executable, "-I", str(Path(__file__).with_name("keeper.py"))]
        server = [*command, "kafka.Kafka", str(self.folder / "server.properties")]
        if self.log.exists():
            self.log.replace(self.log.with_name(self.log.name + ".1"))
        self._keeper = subprocess.Popen(  # noqa: S603  # ourselves
            [*keeper, str(self.log), str(_LOG_BYTES), str(_GRACE), *server],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(lock.fileno(),),
            start_new_session=True,  # Ctrl-C in the terminal is for us: we end it in good order
        )
        output = self._keeper.stdout
        said = output.readline() if output is not None else b""
        self._pid = int(said) if said.strip() else None

    def _wait_until_ready(self, cluster: str, deadline: float) -> None:
        """Waits until the broker, and no other, answers a metadata request."""
        try:
            while not self._answers(cluster, deadline):
                self._check_start(deadline)
                time.sleep(0.05)
        except BaseException:
            self.kill()
            raise

    def _check_start(self, deadline: float) -> None:
        """Gives up a start that failed or takes too long."""
        if self._keeper is None or self._keeper.poll() is not None:
            raise self._failure("ended while it started")
        if time.monotonic() > deadline:
            raise self._failure(f"did not answer within {self._start_seconds:g} s")

    def _answers(self, cluster: str, deadline: float) -> bool:
        """Whether the broker of this cluster tells its metadata."""
        try:
            socket.create_connection((HOST, self._ports[BROKER]), timeout=1).close()
        except OSError:
            return False
        from kafka import KafkaAdminClient
        from kafka.errors import KafkaError

        left = max(1, int(1000 * (deadline - time.monotonic())))
        try:
            client = KafkaAdminClient(bootstrap_servers=self.address, bootstrap_timeout_ms=left)
        except KafkaError:
            return False
        with client:
            answer = client.describe_cluster()
        if answer["cluster_id"] != cluster:
            raise self._failure("was answered for by another Kafka", taken=True)
        return any(not broker.get("is_fenced", False) for broker in answer["brokers"])

    def _failure(self, what: str, *, taken: bool = False) -> BrokerError:
        """The error of a start, with the last lines of the log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        taken = taken or any("Address already in use" in line for line in lines)
        kind = _PortTakenError if taken else BrokerError
        tail = "\n".join(f"  {line}" for line in lines[-_TAIL:])
        return kind(f"Apache Kafka {what}. The last lines of {self.log}:\n{tail}")


class _PortTakenError(BrokerError):
    """Somebody took a port between our choosing it and Java's listening."""


_JVM: Final = (
    "-Xms64m",
    "-XX:+UseSerialGC",  # starts faster than the default on few cores, and takes less memory
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


def _cluster_id() -> str:
    """A random id as Kafka makes them; the tool would take one that begins with - for an option."""
    while True:
        text = urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def _class_path(jars: tuple[Path, ...]) -> str:
    """The jars as Java wants them."""
    return os.pathsep.join(map(str, jars))


def _locked(folder: Path, deadline: float) -> IO[bytes]:
    """The lock file of a folder, held until this file and the keeper's copy of it are closed.

    A broker that is just ending (its owner was killed) is waited for; one that stays is not.
    """
    patience = min(deadline, time.monotonic() + _GRACE / 2)
    file = (folder / "lock").open("ab")
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > patience:
                file.close()
                raise BrokerError(
                    f"another Halflife uses the Kafka in {folder}: stop it, give another folder, "
                    "or use the one that runs by its address (HALFLIFE_BROKER)"
                ) from None
            time.sleep(0.1)
        else:
            return file


def _free(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_port(but: set[int]) -> int:
    """Any port where nobody listens.

    Raises:
        BrokerError: If there seems to be none.
    """
    for _ in range(1000):
        port = secrets.choice(_PORTS)
        if port not in but and _free(port):
            return port
    raise BrokerError(f"no free port among {_PORTS.start} to {_PORTS.stop - 1} of {HOST}")


def _write(path: Path, text: str) -> None:
    """Writes a file whole or not at all, for its owner's eyes."""
    fresh = path.with_name(path.name + ".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
