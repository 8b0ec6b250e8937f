"""A planner that goes from region to region feeds no model on synthetic data."""

from __future__ import annotations

import numpy as np
import pytest

from halflife.schemas.table import Block

from .stories import PROMISES, START, Heavy, Player, Raw, fields, plans, raw, text_time

PLANS = plans(f"""
[stream.opv]
target = "rate"
{PROMISES}
[stream.opv.column]
heat = {{ role = "set-point" }}
stir = {{ role = "set-point" }}
rate = {{ role = "measured" }}
""")
REGIONS, EACH = 5, 240


def records(region: int, rng: np.random.Generator) -> list[dict[str, float]]:
    """What an instrument that never changes answers there."""
    heat, stir = rng.uniform(region, region + 2, EACH), rng.uniform(0, 1, EACH)
    rate = heat + stir + 0.1 * rng.normal(size=EACH)
    rows = np.column_stack([heat, stir, rate]).tolist()
    return [dict(zip(("heat", "stir", "rate"), row, strict=True)) for row in rows]


def messages(rows: list[dict[str, float]]) -> list[Raw]:
    return [
        raw(i, fields(row, name=f"r{i}", time=text_time(START + 3600 * i)))
        for i, row in enumerate(rows)
    ]


@pytest.fixture(scope="module")
def player() -> Player:
    rng = np.random.default_rng(0)
    rows = [row for region in range(REGIONS) for row in records(region, rng)]
    made = Player(PLANS, messages(rows), Heavy())
    made.play()
    return made


def test_batches_follow_it_and_nothing_is_halted(player: Player) -> None:
    found = player.findings["opv"]
    kinds = [each.get("kind") for each in found]
    assert "planner-moved" in kinds
    assert "collapse" not in kinds
    assert len(player.batches) >= 3
    guard = player.watch.streams["opv"].desk.guard
    assert not guard.halted


def test_validation_rows_are_of_where_it_is_now(player: Player) -> None:
    guard = player.watch.streams["opv"].desk.guard.guard
    assert guard is not None
    validation: Block = guard.validation
    assert validation.number("heat").min() > 1.0
