from __future__ import annotations

import logging

import pytest

from halflife.streams.generator.trouble import Trouble


def test_one_line_in_thirty_seconds_that_counts_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 100.0
    trouble = Trouble(logging.getLogger("test"), clock=lambda: now)
    told = []
    for _ in range(61):
        told.append(trouble.say("no broker"))
        now += 1.0
    assert [second for second, said in enumerate(told) if said] == [0, 30, 60]
    more = " (29 more such warnings since the last)"
    assert caplog.messages == ["no broker", "no broker" + more, "no broker" + more]
