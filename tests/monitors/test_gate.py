import json

import numpy as np
import pytest

from halflife.monitors import Gate, MonitorError, TooFewRows, Verdict
from halflife.schemas.table import SumLaw, Table

from .fidelity_cases import LINE, SOLAR, block, leaf_batch, line, solar_cells


def judge(challenger, champion, *, table=LINE, train=None, holdout=None, stale=False):
    return Gate(table).judge(
        challenger=challenger,
        champion=champion,
        train=line(200, 0) if train is None else train,
        holdout=line(200, 1) if holdout is None else holdout,
        stale=stale,
    )


def test_the_first_batch_is_promoted_unless_it_knows_nothing():
    verdict = judge(line(400, 2), None)
    assert verdict.promoted
    assert verdict.champion is None
    assert "the first batch" in verdict.reason
    far = block(LINE, line(400, 2).numbers + 50.0)
    verdict = judge(far, None)
    assert not verdict.promoted
    assert "under 0.05" in verdict.reason


def test_a_tie_keeps_the_champion():
    verdict = judge(line(400, 2), line(400, 3))
    assert not verdict.promoted
    assert "no part is better beyond noise" in verdict.reason


def test_the_same_batch_is_never_promoted_over_itself():
    batch = line(400, 2, slope=0.5)
    assert not judge(batch, batch).promoted


def test_only_a_better_batch_replaces_the_old_one():
    good, stale = line(400, 2), line(400, 3, slope=0.4)
    better, worse = judge(good, stale), judge(stale, good)
    assert better.promoted
    assert not worse.promoted
    assert "worse by" in worse.reason
    assert min(better.retained.values()) < 0.9


def test_a_tie_replaces_a_champion_that_is_known_to_be_stale():
    a, b = line(400, 2), line(400, 3)
    assert not judge(a, b).promoted
    verdict = judge(a, b, stale=True)
    assert verdict.promoted
    assert "known to be stale" in verdict.reason


def test_even_a_stale_champion_is_kept_before_a_worse_challenger():
    verdict = judge(line(400, 2, slope=0.4), line(400, 3), stale=True)
    assert not verdict.promoted
    assert "falls short by" in verdict.reason


def test_a_batch_of_copies_is_refused_however_good_it_scores():
    train = line(200, 0)
    copies = train[np.random.default_rng(0).integers(0, 200, 400)]
    verdict = judge(copies, line(400, 3, slope=0.4), train=train)
    assert not verdict.promoted
    assert verdict.copies == 400
    assert "copies of training rows" in verdict.reason


def test_a_law_broken_more_often_than_in_the_real_rows_is_a_veto():
    table = Table(LINE.columns, (SumLaw(("x", "y"), 0.0, tolerance=3.0),))
    verdict = judge(line(400, 2, slope=3.0), None, table=table)
    assert not verdict.promoted
    assert "break 'x + y = 0'" in verdict.reason
    assert set(verdict.laws[0]) == {"law", "real_violations", "synthetic_violations"}
    assert judge(line(400, 2), None, table=table).promoted


def test_a_verdict_survives_json():
    verdict = judge(line(100, 2), line(100, 3))
    assert Verdict.from_dict(json.loads(json.dumps(verdict.to_dict()))) == verdict


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(TooFewRows):
        judge(line(100, 2), None, holdout=line(20, 1))
    with pytest.raises(MonitorError, match="max_copies"):
        Gate(LINE, max_copies=2.0)


def test_a_batch_of_the_new_polymer_replaces_that_of_the_old_one():
    generator = np.random.default_rng(0)
    old = generator.permutation(solar_cells("photo_pce10"))
    new = generator.permutation(solar_cells("photo_wf3"))
    verdict = judge(
        leaf_batch(new[:500], 1000, generator),
        leaf_batch(old[:350], 1000, generator),
        table=SOLAR,
        train=block(SOLAR, new[:500]),
        holdout=block(SOLAR, new[500:]),
    )
    assert verdict.promoted
    assert verdict.retained["predictive"] < 0.9
    assert "predictive" in verdict.reason
