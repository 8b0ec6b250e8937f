import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

LIMIT = 480.0
"""Seconds: four times what the demo may take on two free cores, for busy machines."""


@pytest.mark.slow
def test_the_demo_tells_its_story_and_leaves_nothing_behind(kafka_is_here, tmp_path: Path):
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HALFLIFE_")},
        "HALFLIFE_WEB_PORT": "0",
        "HALFLIFE_GENERATOR_PORT": "0",
    }
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "halflife.streams.commands.main", "demo", "--exit"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    print(f"the demo took {time.monotonic() - begun:.0f} s")  # noqa: T201 - a figure for the log
    assert done.returncode == 0, done.stdout + done.stderr
    for told in (
        "reference learnt",
        "first batch in circulation",
        "drift of degradation, given set-points",
        "new batch in circulation",
        "skill on new records",
        "ADWIN, run beside on degradation alone, has seen nothing in 2,080 records",
        "The story is told",
    ):
        assert told in done.stdout, done.stdout
    assert _processes_in(tmp_path) == []


def _processes_in(folder: Path) -> list[str]:
    """Command lines of processes that still work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found
