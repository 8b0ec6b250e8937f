"""A report as one page for the browser, that needs nothing else."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final

from halflife.schemas.table import Block

from .assessment import Assessment
from .drawings import draw_categories, draw_numbers
from .report import sentences

_TEMPLATE: Final = Path(__file__).with_name("report.html")


def report_page(found: Assessment, real: Block, synthetic: Block, *, title: str) -> str:
    """The page, as HTML with its style and drawings inside.

    Args:
        found: What was measured.
        real: The real rows, for their distributions.
        synthetic: The synthetic rows.
        title: What the batch is of.
    """
    result = found.result
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(title),
        fidelity=f"{result['fidelity']:.3f}",
        rows=f"{len(synthetic):,} synthetic rows beside {len(real):,} real ones",
        parts="\n".join(_part(name, found) for name in result["parts"]),
        sentences="\n".join(f"<li>{escape(line)}</li>" for line in sentences(found)),
        columns="\n".join(_column(column, real, synthetic) for column in result["columns"]),
    )


def _part(name: str, found: Assessment) -> str:
    """A part as a bar on its band."""
    value, band = found.result["parts"][name], found.result["bands"][name]
    if value is None or band is None:
        why = escape(found.reasons[name])
        unknown = f'<span class="soft">{why}</span><output>–</output>'
        return f'<div class="part"><b>{name}</b>{unknown}</div>'
    verdict = "good" if value >= band[0] else "bad"
    said = "like another real sample" if verdict == "good" else "under what real samples reach"
    track = (
        '<svg class="track" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="rail" x="0" y="5" width="100" height="4"/>'
        f'<rect class="band" x="{100 * band[0]:.2f}" y="0" '
        f'width="{100 * (band[1] - band[0]):.2f}" height="14"/>'
        f'<rect class="{verdict}" x="0" y="5" width="{100 * value:.2f}" height="4"/></svg>'
    )
    return (
        f'<div class="part"><b>{name}</b>{track}<output class="{verdict}">{value:.3f}</output>'
        f'<span class="why">{said} ({band[0]:.3f} or more)</span></div>'
    )


def _column(column: dict[str, Any], real: Block, synthetic: Block) -> str:
    name = column["column"]
    declared = real.table.column(name)
    if declared.is_number:
        drawing = draw_numbers(declared, real.number(name), synthetic.number(name))
    else:
        drawing = draw_categories(declared, real.text(name), synthetic.text(name))
    fidelity = "–" if column["fidelity"] is None else f"{column['fidelity']:.2f}"
    missing = [column[side]["missing"] for side in ("real", "synthetic")]
    said = escape(declared.role.value)
    if any(missing):
        said += f" · missing: {missing[0]} real, {missing[1]} synthetic"
    return (
        f'<div class="card"><h3><span>{escape(name)}</span><span>{fidelity}</span></h3>'
        f'<p class="soft">{said}</p>{drawing}</div>'
    )
