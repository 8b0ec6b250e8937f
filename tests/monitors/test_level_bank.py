"""Shares of levels that are watched because the reference has them often."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from halflife.monitors import Drift
from halflife.monitors.level_bank import LevelBank
from halflife.schemas.table import Block, Column, Kind, Role, Table

TABLE = Table((Column(name="site", role=Role.CONTEXT, kind=Kind.CATEGORY), Column(name="y")))


def sites(rows: int, kinds: int, rng: np.random.Generator) -> Block:
    """Rows of sites that are equally likely."""
    names = rng.integers(0, kinds, rows)
    return Block.from_rows(TABLE, [{"site": f"s{name}", "y": 0.0} for name in names])


@pytest.mark.parametrize(
    ("kinds", "rows"), [(300, 500), (144, 500), (62, 500), (33, 500), (16, 500)]
)
def test_the_rest_has_the_share_that_it_will_have(kinds: int, rows: int) -> None:
    told, due = [], []
    for seed in range(40):
        bank = LevelBank.fit(sites(rows, kinds, np.random.default_rng(seed)), ("site",))
        known = len(bank.levels[0])
        told.append(bank.bank.share(known))
        due.append(1 - known / kinds)
    # By what the reference has of them alone it would be up to .15 too little.
    assert np.mean(told) == pytest.approx(np.mean(due), abs=0.035)


def test_shares_of_few_levels_are_those_of_the_reference() -> None:
    rows = [{"site": site, "y": 0.0} for site in "a" * 300 + "b" * 180 + "c" * 20]
    bank = LevelBank.fit(Block.from_rows(TABLE, rows), ("site",))
    counts = Counter(row["site"] for row in rows)
    assert bank.levels == [["a", "b", "c"]]
    for place, site in enumerate("abc"):
        assert bank.bank.share(place) == pytest.approx(counts[site] / 500, abs=0.003)


def test_a_panel_of_many_sites_raises_no_alarm_beyond_the_promise() -> None:
    alarms, watched = 0, 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        drift = Drift(TABLE, false_alarms=1000)
        drift.fit(sites(500, 144, rng))
        alarms += len(drift.update(sites(2000, 144, rng)))
        watched += 2000
    # 40 are promised; of a Poisson law with that mean 53 are exceeded once in fifty times.
    assert alarms <= 53
