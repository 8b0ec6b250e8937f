"""The jars of Apache Kafka: fetched once, checked against the lock at every start."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from .broker_error import BrokerError
from .jar_lock import JarLock, jar_name

_AT_ONCE: Final = 8  # downloads


def cache_folder(environment: Mapping[str, str] | None = None) -> Path:
    """``$HALFLIFE_CACHE``, or ``~/.cache/halflife``."""
    variables = os.environ if environment is None else environment
    named = variables.get("HALFLIFE_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "halflife"


def kafka_jars(cache: Path, lock: JarLock) -> tuple[Path, ...]:
    """The jars of a lock, fetched if they are not there, each with the checksum of the lock.

    Jars that are there and right are not fetched again: a second call takes the time that it
    takes to read them (43 MB). Several processes may call at once: a jar appears in the folder
    whole and right, or not at all.

    Args:
        cache: Folder under which the jars are kept.
        lock: Which jars, and their checksums.

    Returns:
        The jars, in the order of their coordinates: the class path.

    Raises:
        BrokerError: For a jar that is wrong, surplus or not to be had, naming it.
    """
    folder = cache / "kafka" / _key(lock)
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in lock.names if not (folder / name).exists()]
    if missing:
        with tempfile.TemporaryDirectory(dir=cache, prefix="download-") as scratch:
            fetched = fetch([lock.names[name] for name in missing], Path(scratch))
            for coordinate, path in fetched.items():
                _check(path, coordinate, lock, "it was fetched so, and is not used: try again")
                path.replace(folder / jar_name(coordinate))
    _check_surplus(folder, lock)
    for name, coordinate in lock.names.items():
        _check(folder / name, coordinate, lock, f"delete {folder} and start again")
    return tuple(folder / jar_name(coordinate) for coordinate in sorted(lock.sums))


def fetch(coordinates: Sequence[str], scratch: Path) -> dict[str, Path]:
    """Fetches jars with jgo, without looking at what they need.

    Args:
        coordinates: ``group:artifact:version`` of each.
        scratch: A folder for the downloads.

    Returns:
        Where each jar is, in ``scratch``.

    Raises:
        BrokerError: For a missing jgo, or a jar that is not to be had.
    """
    context = maven(scratch)

    def one(coordinate: str) -> Path:
        group, artifact, version = coordinate.split(":")
        try:
            path = context.project(group, artifact).at_version(version).artifact().resolve()
        except (OSError, RuntimeError) as error:  # those of requests are OSErrors
            raise BrokerError(
                f"could not fetch {jar_name(coordinate)} of Apache Kafka: {error}. Fetching it "
                "needs the network, once; or give the address of a cluster in HALFLIFE_BROKER"
            ) from error
        return Path(path)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(coordinates, pool.map(one, coordinates), strict=True))


def resolve(roots: Sequence[str], scratch: Path) -> list[str]:
    """The artifacts that some need at run time, themselves included, found by jgo.

    Args:
        roots: ``group:artifact:version`` of each.
        scratch: A folder for what is read on the way.

    Raises:
        BrokerError: For a missing jgo, or an artifact that is not to be had.
    """
    context = maven(scratch)
    from jgo.maven import Dependency

    wanted = [
        Dependency(context.project(group, artifact).at_version(version).artifact(), "compile")
        for group, artifact, version in (root.split(":") for root in roots)
    ]
    try:
        given, found = context.resolver.resolve(wanted)
    except (OSError, RuntimeError) as error:  # those of requests are OSErrors
        raise BrokerError(f"could not find out what {', '.join(roots)} need: {error}") from error
    needed = [*given, *(each for each in found if each.scope in {"compile", "runtime"})]
    return sorted(f"{each.groupId}:{each.artifactId}:{each.version}" for each in needed)


def maven(scratch: Path) -> Any:
    """A jgo context that keeps nothing outside ``scratch``.

    Raises:
        BrokerError: For a missing jgo.
    """
    try:
        from jgo.maven import MavenContext
    except ImportError as error:
        raise BrokerError(
            "the embedded Apache Kafka needs jgo, and it is not installed. "
            "It comes with: pip install 'halflife[broker]'"
        ) from error
    return MavenContext(repo_cache=scratch, local_repos=[])


def sum_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(path: Path, coordinate: str, lock: JarLock, advice: str) -> None:
    """Refuses a jar whose checksum is not that of the lock."""
    found, due = sum_of(path), lock.sums[coordinate]
    if found != due:
        raise BrokerError(
            f"{path.name} of Apache Kafka is not the jar of the lock: "
            f"its SHA-256 is {found} where {due} is due; {advice}"
        )


def _check_surplus(folder: Path, lock: JarLock) -> None:
    """Refuses a jar that the lock does not name."""
    surplus = sorted(path.name for path in folder.glob("*.jar") if path.name not in lock.names)
    if surplus:
        raise BrokerError(
            f"{', '.join(surplus)} in {folder} is no jar of the lock: "
            f"delete {folder} and start again"
        )


def _key(lock: JarLock) -> str:
    """A folder name that changes with the lock, so that versions live side by side."""
    return hashlib.sha256(lock.to_text().encode()).hexdigest()[:16]
