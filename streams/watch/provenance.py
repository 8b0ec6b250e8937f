"""Where the records of a stream come from: synthetic rows that come back as real are left out."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from typing import Any, Final

import orjson

from halflife.monitors import Accusation, Contamination, match_evidence
from halflife.schemas.alert import Alert
from halflife.schemas.batch import SyntheticBatch
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block
from halflife.schemas.window import address as address_of

from .alert_book import AlertBook
from .circulation import Circulation
from .memory import Memory
from .moment import Moment
from .rows import Rows
from .ticks import FAR
from .work import Work, learn_provenance

BATCHES: Final = 3
"""Batches that circulated last, whose rows are known again."""
EVERY: Final = 100
"""Records of the stream from one naming of synthetic rows to the next, while they keep coming."""
QUIET: Final = 200
"""Records without a synthetic row after which the condition is over."""
WINDOW: Final = 200
"""Records that are weighed together: how many of them are like synthetic rows."""
MOST_NAMED: Final = 100
"""Synthetic rows that are named at once; they are named sooner where so many have come."""


class Provenance:
    """Accuses records of a stream of being rows of the batches that circulated last.

    It learns when a batch begins to circulate, from the real rows then known. Its state has what
    was learnt; the rows of the batches stand in the log, and `take_blocks` brings them back.

    Args:
        plan: Of the stream.
    """

    def __init__(self, plan: StreamPlan) -> None:
        self.plan = plan
        self.table = plan.table
        self.named = 0
        self.pending: list[dict[str, Any]] = []
        self.manifests: list[SyntheticBatch] = []
        self._told_at: int | None = None
        self._last = 0
        self._learned: dict[str, Any] | None = None
        self._blocks: dict[str, Block] = {}
        self._monitor: Contamination | None = None
        self._accused: dict[int, Accusation] | None = None
        self._begun = 0
        self._ahead: list[dict[str, Any]] = []
        self._alike: list[dict[str, Any]] = []
        self._window_end = FAR

    def learn(self, circulation: Circulation | None, memory: Memory) -> Generator[Work, Any, None]:
        """Learn the rows of a batch, if it is new.

        Args:
            circulation: The batch in circulation.
            memory: Of the latest real rows, among them those that it was made from.
        """
        if circulation is None or circulation.block is None:
            return
        name = str(circulation.batch.batch_id)
        if any(name == each.batch_id for each in self.manifests):
            return
        self.manifests = [*self.manifests, circulation.batch][-BATCHES:]
        names = tuple(str(each.batch_id) for each in self.manifests)
        known = {**self._blocks, name: circulation.block}
        self._blocks = {each: known[each] for each in names if each in known}
        rows = memory.latest(memory.capacity)
        unseen = circulation.unseen(rows, self.plan.holdout)
        margins = (self._learned or {}).get("margins")
        before = None if margins is None else orjson.dumps(margins).decode()
        real = rows.block[~unseen], rows.block[unseen]
        names, blocks = tuple(self._blocks), tuple(self._blocks.values())
        result = yield Work(learn_provenance, (self.table, before, names, *real, *blocks))
        self._learned = result.get("state", result)
        self._alike, self._window_end = [], FAR
        self._begin()

    def take_blocks(self, blocks: Mapping[str, Block]) -> None:
        """The rows of batches by ``batch_id``, read again; those that are gone are not watched."""
        names = [str(each.batch_id) for each in self.manifests]
        self._blocks = {name: blocks[name] for name in names if name in blocks}
        self.manifests = [each for each in self.manifests if each.batch_id in self._blocks]
        self._begin()

    def first(self, rows: Rows, start: int) -> int:
        """The place of the first accused row from ``start`` on; ``len(rows)`` for none.

        After it `taken` must say how many rows were taken.
        """
        if self._monitor is None:
            return len(rows)
        if self._accused is None:
            found = self._monitor.accuse(rows[start:].block)
            self._begun = start
            self._accused = {start + each.record: each for each in found}
            alike = [(start + each.record, each) for each in self._monitor.alike]
            self._ahead = [_evidence(rows, place, each) for place, each in alike]
        return min((place for place in self._accused if place >= start), default=len(rows))

    def taken(self, rows: Rows, count: int) -> int:
        """Go on behind the first of these rows, which were given; how many they are."""
        if self._monitor is not None and self._accused is not None:
            self._monitor.take(count - self._begun)
            self._collect(int(rows.addresses[count - 1]) if count else -1)
        self._accused, self._ahead = None, []
        return count

    def accuse(self, rows: Rows, place: int, records: int) -> None:
        """Take note of an accused row, which `first` has found, after so many records."""
        if self._accused is None:
            raise RuntimeError(f"{self.plan.name}: no row was accused")
        self.named += 1
        self._last = records
        self.pending.append(_evidence(rows, place, self._accused[place]))

    @property
    def text(self) -> str:
        """What can be told of the batches that circulate, in words; empty without one."""
        if self._monitor is not None:
            return self._monitor.text
        return self._learned["too_few"] if self._learned and "too_few" in self._learned else ""

    @property
    def due(self) -> int:
        """Number of records at which something is to be said."""
        window = self._window_end if self._alike or self._ahead else FAR
        if self._told_at is None:
            return min(self._last if self.pending else FAR, window)
        if len(self.pending) >= MOST_NAMED:
            return self._last
        naming = self._told_at + EVERY if self.pending else FAR
        return min(naming, self._last + QUIET, window)

    def tell(self, alerts: AlertBook, moment: Moment) -> list[Alert]:
        """The alert that names the rows left out since the last one, or that ends, if it is due."""
        records = moment.record + 1
        told = self._weigh(alerts, moment) if self._monitor is not None else []
        if records < self.due:
            return told
        named = self.pending
        over = self._told_at is not None and records >= self._last + QUIET
        self.pending, self._told_at = [], None if over else records
        evidence = {"count": len(named), "in_all": self.named, "records": named}
        text = _text(named) if named else f"no synthetic row in {QUIET} records"
        say = alerts.resolve if over else alerts.go_on
        return [*told, *say("contamination", text, moment, evidence)]

    def _collect(self, address: int) -> None:
        """Keep the records up to a place that are like synthetic rows."""
        due = [each for each in self._ahead if address_of(each["offset"], each["row"]) <= address]
        self._ahead = self._ahead[len(due) :]
        self._alike += due

    def _weigh(self, alerts: AlertBook, moment: Moment) -> list[Alert]:
        """What a window tells as a whole, at its end: an e-value of ``N / WINDOW`` is enough."""
        records = moment.record + 1
        if self._window_end == FAR:
            self._window_end = records + WINDOW
        self._collect(moment.address)
        if records < self._window_end:
            return []
        # Windows in which no record is like a row may pass unseen; others end where they are due.
        self._window_end += WINDOW * ((records - self._window_end) // WINDOW + 1)
        alike, self._alike = self._alike, []
        usual = 1.0 if self._monitor is None else self._monitor.usual
        evidence = match_evidence(min(len(alike), WINDOW), WINDOW, usual=usual)
        if evidence < math.log(max(2.0, self.plan.false_alarms / WINDOW)):
            return []
        self._last = self._told_at = records
        names = ", ".join(each["record_id"] for each in alike[:5])
        text = (
            f"{len(alike)} of the last {WINDOW} records are as near to synthetic rows as "
            f"{usual:.1%} of real ones are at most ({names}, ...): some of them came back, though "
            "they cannot be told one by one"
        )
        more = {"count": 0, "in_all": self.named, "records": [], "suspects": alike}
        return alerts.go_on("contamination", text, moment, more)

    def state(self) -> dict[str, Any]:
        """All but the rows of the batches, as plain data."""
        running = {} if self._monitor is None else {"running": self._monitor.running}
        return {
            "named": self.named,
            "pending": list(self.pending),
            "told_at": self._told_at,
            "last": self._last,
            "alike": list(self._alike),
            "window_end": self._window_end,
            "learned": self._learned and {**self._learned, **running},
            "manifests": [each.model_dump(mode="json") for each in self.manifests],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; `take_blocks` must follow."""
        self.named, self.pending = state["named"], list(state["pending"])
        self._told_at, self._last = state["told_at"], state["last"]
        self._alike, self._window_end = list(state["alike"]), state["window_end"]
        self._learned = state["learned"]
        self.manifests = [SyntheticBatch.model_validate(each) for each in state["manifests"]]

    def _begin(self) -> None:
        """Watch with what was learnt."""
        self._accused = self._monitor = None
        self._ahead = []
        if self._learned is not None and "key" in self._learned and self._blocks:
            self._monitor = Contamination(self.table)
            self._monitor.restore(self._learned, self._blocks)


def _evidence(rows: Rows, place: int, accusation: Accusation) -> dict[str, Any]:
    """A record and the synthetic row that it is like, as plain data."""
    return {
        "record_id": rows.ids[place],
        **rows.place(place),
        "batch_id": accusation.batch,
        "batch_row": accusation.row,
        "distance": accusation.distance,
        "chance": accusation.chance,
    }


def _text(named: list[dict[str, Any]]) -> str:
    """That some records are synthetic rows, as people read it."""
    count = len(named)
    batches = " and ".join(sorted({each["batch_id"][:8] for each in named}))
    names = ", ".join(each["record_id"] for each in named[:5])
    more = ", ..." if count > 5 else ""
    what = "1 record is a row" if count == 1 else f"{count} records are rows"
    return (
        f"{what} of synthetic batch {batches} that came back as real ({names}{more}): left out of "
        "references, trainings and measures"
    )
