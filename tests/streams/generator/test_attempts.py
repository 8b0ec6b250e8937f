from __future__ import annotations

from pathlib import Path

import pytest

from halflife.streams.generator.attempts import MOST_BEGUN, MOST_CRASHES, Attempts


def test_three_crashes_are_enough_and_survive_the_worker(tmp_path: Path) -> None:
    for crash in range(1, MOST_CRASHES + 1):
        attempts = Attempts(tmp_path, "ab")  # another worker each time
        assert not attempts.exhausted
        attempts.begin()
        attempts.crashed()
        assert attempts.begun == crash
    assert Attempts(tmp_path, "ab").exhausted
    assert not Attempts(tmp_path, "cd").exhausted


def test_a_worker_that_dies_with_every_training_does_not_loop_for_ever(tmp_path: Path) -> None:
    for _ in range(MOST_BEGUN):
        attempts = Attempts(tmp_path, "ab")
        assert not attempts.exhausted
        attempts.begin()
    assert Attempts(tmp_path, "ab").exhausted


def test_what_we_end_ourselves_does_not_count(tmp_path: Path) -> None:
    for _ in range(3 * MOST_BEGUN):
        attempts = Attempts(tmp_path, "ab")
        attempts.begin()
        attempts.forgive()
    assert Attempts(tmp_path, "ab").begun == 0


def test_an_answered_request_is_forgotten(tmp_path: Path) -> None:
    Attempts(tmp_path, "ab").forget()  # nothing there: no error
    attempts = Attempts(tmp_path, "ab")
    attempts.begin()
    attempts.forget()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"begun": 1}', '{"begun": "x", "crashes": 0}'])
def test_a_broken_file_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "ab.json").write_text(content)
    attempts = Attempts(tmp_path, "ab")
    assert (attempts.begun, attempts.crashes) == (0, 0)
    attempts.begin()
    assert Attempts(tmp_path, "ab").begun == 1
