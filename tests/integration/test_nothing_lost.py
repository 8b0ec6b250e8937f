"""Whatever is killed: every record counts once, and all that follows from it is there once."""

from __future__ import annotations

from pathlib import Path

import pytest

from halflife.streams.broker.embedded import EmbeddedKafka
from tests.harness.records import LAB, script
from tests.harness.service import Service
from tests.harness.trial import Trial, Troubles
from tests.harness.verdict import verdict

RECORDS = 9_000
SEED = 3
TROUBLES = Troubles(kills=3, joins=1, generator_kills=2, broker_restarts=1)


@pytest.mark.slow
def test_nothing_is_lost_or_doubled(
    kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path
) -> None:
    records = script(RECORDS, SEED)
    calm = Service(kafka.address, f"{topic_prefix}-calm", tmp_path / "calm", LAB)
    rough = Service(kafka.address, f"{topic_prefix}-rough", tmp_path / "rough", LAB)
    try:
        expected = Trial(calm, records).undisturbed()
        found = Trial(rough, records, tell=print).disturbed(TROUBLES, kafka, SEED)
    finally:
        calm.end()
        rough.end()
    problems = verdict(records, expected, found)
    print(found.done, found.ledger.counts, f"{expected.seconds:.0f} s, {found.seconds:.0f} s")  # noqa: T201  # figures
    assert problems == []
    assert found.done["kill"] >= 3
    assert sum(n for what, n in found.done.items() if what.startswith("generator kill")) == 2
    assert found.ledger.counts["request"] >= 6
    assert found.ledger.counts["batch manifest"] >= 3
    assert found.ledger.counts["alert"] >= 3
