"""A real browser, driven: pages with all that their consoles say."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

PROGRAM: Final = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
AXE: Final = (
    Path(__file__).parents[2] / "build" / "tools" / "node_modules" / "axe-core" / "axe.min.js"
)
_PATIENCE_MS: Final = 30_000
_QUIET: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-quic",
)  # fmt: skip


def lacking(what: str) -> None:
    """Skips a test for which something is not installed; where it must be, the test fails."""
    text = f"no {what} here: `make tools` installs it where it may"
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The installed browser, without a window."""
    if PROGRAM is None:
        lacking("Chromium")
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=PROGRAM, args=list(_QUIET))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, address: str, **looks: Any) -> Iterator[Page]:
    """A page; its console must have nothing to say when it is closed.

    Args:
        browser: That opens it.
        address: Of the page.
        **looks: Of the context: ``viewport``, ``color_scheme``, ``has_touch``, ...
    """
    context = browser.new_context(**looks)
    page = context.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.goto(address)
    try:
        yield page
        assert said == [], said
    finally:
        context.close()


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with a page for people who see little or use no mouse."""
    if not AXE.exists():
        lacking("axe-core")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes'][:3]]}"
        for each in found["violations"]
    ]
