"""A person decides on the live page: what is clicked is done, and stands in the history."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from halflife.schemas.control import Command
from halflife.streams.monitor.page.orders import Orders
from tests.harness.browser import chromium, opened, violations
from tests.streams.monitor.shown import BoardPlayer, plans_of, served
from tests.streams.watch.stories import START, Heavy, lab
from tests.streams.watch.test_decide import ASK, log

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1440, "height": 900}}
TOKEN = "-".join(["correct", "horse"])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def player() -> BoardPlayer:
    """A stream in which a batch waits for a person."""
    player = BoardPlayer(plans_of(lab("opv", ASK)), log(mended=False), Heavy())
    player.board.takes_orders = True
    player.play()
    return player


@pytest.fixture(scope="module")
def address(player: BoardPlayer) -> Iterator[str]:
    async def send(order: Command) -> None:
        player.heavy.drive(player.watch.order(order))
        player._collect()

    orders = Orders(TOKEN, player.plans, send)
    with served(player.board, now=START + 1e5, orders=orders) as address:
        yield address


@pytest.mark.parametrize("looks", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_sticks_out_and_all_can_be_reached(
    browser: Browser, address: str, looks: dict[str, object]
) -> None:
    with opened(browser, f"{address}#/stream/opv", **looks) as page:
        page.get_by_text("What you can do").click()
        expect(page.get_by_label("Token of this worker")).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0
        assert violations(page) == []


def test_without_the_token_nothing_is_done(browser: Browser, address: str) -> None:
    with opened(browser, f"{address}#/stream/opv", **DESK) as page:
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("status").filter(has_text="Enter the token")).to_be_visible()
        expect(page.get_by_label("Token of this worker")).to_be_focused()


def test_a_note_a_fault_and_an_approval_are_seen(
    browser: Browser, address: str, player: BoardPlayer
) -> None:
    held = player.watch.streams["opv"].held
    assert held is not None
    with opened(browser, f"{address}#/stream/opv", **DESK) as page:
        expect(page.locator("#actions")).to_contain_text(f"Batch {held.batch.batch_id[:8]} waits")
        page.get_by_text("What you can do").click()
        page.get_by_label("Your name").fill("Ann <b>")
        page.get_by_label("Token of this worker").fill(TOKEN)
        page.get_by_label("Why, or what").fill("new bottle")
        page.get_by_role("button", name="Note it").click()
        rows = page.locator("#decisions tbody tr")
        expect(rows.first).to_contain_text("New bottle")
        expect(rows.first).to_contain_text("Ann <b>")
        page.get_by_role("spinbutton", name="from record").fill("5")
        page.get_by_role("spinbutton", name="to record").fill("9999")
        page.get_by_role("button", name="Mark as").click()
        expect(rows.first).to_contain_text("refused")
        expect(rows.first).to_contain_text("The stream has 580 records")
        page.get_by_role("button", name="Approve").click()
        expect(rows.first).to_contain_text("batch approved")
        expect(page.locator(".verdict")).to_contain_text("Can be trusted")
        expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    circulation = player.watch.streams["opv"].circulation
    assert circulation is not None
    assert circulation.batch.batch_id == held.batch.batch_id
