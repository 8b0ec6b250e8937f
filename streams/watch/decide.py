"""What a person's order does to a stream."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from halflife.schemas.messages import Command, Decision
from halflife.schemas.table import Block
from halflife.schemas.window import Window

from .alert_book import CHANGE_KINDS
from .circulation import Circulation
from .ticks import FAR
from .work import Work

if TYPE_CHECKING:
    from .stream_watch import StreamWatch

_Told = tuple[Literal["done", "refused"], str]
_Deed = Generator[Work, Any, _Told]


def decide(watch: StreamWatch, command: Command) -> Generator[Work, Any, Decision]:
    """Carry out an order; what came of it.

    Args:
        watch: Of the stream that it is meant for.
        command: The order.
    """
    outcome, text = yield from _DEEDS[command.action](watch, command)
    return Decision(
        command_id=command.command_id,
        stream=command.stream,
        action=command.action,
        by=command.by,
        reason=command.reason,
        outcome=outcome,
        text=text,
        batch_id=command.batch_id,
        first=command.first,
        last=command.last,
        records=watch.records,
        time=command.time,
    )


def _regenerate(watch: StreamWatch, command: Command) -> _Deed:
    if watch.held is not None:
        drop(watch, f"a new batch is asked for{_by(command)}")
    watch.ordered = _why(command)
    watch.say(watch.desk.guard.lift("a person goes on", watch.moment(), watch.alerts))
    watch.approved = True  # to ask for a batch of records after a change is to call them well
    yield from ()
    return "done", "a new batch is asked for as soon as there are records enough"


def _approve(watch: StreamWatch, command: Command) -> _Deed:
    held = watch.held
    if held is None and watch.asks_first:
        watch.approved = True
        return "done", "the change is accepted: the next batch circulates if it is better"
    if held is None or command.batch_id not in (None, held.batch.batch_id):
        return "refused", _what_waits(held)
    text = f"batch {held.batch.batch_id[:8]} circulates"
    yield from _let_out(watch, held, f"{text}: approved{_by(command)}")
    return "done", text


def _reject(watch: StreamWatch, command: Command) -> _Deed:
    yield from ()
    held = watch.held
    if held is None or command.batch_id not in (None, held.batch.batch_id):
        return "refused", _what_waits(held)
    drop(watch, f"batch {held.batch.batch_id[:8]} was rejected{_by(command)}: {_why(command)}")
    return "done", f"batch {held.batch.batch_id[:8]} is dropped"


def _fault(watch: StreamWatch, command: Command) -> _Deed:
    yield from ()
    first, last = command.first, command.last
    if first is None or last is None or last >= watch.records:
        return "refused", f"the stream has {watch.records:,} records: mark some of these, from 0 on"
    faulty = _leave_out(watch, first, last)
    told = [f"records {first:,} to {last:,} are left out of trainings and references"]
    text = f"{told[0]}: an instrument's fault{_by(command)}"
    told += _undo_batches(watch, faulty, text)
    if _call_off(watch, text):
        told.append("the change is called off; the reference of before watches again")
    else:
        told += _learn_without(watch, first, last)
    return "done", "; ".join(told)


def _annotate(watch: StreamWatch, command: Command) -> _Deed:
    yield from ()
    if command.last is not None and command.last >= watch.records:
        return "refused", f"the stream has {watch.records:,} records: note something of these"
    return "done", "noted"


def is_answered(watch: StreamWatch) -> bool:
    """Whether a batch of the records after a change waits, or is being made."""
    pending = watch.desk.pending
    return watch.held is not None or (pending is not None and pending.cause == "drift")


def hold(watch: StreamWatch, new: Circulation, verdict: str) -> None:
    """A batch that the gate has let out waits for a person."""
    watch.held = new
    text = f"batch {new.batch.batch_id[:8]} waits for a person to approve or reject it: {verdict}"
    evidence = {"batch_id": new.batch.batch_id}
    watch.say(watch.alerts.fire("approval", text, watch.moment(), evidence))


def take_held(watch: StreamWatch, blocks: Mapping[str, Block]) -> None:
    """The rows of the batch that waits, read again after a restart."""
    if watch.held is None:
        return
    watch.held.block = blocks.get(watch.held.batch.batch_id)
    if watch.held.block is None:
        drop(watch, "the rows of the batch that waited are gone from the log")


def drop(watch: StreamWatch, text: str) -> None:
    """The batch that waits will not circulate; another is tried with more records."""
    watch.held = None
    watch.next_try = watch.records + max(1, watch.plan.cooldown_records)
    watch.say(watch.alerts.resolve("approval", text, watch.moment()))


def _let_out(watch: StreamWatch, held: Circulation, text: str) -> Generator[Work, Any, None]:
    """The batch that waits circulates, and the records that it was made from are normal."""
    watch.approved = True
    if watch.phase == "changed" and watch.records >= watch.reference_stop():
        yield from watch.learn_reference()
    watch.held = None
    watch.say([held.batch, *watch.alerts.resolve("approval", text, watch.moment())])
    watch.circulate(held, text)
    yield from watch.provenance.learn(held, watch.memory)


def _undo_batches(watch: StreamWatch, faulty: set[int], text: str) -> list[str]:
    """Part with batches that were made from marked records; what was done, in words."""
    told = []
    held, pending, champion = watch.held, watch.desk.pending, watch.circulation
    if held is not None and _touched(held.batch.window, faulty):
        drop(watch, text)
        told.append("the batch that waited was made from some of them and is dropped")
    if pending is not None and pending.approval and _touched(pending.window, faulty):
        watch.desk.withdraw()
        told.append("the batch that was asked for is not waited for")
    windows = [] if champion is None else [champion.batch.window]
    if pending is not None and not pending.approval:
        windows.append(pending.window)  # it will circulate, and be replaced
    if any(_touched(window, faulty) for window in windows):
        watch.ordered = text
        told.append("the batch in circulation was made from some of them: a new one is asked for")
    return told


def _call_off(watch: StreamWatch, text: str) -> bool:
    """Whether a change is over because most records after it are marked as a fault."""
    since = watch.records - watch.epoch_start
    if watch.phase != "changed" or 2 * watch.known(watch.epoch_start) >= since:
        return False
    if not watch.drift.resume(records=watch.records):
        return False
    watch.epoch -= 1
    watch.phase, watch.change, watch.wanted, watch.next_try = "watched", None, None, FAR
    watch.epoch_start, watch.learn_at = watch.epoch_before, 0
    watch.say(watch.alerts.resolve_for(CHANGE_KINDS, text, watch.moment()))
    return True


def _learn_without(watch: StreamWatch, first: int, last: int) -> list[str]:
    """Keep marked records out of the reference; what was done, in words."""
    told = []
    if watch.phase == "watched":
        known = watch.drift.start
        begun = max(watch.epoch_start, known - watch.drift.reference_rows)
        if first < known and last >= begun and watch.drift.forget():
            told.append("the reference held some of them and is learnt again")
        else:
            watch.drift.rest(records=watch.records)
    due = watch.plan.min_rows if watch.phase == "changed" else watch.plan.reference
    watch.learn_at = watch.records + max(0, due - len(watch.epoch_rows()))
    return told


def _leave_out(watch: StreamWatch, first: int, last: int) -> set[int]:
    """Forget the rows of a stretch; their addresses, as far as they were remembered."""
    memory = watch.memory
    numbers = watch.faults.others(len(memory), before=watch.records)
    rows = memory.latest(len(numbers))
    marked = (numbers >= first) & (numbers <= last)
    memory.leave_out(marked)
    watch.faults.add(first, last)
    return set(rows.addresses[marked].tolist())


def _touched(window: Window, addresses: set[int]) -> bool:
    return any(window.holds(each) for each in addresses)


def _what_waits(held: Circulation | None) -> str:
    if held is None:
        return "no batch waits for approval"
    return f"the batch that waits is {held.batch.batch_id}"


def _by(command: Command) -> str:
    return f" by {command.by}" if command.by else " by hand"


def _why(command: Command) -> str:
    return command.reason or "no reason given"


_DEEDS: Final[dict[str, Callable[[StreamWatch, Command], _Deed]]] = {
    "regenerate": _regenerate,
    "approve": _approve,
    "reject": _reject,
    "fault": _fault,
    "annotate": _annotate,
}
