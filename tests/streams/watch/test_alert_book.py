"""An alert begins once, ends once, and both say which condition they are about."""

from __future__ import annotations

import orjson

from halflife.streams.watch.alert_book import AlertBook
from halflife.streams.watch.identity import derived_seed, identity
from halflife.streams.watch.moment import Moment

THEN = Moment("opv", record=10, address=(20 << 20) + 3, seconds=1.5)
LATER = Moment("opv", record=30, address=40 << 20, seconds=2.5)


def test_a_condition_that_goes_on_is_said_once() -> None:
    book = AlertBook()
    [begun] = book.fire("fidelity", "too low", THEN, {"retained": 0.5})
    assert book.fire("fidelity", "lower still", LATER, {}) == []
    [ended] = book.resolve("fidelity", "well again", LATER)
    assert book.resolve("fidelity", "well again", LATER) == []
    assert (begun.status, begun.record, begun.offset) == ("firing", 10, 20)
    assert (ended.status, ended.record, ended.evidence) == ("resolved", 30, {"since_record": 10})
    assert begun.fingerprint == ended.fingerprint
    assert begun.alert_id != ended.alert_id


def test_the_same_condition_at_another_record_is_another_one() -> None:
    one, other = AlertBook(), AlertBook()
    [first] = one.fire("fidelity", "", THEN, {})
    [second] = other.fire("fidelity", "", LATER, {})
    assert first.fingerprint != second.fingerprint


def test_what_is_firing_stands_in_one_order_whatever_came_first() -> None:
    one, other = AlertBook(), AlertBook()
    for book, kinds in ((one, ("forecast", "drift")), (other, ("drift", "forecast"))):
        for kind in kinds:
            book.fire(kind, "", THEN, {})  # type: ignore[arg-type]  # the tuple's texts are kinds
    assert one.kinds == other.kinds == ["drift", "forecast"]
    assert orjson.dumps(one.state()) == orjson.dumps(other.state())


def test_a_state_is_exact() -> None:
    book, again = AlertBook(), AlertBook()
    book.fire("forecast", "soon", THEN, {})
    book.fire("drift", "moved", LATER, {})
    again.restore(orjson.loads(orjson.dumps(book.state())))
    assert orjson.dumps(again.state()) == orjson.dumps(book.state())
    assert again.resolve("drift", "", LATER) == book.resolve("drift", "", LATER)


def test_identities_tell_their_parts_apart() -> None:
    assert identity("a", "b") != identity("ab")
    assert identity(1) != identity("1")
    assert len(identity()) == 32
    assert 0 <= derived_seed("a", 1) < 2**31
    assert derived_seed("a", 1) != derived_seed("a", 2)
