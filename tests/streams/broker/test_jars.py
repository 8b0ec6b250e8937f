from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from halflife.streams.broker import jars
from halflife.streams.broker.broker_error import BrokerError
from halflife.streams.broker.jar_lock import JarLock
from halflife.streams.broker.jars import cache_folder, kafka_jars

CONTENTS = {"org.a:one:1.0": b"first", "org.b:two:2.0": b"second"}


@pytest.fixture
def lock() -> JarLock:
    return JarLock(
        ("org.a:one:1.0",), {c: hashlib.sha256(b).hexdigest() for c, b in CONTENTS.items()}
    )


@pytest.fixture
def folder(tmp_path: Path, lock: JarLock) -> Path:
    """The folder of the jars, filled as the first start leaves it."""
    folder = tmp_path / "kafka" / jars._key(lock)
    folder.mkdir(parents=True)
    (folder / "one-1.0.jar").write_bytes(b"first")
    (folder / "two-2.0.jar").write_bytes(b"second")
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every download fails at once: nobody listens at port 1."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_jars_that_are_there_and_right_are_not_fetched_again(
    tmp_path: Path, lock: JarLock, folder: Path, no_network: None
) -> None:
    assert kafka_jars(tmp_path, lock) == (folder / "one-1.0.jar", folder / "two-2.0.jar")


def test_a_changed_jar_is_refused_by_name(tmp_path: Path, lock: JarLock, folder: Path) -> None:
    (folder / "two-2.0.jar").write_bytes(b"seconds")
    with pytest.raises(BrokerError, match=r"two-2\.0\.jar .* is not the jar of the lock.*delete"):
        kafka_jars(tmp_path, lock)


def test_a_surplus_jar_is_refused_by_name(tmp_path: Path, lock: JarLock, folder: Path) -> None:
    (folder / "evil-1.jar").write_bytes(b"")
    with pytest.raises(BrokerError, match=r"evil-1\.jar .* is no jar of the lock.*delete"):
        kafka_jars(tmp_path, lock)


def test_a_missing_jar_that_cannot_be_fetched_is_named(
    tmp_path: Path, lock: JarLock, folder: Path, no_network: None
) -> None:
    pytest.importorskip("jgo")
    (folder / "two-2.0.jar").unlink()
    with pytest.raises(BrokerError, match=r"could not fetch two-2\.0\.jar .*HALFLIFE_BROKER"):
        kafka_jars(tmp_path, lock)
    assert [path.name for path in tmp_path.iterdir()] == ["kafka"]  # no half downloads


def test_a_download_that_is_not_as_locked_never_reaches_the_folder(
    tmp_path: Path, lock: JarLock, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forged(coordinates: list[str], scratch: Path) -> dict[str, Path]:
        path = scratch / "two-2.0.jar"
        path.write_bytes(b"forged")
        return {"org.b:two:2.0": path}

    monkeypatch.setattr(jars, "fetch", forged)
    (folder / "two-2.0.jar").unlink()
    with pytest.raises(
        BrokerError, match=r"two-2\.0\.jar .* is not the jar of the lock.*try again"
    ):
        kafka_jars(tmp_path, lock)
    assert not (folder / "two-2.0.jar").exists()


def test_the_committed_lock_is_of_the_studied_kafka() -> None:
    lock = JarLock.read()
    assert lock.roots == ("org.apache.kafka:kafka_2.13:4.3.1", "org.slf4j:slf4j-simple:1.7.36")
    assert set(lock.roots) <= set(lock.sums)
    assert len(lock.sums) == len(lock.names) == 46
    assert JarLock.from_text(lock.to_text()) == lock


def test_a_line_that_is_no_jar_is_named() -> None:
    with pytest.raises(BrokerError, match=r"line 2 of the lock is no jar: 'kafka\.jar'"):
        JarLock.from_text("# a comment\nkafka.jar\n")


def test_the_cache_is_where_the_variable_says(tmp_path: Path) -> None:
    assert cache_folder({"HALFLIFE_CACHE": str(tmp_path)}) == tmp_path
    assert cache_folder({}) == Path.home() / ".cache" / "halflife"
