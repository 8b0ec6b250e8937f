"""A stream's life as plain data, and back: what a snapshot holds of it."""

from __future__ import annotations

from typing import Any, Final

from halflife.schemas.stream_plan import StreamPlan

from .circulation import Circulation
from .stream_watch import StreamWatch
from .stretches import Stretches

_SHAPE: Final = 4  # of states: one of another is not read, and its stream begins anew
_PLAIN: Final = (
    "records",
    "last_address",
    "watermark",
    "phase",
    "epoch",
    "epoch_start",
    "change",
    "next_try",
    "ordered",
    "approved",
    "learn_at",
    "epoch_before",
)


def state_key(plan: StreamPlan) -> str:
    """Of the states of a stream: it changes with the plan, and with the shape of states."""
    return f"{plan.digest}.{_SHAPE}"


def stream_state(watch: StreamWatch) -> dict[str, Any]:
    """All of a stream but its rows, which stand in the log, as plain data.

    Its ``key`` changes with anything in the lab file that alters findings: a state is never read
    with a plan that it was not written with.
    """
    return {
        "key": state_key(watch.plan),
        **{name: getattr(watch, name) for name in _PLAIN},
        "missing": dict(watch.missing),
        "wanted": watch.wanted and list(watch.wanted),
        **watch.drift.state(),
        "circulation": watch.circulation and watch.circulation.state(),
        "held": watch.held and watch.held.state(),
        "faults": watch.faults.state(),
        "ticks": watch.ticks.state(),
        "desk": watch.desk.state(),
        "alerts": watch.alerts.state(),
        "provenance": watch.provenance.state(),
        "pace": watch.pace.state(),
        "memory": watch.memory.state(),
    }


def restored_stream(plan: StreamPlan, partition: int, state: dict[str, Any]) -> StreamWatch:
    """A stream that goes on from a state of the same plan; its rows have to be read again.

    Raises:
        ValueError: For a state of another plan.
    """
    if state["key"] != state_key(plan):
        raise ValueError(f"{plan.name}: the state is of plan {state['key']}, not {state_key(plan)}")
    watch = StreamWatch(plan, partition)
    for name in _PLAIN:
        setattr(watch, name, state[name])
    watch.missing = dict(state["missing"])
    watch.wanted = tuple(state["wanted"]) if state["wanted"] else None
    watch.drift.restore(state, watch.drift_seed)
    if state["circulation"] is not None:
        watch.circulation = Circulation.restored(state["circulation"], plan.keep)
    if state["held"] is not None:
        watch.held = Circulation.restored(state["held"], plan.keep)
    watch.faults = Stretches.restored(state["faults"])
    watch.ticks.restore(state["ticks"])
    watch.desk.restore(state["desk"])
    watch.alerts.restore(state["alerts"])
    watch.provenance.restore(state["provenance"])
    watch.pace.restore(state["pace"])
    return watch
