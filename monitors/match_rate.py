"""Evidence that more records resemble synthetic rows than real ones do."""

from __future__ import annotations

import math
from typing import Final

_MORE: Final = (0.03, 0.1, 0.3)  # shares of synthetic rows that are looked for


def match_evidence(matches: int, records: int, *, usual: float) -> float:
    """Log of the mean of ``(q / p)^k ((1 - q) / (1 - p))^(n - k)`` over some q, in nats.

    An e-value: while real records match with a chance of p at most, it reaches ``log c`` with a
    chance of ``1 / c`` at most.

    Args:
        matches: ``k`` records that match.
        records: ``n``, of which.
        usual: ``p``; ``q = p + (1 - p) s`` for shares s of synthetic rows of .03, .1 and .3.

    References:
        Grünwald, de Heide and Koolen, "Safe testing", Journal of the Royal Statistical Society B
        86 (2024).

    Example:
        >>> round(match_evidence(12, 200, usual=0.01), 1), match_evidence(2, 200, usual=0.01) < 0
        (9.9, True)
    """
    if not 0.0 < usual < 1.0:
        return 0.0
    nats = []
    for share in _MORE:
        q = usual + (1.0 - usual) * share
        misses = (records - matches) * (math.log1p(-q) - math.log1p(-usual))
        nats.append(matches * math.log(q / usual) + misses)
    best = max(nats)
    return best + math.log(sum(math.exp(each - best) for each in nats) / len(nats))
