"""What a dry run of a source found, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from halflife.schemas.errors import LabFileError, SchemaError
from halflife.streams.connectors.listening import Heard
from halflife.streams.connectors.proposal import Proposal
from halflife.streams.connectors.understanding import Understanding, understand

from .output import grid, printable

if TYPE_CHECKING:
    from rich.console import Console

    from halflife.schemas.sources.source_plan import SourcePlan
    from halflife.schemas.stream_plan import StreamPlan

_FIRST: Final = 5
_MOST_LINES: Final = 12
_LONGEST: Final = 40


@dataclass
class DryRun:
    """A source that was listened to for a moment.

    Args:
        heard: What it said.
        plan: Of the source.
        stream: That its records belong to: of the lab file, or as it is proposed; None if there
            is none.
        is_new: Whether the stream is not in the lab file.
        understood: What was made of it; None if nothing could be.
        proposal: A lab file; empty if nothing could be guessed.
        trouble: Why not.
    """

    heard: Heard
    plan: SourcePlan
    stream: StreamPlan | None
    is_new: bool
    understood: Understanding | None
    proposal: str
    trouble: str

    @classmethod
    def of(
        cls, heard: Heard, plan: SourcePlan, stream: StreamPlan | None, table: Mapping[str, Any]
    ) -> Self:
        """Understand what was heard; without a stream, by the one that is proposed."""
        from halflife.schemas.lab import Lab

        proposal, trouble, is_new = "", "", stream is None
        used = plan
        if heard.arrivals:
            try:
                proposal = Proposal(plan, table, heard.arrivals).text
                if stream is None:
                    lab = Lab.parse(proposal, "the proposed lab file")
                    stream, used = lab.streams[plan.stream_name], lab.sources[plan.name]
            except LabFileError:
                raise
            except SchemaError as error:
                trouble = str(error)
        understood = None if stream is None else understand(heard, used, stream)
        if stream is None and heard.items:
            understood = Understanding()
            understood.refusals = [x for x in heard.items if not hasattr(x, "values")]  # type: ignore[misc]  # no arrivals
        return cls(heard, used, stream, is_new, understood, proposal, trouble)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        found = self.understood or Understanding()
        return {
            "source": self.plan.name,
            "type": self.plan.type,
            "stream": self.plan.stream_name,
            "stream_is_new": self.is_new,
            "address": self.heard.address,
            "trouble": self.heard.trouble or self.trouble,
            "ended": self.heard.ended,
            "seconds": self.heard.seconds,
            "columns": [
                {
                    "column": column.name,
                    "role": column.role.value,
                    "unit": column.unit,
                    "from": found.paths.get(column.name),
                    "unit_there": self._unit_there(column.name),
                }
                for column in (self.stream.table.columns if self.stream else ())
            ],
            "records": [
                {**record.model_dump(mode="json"), "address": address}
                for record, address in found.records
            ],
            "refusals": [
                {
                    "address": one.address,
                    "reason": one.error.reason,
                    "path": one.error.path,
                    "text": one.error.text,
                }
                for one in found.refusals
            ],
            "gaps": [gap.text for gap in found.gaps],
            "left_out": found.left_out,
            "remarks": found.remarks,
            "proposal": self.proposal,
        }

    def show(self, console: Console, lab_file: Path, out: Path | None, seconds: float) -> None:
        """The same in words."""
        heard, plan = self.heard, self.plan
        console.print(
            f"source {plan.name} ({plan.type}), stream {plan.stream_name}"
            f"{' (not in the lab file yet)' if self.is_new else ''}",
            style="bold",
        )
        if heard.address:
            console.print(f"heard at {printable(heard.address)} for {heard.seconds:.1f} s")
        for said in filter(None, (heard.trouble, self.trouble)):
            console.print(printable(said), style="red")
        if not heard.items:
            console.print(self._nothing(seconds), style="yellow")
            return
        found = self.understood
        if found is None:
            return
        if found.records:
            self._show_columns(console, found)
            self._show_records(console, found)
        if found.left_out:
            names = ", ".join(printable(name) for name in list(found.left_out)[:_MOST_LINES])
            console.print(f"no column takes: {names}{' …' * (len(found.left_out) > _MOST_LINES)}")
        for line in found.remarks:
            console.print(printable(line), style="yellow")
        for gap in found.gaps:
            console.print(f"gap: {printable(gap.text)}", style="yellow")
        self._show_refusals(console, found)
        self._show_proposal(console, lab_file, out)

    def _nothing(self, seconds: float) -> str:
        if self.heard.trouble:
            return "Nothing could be heard. Mend that, and try again."
        if self.heard.ended:
            return "The source has nothing to say."
        where = "It is connected, and said" if self.heard.address else "It said"
        return (
            f"{where} nothing within {seconds:g} s. Is the instrument running? Does it write or "
            "publish to the place that the lab file names (path, topic, address)? If it speaks "
            "seldom, listen longer with --seconds."
        )

    def _unit_there(self, column: str) -> str | None:
        entry = self.plan.columns.get(column)
        found = self.understood or Understanding()
        return (entry and entry.unit) or found.units.get(column)

    def _show_columns(self, console: Console, found: Understanding) -> None:
        assert self.stream is not None  # noqa: S101  # there are records of it
        table = grid("column", "role", "unit", "from", "unit there", f"first {_FIRST} values")
        for column in self.stream.table.columns:
            values = [record.values.get(column.name) for record, _ in found.records[:_FIRST]]
            table.add_row(
                printable(column.name),
                column.role.value,
                column.unit,
                printable(found.paths[column.name]),
                printable(self._unit_there(column.name) or "not said"),
                ", ".join(map(_cell, values)),
            )
        console.print(table)

    def _show_records(self, console: Console, found: Understanding) -> None:
        table = grid("time", "instrument", "recipe", "record_id", "address")
        for record, address in found.records[:_FIRST]:
            texts = (record.instrument or "", record.recipe or "", record.record_id, address)
            table.add_row(f"{record.time:%Y-%m-%d %H:%M:%S %Z}", *map(printable, texts))
        console.print(table)
        more = len(found.records) - _FIRST
        console.print(f"{len(found.records)} records" + f", {more} of them not shown" * (more > 0))

    def _show_refusals(self, console: Console, found: Understanding) -> None:
        if not found.refusals:
            return
        reasons = Counter(one.error.reason for one in found.refusals)
        said = ", ".join(f"{times} {reason}" for reason, times in reasons.items())
        console.print(f"{len(found.refusals)} refused ({said}):", style="yellow")
        table = grid("address", "reason", "where", "why")
        for one in found.refusals[:_MOST_LINES]:
            error = one.error
            texts = (one.address, error.reason, error.path, error.text)
            table.add_row(*map(printable, texts))
        console.print(table)

    def _show_proposal(self, console: Console, lab_file: Path, out: Path | None) -> None:
        if not self.proposal:
            return
        if out is not None:
            console.print(f"wrote {out}: look over the roles and units in it, then")
            console.print(f"  halflife check {out}")
        elif self.is_new:
            console.print(f"A proposal in place of {lab_file}; -o FILE writes it:\n", style="bold")
            console.print(printable(self.proposal), soft_wrap=True)


def _cell(value: object) -> str:
    text = "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return printable(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
