"""The evidence of many matches is an e-value, and grows where there are more."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from halflife.monitors import match_evidence


@pytest.mark.parametrize("usual", [1e-4, 0.01, 0.2])
@pytest.mark.parametrize("records", [20, 200])
def test_its_mean_is_one_at_the_usual_rate_and_less_below(usual: float, records: int) -> None:
    counts = np.arange(records + 1)
    nats = np.array([match_evidence(int(k), records, usual=usual) for k in counts])
    assert np.exp(binom.logpmf(counts, records, usual) + nats).sum() == pytest.approx(1.0)
    assert np.exp(binom.logpmf(counts, records, 0.5 * usual) + nats).sum() < 1.0


def test_it_grows_with_the_matches() -> None:
    found = [match_evidence(k, 200, usual=0.01) for k in range(40)]
    assert found == sorted(found)
    assert found[2] < 0 < found[12]


@pytest.mark.parametrize("usual", [0.0, 1.0])
def test_where_all_or_none_match_it_says_nothing(usual: float) -> None:
    assert match_evidence(5, 200, usual=usual) == 0.0
