"""What happens to the streams of a partition, in sentences for the log."""

from __future__ import annotations

import logging
from collections import Counter

from halflife.schemas.messages import Alert, Decision, Message, RegenerationRequest
from halflife.streams.watch.partition_watch import PartitionWatch
from halflife.streams.watch.reject import Reject
from halflife.streams.watch.stream_watch import StreamWatch

log = logging.getLogger(__name__)


class Narrator:
    """Tells the log of each change once, when it has been written.

    Args:
        watch: The partition, as it was restored.
    """

    def __init__(self, watch: PartitionWatch) -> None:
        self._watch = watch
        self._said = {name: _standing(stream) for name, stream in watch.streams.items()}

    def began(self) -> None:
        """The partition is taken up."""
        watch = self._watch
        streams = ", ".join(sorted(watch.streams))
        since = f"has {streams}" if streams else "begins, no snapshot yet"
        log.info(
            "partition %d: %s; goes on at offset %d", watch.partition, since, watch.next_offset
        )

    def left(self) -> None:
        """The partition is given back."""
        log.info("partition %d: left at offset %d", self._watch.partition, self._watch.next_offset)

    def committed(self, findings: list[Message], rejects: list[Reject]) -> None:
        """Something has been written."""
        for finding in findings:
            if isinstance(finding, Alert):
                how = "fires" if finding.status == "firing" else "ends"
                log.info("%s: %s %s: %s", finding.stream, finding.kind, how, finding.text)
            elif isinstance(finding, RegenerationRequest):
                log.info("%s: asks for a batch: %s", finding.stream, finding.text)
            elif isinstance(finding, Decision):
                who = f" by {finding.by}" if finding.by else ""
                done = "" if finding.outcome == "done" else "refused: "
                log.info("%s: %s%s: %s%s", finding.stream, finding.action, who, done, finding.text)
        for name, stream in self._watch.streams.items():
            self._changes(name, stream)
        if rejects:
            reasons = Counter(reject.error.reason for reject in rejects)
            told = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
            log.info("partition %d: to the dead letters: %s", self._watch.partition, told)

    def _changes(self, name: str, stream: StreamWatch) -> None:
        before, now = self._said.get(name, ("warming", 0, None)), _standing(stream)
        self._said[name] = now
        if now[:2] != before[:2] and stream.drift.monitor is not None:
            rows = stream.drift.reference_rows
            log.info("%s: drift is watched from a reference of %d records on", name, rows)
        circulation = stream.circulation
        if circulation is not None and now[2] != before[2]:
            batch = circulation.batch
            log.info("%s: batch %s circulates: %s rows by %s",
                     name, batch.batch_id[:8], f"{batch.rows:,}", batch.maker)  # fmt: skip


def _standing(stream: StreamWatch) -> tuple[str, int, str | None]:
    """What is worth a line when it changes: phase, where drift is watched from, and the batch."""
    batch = stream.circulation and stream.circulation.batch.batch_id
    return stream.phase, stream.drift.start, batch or None
