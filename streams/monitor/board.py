"""What a monitor worker shows of itself: ready or not, and the streams at a glance."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from halflife.schemas.messages import Message, RegenerationRequest, TrainingProgress
from halflife.schemas.stream_plan import StreamPlan
from halflife.streams.broker.dead_letter import DeadLetter
from halflife.streams.watch.reject import Reject
from halflife.streams.watch.stream_watch import StreamWatch

from .column_view import column_view
from .dead_letter_view import dead_letter_view, letter_of
from .history import History
from .partition_worker import PartitionWorker
from .residual_view import residual_view
from .standing import standing_of
from .stream_samples import StreamSamples
from .stream_view import glance_at, stream_view

if TYPE_CHECKING:
    from .ingest import Ingest

_DEAD_LETTERS: Final = 50


class Board:
    """Keeps the latest findings for people; nothing depends on it.

    Args:
        plans: Streams of the lab.
        history: What workers said of them.
        takes_orders: Whether people may give orders on the page.
    """

    def __init__(
        self,
        plans: Mapping[str, StreamPlan],
        history: History | None = None,
        *,
        takes_orders: bool = False,
    ) -> None:
        self.takes_orders = takes_orders
        self.plans = dict(plans)
        self.history = History(plans) if history is None else history
        self.workers: Mapping[int, PartitionWorker] = {}
        self._training: dict[str, TrainingProgress] = {}
        self._samples: dict[str, StreamSamples] = defaultdict(StreamSamples)
        self._dead: dict[str, deque[dict[str, Any]]] = defaultdict(
            lambda: deque(maxlen=_DEAD_LETTERS)
        )

    def committed(
        self, worker: PartitionWorker, findings: list[Message], rejects: list[Reject]
    ) -> None:
        """Look at the streams of a partition that has just written; what it said is read back."""
        for finding in findings:
            if isinstance(finding, RegenerationRequest):
                self._training.pop(finding.stream, None)
        for reject in rejects[-_DEAD_LETTERS:]:
            letter = letter_of(reject, worker.watch.partition)
            self.dead_letter(letter, reject.message.timestamp / 1000)
        for name, watch in worker.watch.streams.items():
            self._samples[name].look(watch)

    def dead_letter(self, letter: DeadLetter, time: float) -> None:
        """A message could not be used.

        Args:
            letter: With the reason; its key says which stream it was meant for, if any.
            time: When it came, seconds since 1970.
        """
        key = (letter.key or b"").decode("utf-8", "replace")
        place = key if key in self.plans else ""
        self._dead[place].append(dead_letter_view(letter, time))

    def progress(self, progress: TrainingProgress) -> None:
        """A training has got on."""
        self._training[progress.stream] = progress

    def ready(self, ingest: Ingest, now: float) -> dict[str, Any]:
        """Whether the group has dealt us our partitions, and how each of them is getting on."""
        partitions = {
            str(number): {
                "restored": worker.restored,
                "next_offset": worker.watch.next_offset,
                "waiting": [watch.plan.name for watch in worker.watch.waiting],
            }
            for number, worker in sorted(self.workers.items())
        }
        return {
            "ready": ingest.joined and all(part["restored"] for part in partitions.values()),
            "partitions": partitions,
            "restarts": ingest.restarts,
            "time": now,
        }

    def state(self, now: float) -> dict[str, Any]:
        """The streams at a glance: what the first screen of the live page shows."""
        return {
            "time": now,
            "streams": {name: self._glance(name) for name in sorted(self.plans)},
            "dead_letters": len(self._dead.get("", ())),
        }

    def stream(self, name: str, now: float) -> dict[str, Any]:
        """All that the page of one stream shows, but for its columns.

        Raises:
            KeyError: For a stream that the lab file does not name.
        """
        found = self._find(name)
        view = stream_view(self.plans[name], self.history[name], self._samples[name])
        dead = [*self._dead.get(name, ()), *self._dead.get("", ())]
        view["dead_letters"] = sorted(dead, key=lambda letter: -letter["offset"])
        view["glance"] = self._glance(name)
        view["here"] = found is not None
        return {"time": now, **view}

    def column(self, name: str, column: str) -> dict[str, Any] | None:
        """How a column is distributed, real and synthetic; None if another worker has the stream.

        Raises:
            KeyError: For a stream or a column that there is not.
        """
        watch = self._find(name)
        if watch is None:
            return None
        return column_view(watch, column, self._samples[name].birth)

    def residuals(self, name: str) -> dict[str, Any] | None:
        """What set-points do not explain; None if another worker has the stream.

        Raises:
            KeyError: For a stream that the lab file does not name.
        """
        watch = self._find(name)
        return None if watch is None else residual_view(watch, self._samples[name])

    def _find(self, name: str) -> StreamWatch | None:
        if name not in self.plans:
            raise KeyError(name)
        for worker in self.workers.values():
            if name in worker.watch.streams:
                return worker.watch.streams[name]
        return None

    def _glance(self, name: str) -> dict[str, Any]:
        view = glance_at(
            self.plans[name], self._find(name), self.history[name], self._samples[name]
        )
        training = self._training.get(name)
        shown = {"phase", "step", "steps", "seconds_left"}
        view["training"] = training and training.model_dump(mode="json", include=shown)
        view["orders"] = self.takes_orders
        view["standing"] = standing_of(view)._asdict()
        return view
