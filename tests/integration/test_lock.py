from __future__ import annotations

import os
from pathlib import Path

import pytest

from halflife.streams.broker.broker_error import BrokerError
from halflife.streams.broker.jar_lock import JarLock
from halflife.streams.broker.lock import write_lock


def test_a_lock_has_the_roots_what_they_need_and_the_sums(tmp_path: Path) -> None:
    root = "org.slf4j:slf4j-simple:1.7.36"
    try:
        written = write_lock([root], tmp_path / "kafka.lock")
    except BrokerError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    committed = JarLock.read()
    due = {name: committed.sums[name] for name in (root, "org.slf4j:slf4j-api:1.7.36")}
    assert written == JarLock((root,), due)
    assert JarLock.read(tmp_path / "kafka.lock") == written


def test_an_artifact_that_there_is_not_is_named(tmp_path: Path) -> None:
    pytest.importorskip("jgo")
    with pytest.raises(BrokerError, match="slf4j-simple"):
        write_lock(["org.slf4j:slf4j-simple:0.0.0-never"], tmp_path / "kafka.lock")
    assert not (tmp_path / "kafka.lock").exists()
