"""Joint, utility, privacy and laws of a report, a sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from halflife.monitors.wording import share as share_of


def report_sentences(result: Mapping[str, Any]) -> list[str]:
    """What a report's result says beyond the parts of its fidelity.

    Args:
        result: With its ``reasons``.
    """
    said = []
    if result["c2st_auc"] is not None:
        said.append(
            f"A classifier tells real from synthetic with area {result['c2st_auc']:.3f} "
            "(0.5: not at all, 1: always)"
        )
    if result["tstr"] is not None:
        said.append(
            f"Models trained on the batch have skill {result['tstr']:.3f} at real rows; "
            f"trained on real rows {result['trtr']:.3f}"
        )
    if result["dcr_share"] is None:
        why = result["reasons"].get("dcr_share", "it was not measured")
        said.append(f"Distance to the training rows is not known: {why}")
    else:
        said.append(
            f"{share_of(result['dcr_share'])} of the rows are nearer to a training row than to "
            f"another real one (50 % is best); {result['copies']} copies"
        )
    said += [
        f"Law {law['law']}: broken by {law['real_violations']} real and "
        f"{law['synthetic_violations']} synthetic rows"
        for law in result["laws"]
    ]
    return said
