"""What needs no broker of publishing and of reading back; the rest is in tests/integration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from halflife.schemas.batch import SyntheticBatch
from halflife.schemas.record import SyntheticRecord
from halflife.schemas.regeneration import RegenerationRequest
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block
from halflife.streams.generator.answer import Answer
from halflife.streams.generator.batch_reader import batch_rows
from halflife.streams.generator.challenger import Challenger
from halflife.streams.generator.errors import RegenerationError
from halflife.streams.generator.publisher import batch_identity, row_messages
from halflife.streams.watch.rows import Rows

Ask = Callable[..., RegenerationRequest]
Manifest = Callable[..., SyntheticBatch]


@dataclass(frozen=True)
class Message:
    offset: int
    value: bytes
    key: bytes = b"opv"
    timestamp: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


@pytest.fixture
def answer(ask: Ask, rows: Rows) -> Answer:
    challenger = Challenger(
        batch=rows.block,
        generator="trees",
        model_id="cd" * 16,
        warm_from=None,
        trained_on=84,
        promoted=True,
        reason="it is better",
        verdict={"promoted": True},
    )
    return Answer(ask(), "ef" * 8, challenger, "it is better", 1, 2.5)


def test_the_identity_of_a_batch_follows_from_what_made_it(answer: Answer, ask: Ask) -> None:
    challenger = answer.challenger
    assert challenger is not None
    same = batch_identity(ask(), replace(challenger, reason="other words"))
    assert same == batch_identity(answer.request, challenger)
    others = {
        batch_identity(ask(request_id="cd" * 16), challenger),
        batch_identity(ask(seed=8), challenger),
        batch_identity(ask(), replace(challenger, model_id="ab" * 16)),
        batch_identity(ask(), replace(challenger, batch=challenger.batch[1:])),
    }
    assert len(others | {same}) == 5


def test_rows_come_back_bit_for_bit(
    answer: Answer, plan: StreamPlan, manifest: Manifest, rows: Rows
) -> None:
    batch = manifest(digest=rows.block.digest())
    values = row_messages(answer, batch.batch_id)
    records = [SyntheticRecord.from_bytes(value) for value in values]
    assert [r.record_id for r in records] == [f"{batch.batch_id}-{i}" for i in range(120)]
    assert {r.time for r in records} == {answer.request.time}
    other = row_messages(answer, "ff" * 16)
    messages = [Message(100 + i, v) for i, v in enumerate([*values[:7], *other[:3], *values[7:]])]
    found = batch_rows(list(messages), batch, plan.table)
    assert found.digest() == rows.block.digest()


def test_rows_that_are_missing_doubled_or_changed_are_told(
    answer: Answer, plan: StreamPlan, manifest: Manifest, rows: Rows
) -> None:
    batch = manifest(digest=rows.block.digest())
    messages = [Message(100 + i, v) for i, v in enumerate(row_messages(answer, batch.batch_id))]
    for wrong in (messages[:-1], [*messages, messages[-1]], messages[::-1], []):
        with pytest.raises(RegenerationError, match=r"rows in the log and 120 in its manifest"):
            batch_rows(list(wrong), batch, plan.table)
    lying = manifest(digest="0" * 32)
    with pytest.raises(RegenerationError, match="are not those of its manifest"):
        batch_rows(list(messages), lying, plan.table)
    broken = [Message(100, messages[0].value[:-1]), *messages[1:]]
    with pytest.raises(RegenerationError, match="cannot be read"):
        batch_rows(list(broken), batch, plan.table)


def test_a_failed_answer_says_so(ask: Ask) -> None:
    failed = Answer(ask(), "ef" * 8, None, "no window", 1, 0.0)
    assert (failed.outcome, failed.verdict) == ("failed", None)


def test_an_answer_is_what_the_gate_said(answer: Answer) -> None:
    assert answer.challenger is not None
    rejected = replace(answer, challenger=replace(answer.challenger, promoted=False))
    assert (answer.outcome, rejected.outcome) == ("promoted", "rejected")


def test_rows_that_no_message_can_hold_are_refused_before_any_is_sent(
    answer: Answer, rows: Rows
) -> None:
    assert answer.challenger is not None
    endless = rows.block.numbers.copy()
    endless[-1, 0] = np.inf
    batch = Block(rows.block.table, endless, rows.block.texts)
    challenger = replace(answer.challenger, batch=batch)
    with pytest.raises(ValueError, match="finite"):
        row_messages(replace(answer, challenger=challenger), "12" * 16)
