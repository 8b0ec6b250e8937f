from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.bench.drift_foreign import ForeignTool, ForeignToolMissingError, environment
from tests.bench.drift_peers import compared
from tests.bench.drift_power import ours
from tests.bench.drift_river import columns_of, watched_by_river
from tests.bench.foreign.exchange import Task, tasks_in, windows, written
from tests.harness.drift_streams import UNCHANGED, changed_stream


def test_adwin_finds_a_mean_that_moves_and_no_correlation_that_turns() -> None:
    runs = {run.kind: run for run in watched_by_river(("ADWIN / m", 8, 0))}
    assert runs["mean +1 sigma"].delay < 150
    assert runs["correlation"].delay > 1000
    assert runs[UNCHANGED].early <= 1
    assert columns_of(changed_stream(UNCHANGED, 8, 0).stream)[:, 8:].sum() == 5000


def test_what_goes_to_another_environment_arrives(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    reference = rng.random((20, 3))
    tasks = [Task(f"kind {i}", 7, reference, rng.random((10, 3)), 5 + i) for i in range(2)]
    written(tmp_path / "tasks.npz", tasks)
    for sent, come in zip(tasks, tasks_in(tmp_path / "tasks.npz"), strict=True):
        assert (come.kind, come.seed, come.change) == (sent.kind, sent.seed, sent.change)
        assert np.array_equal(come.reference, sent.reference)
        assert np.array_equal(come.stream, sent.stream)


def test_a_window_fires_at_its_last_record_and_nothing_is_asked_once_all_have_fired() -> None:
    asked = []

    def fires(cells: np.ndarray) -> dict[str, bool]:
        asked.append(len(cells))
        return {"high": bool(cells.mean() > 0.5), "always": True}

    stream = np.repeat([0.0, 1.0], 50)[:, None]
    alarms = windows(Task("kind", 0, stream, stream, 45), 10, fires)
    assert alarms == {"high": [59], "always": [9, 19, 29, 39, 49, 59]}
    assert asked == [10] * 6


def test_a_tool_that_cannot_be_had_is_skipped_with_the_reason(tmp_path: Path) -> None:
    wheel = str(tmp_path / "no-such-wheel.whl")
    tool = ForeignTool("nothing", "none.py", (wheel,), 1, place=tmp_path)
    with pytest.raises(ForeignToolMissingError, match=r"uv"):
        environment(tool)
    said = io.StringIO()
    console = Console(file=said, width=140)
    found = compared(console, 8, [ours((8, 0))], 1, river=("ADWIN",), tools=(tool,))
    assert "skipped: nothing" in said.getvalue()
    assert len(found["skipped"]) == 1
    assert found["Halflife"]["mean +1 sigma"]["ratio"] == 1.0
    assert math.isfinite(found["river ADWIN"]["mean +1 sigma"]["ratio"])
