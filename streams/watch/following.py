"""What is done when a planner goes where nothing was known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halflife.monitors import DriftAlarm
from halflife.schemas.alert import Alert
from halflife.schemas.table import Block

from .circulation import Circulation
from .rows import Rows
from .ticks import FAR

if TYPE_CHECKING:
    from .stream_watch import Steps, StreamWatch


def leaves_at(watch: StreamWatch, rows: Rows) -> int:
    """Number of records at which it will be seen that the planner has left, with these rows.

    To stop wherever that is looked at would cut rows into small pieces, which cost far more.
    """
    look, end = watch.drift.look(watch.records), watch.records + len(rows)
    if watch.phase != "watched" or look > end:
        return FAR
    known, most = watch.epoch_rows(), max(watch.plan.reference, watch.plan.min_rows)
    unknown = watch.drift.unknown(Block.concatenate([known.block, rows.block]))
    while look <= end:
        last = len(known) + look - watch.records
        if watch.drift.has_left(unknown[max(0, last - most) : last]):
            return look
        look = watch.drift.look(look)
    return FAR


def follow(watch: StreamWatch) -> Steps:
    """Learn the reference anew where most of the latest records are at set-points it never saw.

    There no instrument would be watched any more. A fault that came while the planner moved cannot
    be told from the move, then or later, and it is said that the reference is another one.
    """
    if watch.phase != "watched" or watch.drift.look(watch.records - 1) != watch.records:
        return
    rows = watch.epoch_rows()
    if not watch.drift.has_left(watch.drift.unknown(rows.block)):
        return
    statistic, threshold = watch.drift.statistics()["planner"]
    seed = watch.drift_seed
    if not (yield from watch.drift.follow(rows, records=watch.records, seed=seed)):
        return
    moment, first = watch.moment(), watch.records - len(rows)
    text = (
        f"the planner has left the set-points that the reference knew: records {first} to "
        f"{moment.record} are the reference now"
    )
    columns = watch.table.set_points
    alarm = DriftAlarm(
        moment.record, first, "planner", columns, statistic, threshold, "other", None, text
    )
    # Over at once: the planner is where the reference is.
    watch.say(watch.alerts.resolve("planner-moved", text, moment))
    watch.say(watch.alerts.planner_moved(alarm, moment, 0))
    watch.say(watch.alerts.resolve("planner-moved", text, moment))


def succeed(watch: StreamWatch, new: Circulation) -> list[Alert]:
    """What the guard says of a batch that takes effect, in place of that in circulation."""
    made = watch.memory, watch.moment(), watch.alerts
    guard, named = watch.desk.guard, watch.provenance.named
    return guard.succeed(new, watch.circulation, *made, named=named)
