"""Pages in a real browser: nothing sticks out of a phone, and the console has nothing to say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from halflife.streams.commands.pages.backtest_page import backtest_page

BROWSER = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars")
QUIET += ("--disable-background-networking", "--disable-dev-shm-usage", "--enable-logging=stderr")
QUIET += ("--virtual-time-budget=3000", "--allow-file-access-from-files")

# A window of a browser without a head is no narrower than 500 pixels: a frame is.
FRAME = """<!doctype html><title>measuring</title>
<iframe src="page.html" style="width: {width}px; height: 700px; border: 0"></iframe>
<script>
window.onload = () => {{
  const page = document.querySelector("iframe").contentDocument;
  const beyond = each => each.getBoundingClientRect().right > {width} + 0.5;
  const wide = [...page.querySelectorAll("main *")]
    .filter(each => !each.closest("svg, .scroll") && beyond(each))
    .map(each => each.tagName + each.className);
  document.body.append(`width ${{page.documentElement.scrollWidth}} beyond [${{wide}}]`);
}};
</script>
"""


@pytest.mark.parametrize("kind", ["report", "backtest"])
@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_sticks_out_and_nothing_is_complained_of(
    hard_page: str, hard_backtest: dict[str, Any], tmp_path: Path, width: int, kind: str
) -> None:
    if BROWSER is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: `make tools` installs it")
        pytest.skip("no Chromium here; `make tools` installs it where it may")
    page = hard_page if kind == "report" else backtest_page(hard_backtest)
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    (tmp_path / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
    done = subprocess.run(
        [str(BROWSER), *QUIET, f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1600,900",
         "--dump-dom", (tmp_path / "frame.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )  # fmt: skip
    assert [line for line in done.stderr.splitlines() if ":CONSOLE" in line] == []
    (found,) = re.findall(r"width (\d+) beyond \[(.*?)\]</body>", done.stdout)
    assert found == (str(width), "")
