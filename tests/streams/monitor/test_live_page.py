"""The live page in a real browser: the story of the demo, and how it behaves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from halflife.streams.monitor.board import Board
from tests.harness.browser import chromium, opened, violations
from tests.streams.monitor.shown import BoardPlayer, plans_of, served
from tests.streams.watch.stories import START, Heavy, Raw, fields, lab, opv_values, raw, text_time

DESK = {"viewport": {"width": 1440, "height": 900}}
EVIL = "<img src=x onerror=\"document.title='broken in'\">"
DEMO = """
reference = 500
min_rows = 300
rows = 1000
tick = 100
keep = 0.9
generator = "trees"
"""
CHANGE, AFTER = 1040, 680
RECORDS = CHANGE + AFTER
NOW = START + 60.0 * RECORDS


def story(records: int = RECORDS) -> BoardPlayer:
    """The solar cells of the demo, a record a minute: at record 1,040 the donor polymer changes."""
    plans = plans_of(
        lab(promises=DEMO) + f"[stream.other]\ntitle = '''{EVIL}'''\n[stream.other.column]\n"
        'x = { role = "measured" }\n'
    )
    values = opv_values(CHANGE, AFTER, seed=0)[:records]
    log = [
        raw(i, fields(row, name=f"r{i}", time=text_time(START + 60.0 * i)))
        for i, row in enumerate(values)
    ]
    log += [Raw(records, f'{{"{EVIL}'.encode(), timestamp=int(1000 * NOW))]
    player = BoardPlayer(plans, log, Heavy())
    player.play(cuts=range(0, len(log), 20))
    return player


@pytest.fixture(scope="module")
def board() -> Board:
    return story().board


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(board: Board) -> Iterator[str]:
    with served(board, now=NOW) as address:
        yield address


def charts_of(page: Page) -> None:
    """Waits until the charts of a stream are drawn."""
    expect(page.locator(".plot .main-svg").first).to_be_visible()
    expect(page.locator("#evidence .plot .main-svg").first).to_be_visible()


def test_the_first_screen_tells_which_data_can_be_trusted(browser: Browser, address: str) -> None:
    with opened(browser, address, **DESK) as page:
        card = page.locator(".card", has_text="opv")
        expect(card).to_contain_text("Can be trusted")
        expect(card).to_contain_text("trusted")  # the word, beside colour and shape
        expect(card.locator("svg.mark")).to_have_count(1)
        expect(card).to_contain_text("Age of the batch")
        expect(card).to_contain_text(f"record {change_point(page):,}")
        expect(card.locator("svg.spark .line")).to_have_count(1)
        expect(card.locator(".label")).to_contain_text("not measured yet")
        expect(page.locator(".card", has_text="other")).to_contain_text("Waiting for the first")


def change_point(page: Page) -> int:
    """Where the engine saw the change."""
    told = page.evaluate("fetch('streams/opv').then(answer => answer.json())")
    (change,) = {
        alert["change_point"]
        for alert in told["alerts"]
        if alert["kind"] == "drift" and alert["status"] == "firing"
    }
    assert abs(change - CHANGE) < 60
    return int(change)


def test_the_story_of_the_demo_is_seen(browser: Browser, address: str) -> None:
    with opened(browser, address + "#/stream/opv", **DESK) as page:
        charts_of(page)
        alerts = page.locator("#alerts tbody tr")
        expect(alerts.filter(has_text="critical").filter(has_text="drift")).to_contain_text(
            f"since about record {change_point(page)}"
        )
        expect(alerts.filter(has_text="ended").filter(has_text="drift")).to_have_count(1)
        batches = page.locator("#batches tbody tr:has(> td[data-head])")
        expect(batches).to_have_count(3)
        expect(batches.nth(0)).to_contain_text("in circulation")
        expect(batches.nth(0)).to_contain_text("Promoted")
        expect(batches.nth(1)).to_contain_text("Cannot tell yet")
        expect(batches.nth(2)).to_contain_text("first batch")
        drawn = page.locator("#evidence .annotation-text")
        expect(drawn.filter(has_text="change")).to_have_count(1)
        expect(page.locator("#evidence .legendtext", has_text="alarm")).to_have_count(1)
        expect(page.locator("#dead-letters tbody tr")).to_contain_text("broken-json")
        expect(page.locator("#dead-letters code")).to_contain_text(EVIL)
        told = page.locator("#columns figcaption")
        expect(told).to_contain_text("degradation: the batch and real records")
        page.locator("select#column").select_option("mat_1")
        expect(told).to_contain_text("mat_1: the batch and real records")
        expect(page.locator("#residuals figcaption")).to_contain_text(
            "degradation at the same set-points"
        )
        # The batch of after the change is so new that the measures are of the one before.
        expect(page.locator("#fidelity figcaption")).to_contain_text("The batch before had kept")
        for measure in ("columns", "pairs", "joint", "predictive"):
            page.locator("#fidelity label", has_text=measure).first.click()
            expect(page.locator("#fidelity figcaption")).to_contain_text("Fidelity of ")
        for along in ("time", "age of the batch"):
            page.locator("#fidelity label", has_text=along).last.click()
            expect(page.locator("#fidelity .xtitle")).to_contain_text(
                along.replace("the batch", "the batch, records").replace("time", "time of")
            )


@pytest.mark.parametrize("view", ["", "#/stream/opv"], ids=["lab", "stream"])
def test_on_a_phone_and_at_a_desk_by_day_and_by_night_the_page_is_in_order(
    browser: Browser, address: str, view: str
) -> None:
    with opened(browser, address + view, **DESK, reduced_motion="reduce") as page:
        if view:
            charts_of(page)
            expect(page.locator("#dead-letters tbody tr")).to_have_count(1)
        else:
            expect(page.locator(".card")).to_have_count(2)
        is_in_order(page)
        for width, scheme in ((1440, "dark"), (360, "dark"), (360, "light")):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 740})
            if view:
                expect(page.locator("#evidence .plot .main-svg").first).to_have_css(
                    "width", f"{page.locator('#evidence .plot').evaluate('e => e.clientWidth')}px"
                )
            is_in_order(page)


def is_in_order(page: Page) -> None:
    """Nothing sticks out of the page or lies over another, and everybody can use it."""
    assert page.evaluate("document.documentElement.scrollWidth === innerWidth")
    assert page.evaluate(BEYOND) == []
    assert page.evaluate(OVERLAPPING) == []
    assert violations(page) == []


BEYOND = """[...document.querySelectorAll("main *, header *, footer *")]
  .filter(each => !each.closest("svg") && !each.closest(".unseen"))
  .filter(each => each.getBoundingClientRect().right > innerWidth + 0.5)
  .map(each => each.tagName + "." + each.className)"""
OVERLAPPING = """(() => {
  const all = [...document.querySelectorAll(
    "h1, h2, p, dt, dd, td, th, li.card, figcaption, label, .plot, header p")]
    .filter(each => each.checkVisibility() && !each.closest(".unseen, caption, .skip"))
    .map(each => [each, each.getBoundingClientRect()])
    .filter(([, box]) => box.width > 1 && box.height > 1);
  const found = [];
  for (const [i, [one, a]] of all.entries()) for (const [other, b] of all.slice(i + 1)) {
    if (one.contains(other) || other.contains(one)) continue;
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    const both = [one, other].map(each => each.textContent.slice(0, 40));
    if (wide > 1 && high > 1) found.push(both.join(" | "));
  }
  return found;
})()"""


def test_many_streams_have_a_line_each_and_are_found_by_name(
    browser: Browser, board: Board
) -> None:
    many = Board({f"{name}-{i}": plan for i in range(8) for name, plan in board.plans.items()})
    told = board.history["opv"]
    for name in many.plans:
        many.history[name].report(told.last or {})
    with served(many, now=NOW) as address, opened(browser, address, **DESK) as page:
        expect(page.locator(".many .card")).to_have_count(16)
        is_in_order(page)
        page.get_by_label("Find a stream").fill("OPV-3")
        expect(page.locator(".card:visible")).to_have_count(1)
        expect(page.locator(".card:visible")).to_contain_text("Another worker holds this stream")


def test_a_keyboard_is_enough(browser: Browser, address: str) -> None:
    with opened(browser, address, **DESK) as page:
        expect(page.locator(".card")).to_have_count(2)
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.locator(".card").first).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text("opv")
        charts_of(page)
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.name") == "measure":
                break
        page.keyboard.press("ArrowRight")
        expect(page.locator("#fidelity figcaption")).to_contain_text("each column alone")
        page.keyboard.press("Shift+Tab")
        expect(page.locator(".back a")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(".card")).to_have_count(2)


def test_what_strangers_sent_stays_text(browser: Browser, address: str) -> None:
    for view in ("", "#/stream/other", "#/stream/" + EVIL):
        with opened(browser, address + view, **DESK) as page:
            expect(page.locator("h1")).to_be_visible()
            expect(page.locator("#connection")).to_contain_text("live")
            assert page.locator("img").count() == 0
            assert page.title() != "broken in"


def test_news_come_by_themselves_and_touch_nothing_else(browser: Browser) -> None:
    board = story(600).board
    with served(board, now=NOW, every=0.05) as address, opened(browser, address, **DESK) as page:
        card = page.locator(".card", has_text="opv")
        expect(card).to_contain_text("Can be trusted")
        page.evaluate("document.querySelectorAll('.card').forEach(card => { card.seen = true })")
        watch = next(iter(board.workers.values())).watch.streams["opv"]
        watch.records += 7
        expect(card).to_contain_text("607")
        seen = "card => [card.querySelector('.id').textContent, card.seen === true]"
        told = page.evaluate(f"[...document.querySelectorAll('.card')].map({seen})")
        assert dict(told) == {"opv": False, "other": True}


def test_it_says_when_the_worker_is_away_and_comes_back_by_itself(
    browser: Browser, board: Board
) -> None:
    with served(board, now=NOW) as address:
        context = browser.new_context(**DESK)  # its console tells of the refused connections
        page = context.new_page()
        page.goto(address)
        connection = page.locator("#connection")
        expect(connection).to_have_text("live")
    expect(connection).to_contain_text("The worker does not answer. This is of ")
    expect(page.locator(".card").first).to_be_visible()
    with served(board, now=NOW, port=int(address.split(":")[-1].strip("/"))):
        expect(connection).to_have_text("live")
        context.close()
