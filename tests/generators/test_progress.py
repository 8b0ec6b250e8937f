"""Progress in a line."""

from __future__ import annotations

from halflife.generators import Progress


def test_what_is_unknown_is_left_out() -> None:
    assert Progress("columns", 3, 9).text == "columns: 3 of 9"
    told = Progress("training", 3, 9, loss=0.25, rows_per_second=100.0, seconds_left=4.4)
    assert told.text == "training: 3 of 9, held-out loss 0.25, 4 s left"
