"""What the page of a report shows beyond the measures, put into the result."""

from __future__ import annotations

import time
from typing import Any

from halflife.schemas.table import Block

from .dependence import dependence
from .marginals import marginals
from .predictions import predictions
from .report_verdict import report_verdict
from .telling import telling


def complete_report(
    result: dict[str, Any],
    reasons: dict[str, str],
    real: Block,
    synthetic: Block,
    *,
    title: str,
    seed: int,
) -> dict[str, Any]:
    """The result of ``assess`` with what its page needs: all plain data.

    Args:
        result: As ``Assessment`` has it.
        reasons: Why something in it is None, as it has them too.
        real: The rows that it was measured at.
        synthetic: The batch.
        title: What people call the stream.
        seed: Of everything drawn.
    """
    began = time.perf_counter()
    columns = [
        {**column, **marginal}
        for column, marginal in zip(result["columns"], marginals(real, synthetic), strict=True)
    ]
    whole = {
        **result,
        "reasons": reasons,
        "title": title,
        "rows": {"real": len(real), "synthetic": len(synthetic)},
        "columns": columns,
        "dependence": dependence(real, synthetic, seed=seed),
        "telling": telling(real, synthetic, seed=seed),
        "predictions": predictions(real, synthetic, seed=seed),
    }
    whole["verdict"] = report_verdict(whole)
    whole["seconds"] = result["seconds"] + time.perf_counter() - began
    return whole
