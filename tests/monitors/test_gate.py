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
    assert verdict.outcome in {"rejected", "undecided"}


def test_the_same_batch_is_never_promoted_over_itself():
    batch = line(400, 2, slope=0.5)
    assert not judge(batch, batch).promoted


def test_only_a_better_batch_replaces_the_old_one():
    good, stale = line(400, 2), line(400, 3, slope=0.4)
    better, worse = judge(good, stale), judge(stale, good)
    assert better.promoted
    assert not worse.promoted
    assert "worse than the champion's" in worse.reason
    assert min(better.retained.values()) < 0.9


def test_the_figure_in_the_sentence_is_the_one_that_decided():
    good, stale = line(400, 2), line(400, 3, slope=0.4)
    for ours, theirs in ((good, stale), (stale, good)):
        verdict = judge(ours, theirs)
        evidence = verdict.evidence
        part = (max if verdict.promoted else min)(evidence["parts"], key=evidence["parts"].get)
        assert part in evidence["ways"]
        assert (evidence["ways"][part] > 0.5) is verdict.promoted
        told = min(max(evidence["ways"][part], 0.0), 1.0)
        assert f"lie {told:.0%} of the way" in verdict.reason
        assert "fidelity" not in verdict.reason


def test_a_tie_keeps_even_a_champion_that_is_said_to_be_stale():
    verdict = judge(line(400, 2), line(400, 3), stale=True)
    assert verdict.outcome == "undecided"
    assert verdict.reason.startswith(f"cannot tell yet, need about {verdict.more_records:,} more")


def test_even_a_stale_champion_is_kept_before_a_worse_challenger():
    verdict = judge(line(400, 2, slope=0.4), line(400, 3), stale=True)
    assert verdict.outcome == "rejected"


def test_a_small_window_cannot_tell_and_says_how_many_records_would():
    ours, theirs = line(400, 2), line(400, 3, slope=0.85)
    verdict = judge(ours, theirs, train=line(70, 0), holdout=line(50, 1))
    assert verdict.outcome == "undecided"
    assert verdict.more_records is not None
    assert 10 <= verdict.more_records < 3000
    more = verdict.more_records
    enough = line(50 + 2 * more, 1)
    assert judge(ours, theirs, holdout=enough).promoted


def test_parts_of_the_training_rows_judge_batches_that_have_not_seen_them():
    ours, theirs = line(400, 2), line(400, 3, slope=0.7)
    alone = judge(ours, theirs, holdout=line(50, 1))
    crossed = [(line(50, 10 + k), line(400, 20 + k)) for k in range(4)]
    verdict = Gate(LINE).judge(
        challenger=ours, champion=theirs, train=line(200, 0), holdout=line(50, 1), crossed=crossed
    )
    assert alone.evidence["rows"] == 50
    assert verdict.evidence["rows"] == 250
    assert verdict.promoted


def test_nearness_to_training_rows_is_a_veto_where_it_is_limited():
    train = line(200, 0)
    near = block(LINE, train.numbers + 1e-6)
    open_gate, strict = Gate(LINE), Gate(LINE, max_dcr_share=0.6)
    said = [
        gate.judge(challenger=near, champion=None, train=train, holdout=line(200, 1))
        for gate in (open_gate, strict)
    ]
    assert said[0].promoted
    assert not said[1].promoted
    assert "nearer to a training row" in said[1].reason


def test_a_batch_whose_models_know_too_little_of_the_target_is_refused():
    table = Table(LINE.columns, target="y")
    useless = block(table, line(400, 2, slope=0.1, noise=1.0).numbers)
    rows = [block(table, line(200, seed).numbers) for seed in (0, 1)]
    verdict = Gate(table).judge(challenger=useless, champion=None, train=rows[0], holdout=rows[1])
    assert not verdict.promoted
    assert "models trained on it have skill" in verdict.reason


def test_columns_that_do_not_vary_make_no_batch_better():
    flat = block(LINE, np.ones((60, 2)))
    verdict = judge(flat, flat, train=block(LINE, np.ones((60, 2))), holdout=flat)
    assert not verdict.promoted


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
