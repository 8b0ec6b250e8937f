"""The real broker of MQTT, with its own files, that can be stopped and started again."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from .ports import free_port
from .service import wait_until
from .tools import tool

SECONDS: Final = 20.0


class Mosquitto:
    """A mosquitto on a port of its own that keeps sessions when it is stopped.

    Its own limit of 1,000 messages for a client that is away is lifted, as the documentation asks.

    Args:
        folder: For its files.
        password: Who may come in, and how; everybody if None.
        certificates: Folder with ``ca.pem``, ``server.pem``, ``server.key``: it speaks TLS then.
        rules: Lines of access rules.
    """

    def __init__(
        self,
        folder: Path,
        *,
        password: tuple[str, str] | None = None,
        certificates: Path | None = None,
        rules: Sequence[str] = (),
    ) -> None:
        # Debian installs it where not everybody's PATH leads.
        self._program = tool("mosquitto", "/usr/sbin/mosquitto")
        self.folder, self.port = folder, free_port()
        self.password = password
        self.certificates = certificates
        folder.mkdir(parents=True, exist_ok=True)
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {'true' if password is None else 'false'}",
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_interval 0",
            "max_queued_messages 0",
            "sys_interval 0",
        ]
        if password is not None:
            users = folder / "users"
            made = tool("mosquitto_passwd")
            subprocess.run([made, "-b", "-c", str(users), *password], check=True)
            users.chmod(0o644)  # as root it becomes the user mosquitto
            lines.append(f"password_file {users}")
        if certificates is not None:
            lines += [
                f"cafile {certificates / 'ca.pem'}",
                f"certfile {certificates / 'server.pem'}",
                f"keyfile {certificates / 'server.key'}",
            ]
        if rules:
            (folder / "rules").write_text("\n".join(rules) + "\n")
            lines.append(f"acl_file {folder / 'rules'}")
        (folder / "mosquitto.conf").write_text("\n".join([*lines, "user root", ""]))
        self._process: subprocess.Popen[bytes] | None = None

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

    def start(self) -> None:
        """Returns when it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(self.folder / "mosquitto.conf")], stdout=log, stderr=log
            )
        wait_until(self._answers, SECONDS, lambda: (self.folder / "log").read_text()[-2000:])

    def stop(self) -> None:
        """As a system stops it: it writes its sessions down."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(SECONDS)
            self._process = None

    def restart(self) -> None:
        """Stopped, and started at the same port."""
        self.stop()
        self.start()

    def client(self, **more: Any) -> Publisher:
        """Somebody who publishes."""
        return Publisher(self, **more)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False


class Publisher:
    """An instrument: publishes, and knows what the broker has.

    Args:
        broker: Where.
        **more: As of paho's client.
    """

    def __init__(self, broker: Mosquitto, **more: Any) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2, **more)
        if broker.password is not None:
            self._client.username_pw_set(*broker.password)
        if broker.certificates is not None:
            self._client.tls_set(str(broker.certificates / "ca.pem"))
        self._client.max_inflight_messages_set(200)
        self._broker = broker

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._broker.port)
        self._client.loop_start()
        wait_until(self._client.is_connected, SECONDS, lambda: "the publisher is not connected")
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def will(self, topic: str, payload: bytes) -> None:
        """What is published when this client is gone without a word; before it is entered."""
        self._client.will_set(topic, payload, 1)

    def vanish(self) -> None:
        """Gone without a word."""
        sock = self._client.socket()
        assert sock is not None
        self._client.loop_stop()
        sock.close()

    def send(
        self, messages: Sequence[tuple[str, bytes | str]], *, qos: int = 1, retain: bool = False
    ) -> None:
        """Returns when the broker has all of them."""
        waiting = [self._client.publish(topic, payload, qos, retain) for topic, payload in messages]
        for each in waiting:
            each.wait_for_publish(60)

    def listen(self, topics: str, heard: Callable[[str, bytes], None]) -> None:
        """Hear what others publish."""
        self._client.on_message = lambda _c, _u, message: heard(message.topic, message.payload)
        self._client.subscribe(topics, 1)


def make_certificates(folder: Path) -> Path:
    """An authority and a server's certificate for 127.0.0.1, by openssl."""
    folder.mkdir(parents=True, exist_ok=True)
    openssl = tool("openssl")

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    ca = ("req", "-x509", *curve, "-days", "2", "-subj", "/CN=lab authority")
    run(*ca, "-keyout", "ca.key", "-out", "ca.pem")
    run("req", *curve, "-subj", "/CN=127.0.0.1", "-keyout", "server.key", "-out", "server.csr")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    sign = ("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key")
    more = ("-CAcreateserial", "-days", "2", "-extfile", "names")
    run(*sign, *more, "-out", "server.pem")
    return folder
