"""Tables that are hard on pages, and a reader of pages that is hard on markup."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block, Column, Kind, Role, Table
from halflife.streams.commands.assessment import assess
from halflife.streams.commands.facts.backtest_facts import complete_backtest
from halflife.streams.commands.facts.report_facts import complete_report
from halflife.streams.commands.output import finite
from halflife.streams.commands.pages.report_page import report_page
from halflife.streams.watch.backtest import backtest

EVIL = "<img src=x onerror=\"alert('1')\">&amp;$x$ {{ 7 * 7 }}"
VOID = {"meta", "link", "br", "img", "hr", "input"}


class Reader(HTMLParser):
    """Raises where a tag is not closed in its turn; collects texts and attributes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[str] = []
        self.texts: list[str] = []
        self.identities: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self._note(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self._note(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def _note(self, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(name, value or "") for name, value in attrs]
        self.identities += [value or "" for name, value in attrs if name == "id"]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def read(page: str) -> Reader:
    """The page, if every tag of it is closed, no identity is given twice and nothing is fetched."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    assert len(reader.identities) == len(set(reader.identities))
    assert "script" not in reader.seen
    for name, value in reader.attributes:
        assert not name.startswith("on"), name
        if name in {"href", "src", "xlink:href"}:
            assert value.startswith(("#", "data:")), value
        if "url(" in value:
            assert value.replace(" ", "").startswith("url(#"), value
    return reader


def hard_table() -> Table:
    """Roles and kinds of all sorts, one name that is markup, one column that never varies."""
    return Table(
        (
            Column(name="heat", role=Role.SET_POINT, unit="K"),
            Column(name=EVIL, role=Role.SET_POINT, kind=Kind.CATEGORY),
            Column(name="who", role=Role.CONTEXT, kind=Kind.CATEGORY),
            Column(name="moles", role=Role.SET_POINT, kind=Kind.INTEGER, unit="mol"),
            Column(name="still", unit="m"),
            Column(name="pressure", unit="kPa"),
            Column(name="名前", unit="µ<g>"),
        ),
        target="pressure",
    )


def hard_rows(rows: int, seed: int) -> Block:
    """Rows of it, a tenth of the cells missing."""
    random = np.random.default_rng(seed)
    heat, moles = random.uniform(280, 360, rows), random.integers(1, 4, rows)
    numbers = np.column_stack(
        [
            heat,
            moles,
            np.full(rows, 3.0),
            0.08 * heat * moles + random.normal(0, 1, rows),
            random.standard_t(1, rows) * 1e6,
        ]
    )
    numbers[random.random(numbers.shape) < 0.1] = np.nan
    texts = np.column_stack(
        [
            random.choice([f"</svg><b>{EVIL}", "plain"], rows).astype(object),
            np.array([f"person {i}" for i in random.integers(0, 30, rows)], dtype=object),
        ]
    )
    texts[random.random(texts.shape) < 0.1] = None
    return Block(hard_table(), numbers, texts)


def report_of(real: Block, synthetic: Block, title: str = "A batch") -> dict[str, Any]:
    """What ``halflife report --json`` writes of these rows."""
    found = assess(real, synthetic, None, seed=0)
    whole = complete_report(found.result, found.reasons, real, synthetic, title=title, seed=0)
    plain: dict[str, Any] = finite(whole)
    return plain


@pytest.fixture(scope="session")
def hard_page(hard_report: dict[str, Any]) -> str:
    return report_page(hard_report)


@pytest.fixture(scope="session")
def hard_report() -> dict[str, Any]:
    return report_of(hard_rows(150, 1), hard_rows(140, 2), title=EVIL)


COLUMNS = {
    "heat": {"role": "set-point", "unit": "K"},
    EVIL: {"role": "measured", "unit": "V"},
    "who": {"role": "context", "kind": "category"},
}


def plan_of(columns: dict[str, Any], reference: int = 150) -> StreamPlan:
    return StreamPlan.model_validate(
        {"name": "s", "title": EVIL, "column": columns, "reference": reference, "min_rows": 60,
         "tick": 50}
    )  # fmt: skip


def frame_of(records: int, seed: int, shift: float) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    heat = random.normal(300, 10, records)
    answer = heat + random.normal(0, 1, records)
    answer[300:] += shift
    answer[random.random(records) < 0.05] = np.nan
    who = random.choice(["<b>ann", "bo"], records).astype(object)
    at = pd.date_range("2025-03-01T08:00", periods=records, freq="7min").astype(str)
    return pd.DataFrame({"heat": heat, EVIL: answer, "who": who, "taken <at>": at.astype(object)})


def result_of(plan: StreamPlan, frame: pd.DataFrame, batch: pd.DataFrame | None) -> dict[str, Any]:
    """What ``halflife backtest --json`` writes."""
    block = Block.from_frame(plan.table, frame)
    other = None if batch is None else Block.from_frame(plan.table, batch)
    found = backtest(plan, block, batch=other)
    whole = complete_backtest(found, block, frame, title=plan.title, seed=plan.seed)
    plain: dict[str, Any] = finite(whole)
    return plain


@pytest.fixture(scope="session")
def hard_backtest() -> dict[str, Any]:
    return result_of(plan_of(COLUMNS), frame_of(520, 0, 6.0), frame_of(120, 1, 0.0))
