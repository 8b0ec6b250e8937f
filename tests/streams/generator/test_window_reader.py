from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.window import Window, address
from halflife.streams.generator.errors import RegenerationError
from halflife.streams.generator.window_reader import window_rows
from halflife.streams.watch.rows import Rows


def test_the_rows_of_a_window_come_back(
    messages: list[Any], plan: StreamPlan, window: Window, rows: Rows
) -> None:
    found = window_rows(messages, plan, window)
    assert found.block.digest() == rows.block.digest()
    assert found.ids == rows.ids
    assert np.array_equal(found.addresses, rows.addresses)


def test_repeats_and_what_stands_around_the_window_are_left_out(
    messages: list[Any], plan: StreamPlan, rows: Rows
) -> None:
    inner = rows[5:50]
    kept = [i for i in range(45) if i not in (10, 20)]
    window = Window.of(
        0,
        inner.addresses[kept].tolist(),
        repeats=[int(inner.addresses[10]), int(inner.addresses[20]), address(999)],
        digest=inner.block[kept].digest(),
    )
    assert window_rows(messages, plan, window).ids == [inner.ids[i] for i in kept]


def test_a_record_more_or_less_is_told(
    messages: list[Any], plan: StreamPlan, window: Window
) -> None:
    with pytest.raises(RegenerationError, match="has 119 valid records of opv now and had 120"):
        window_rows(messages[:50] + messages[51:], plan, window)


def test_other_cells_are_told(
    messages: list[Any], plan: StreamPlan, window: Window, rows: Rows
) -> None:
    other = window.model_copy(update={"digest": rows[::-1].block.digest()})
    with pytest.raises(RegenerationError, match="are not those of opv that were asked for"):
        window_rows(messages, plan, other)


def test_no_record_at_all_is_told(plan: StreamPlan, window: Window) -> None:
    with pytest.raises(RegenerationError, match="holds no valid record of opv now"):
        window_rows([], plan, window)
