from __future__ import annotations

import logging

from halflife.streams.generator.seldom_filter import SeldomFilter


def record(name: str, text: str, level: int = logging.ERROR) -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, 1, text, (), None)


def test_a_kind_passes_once_in_thirty_seconds() -> None:
    now = 0.0
    seldom = SeldomFilter("aiokafka", clock=lambda: now)
    passed = []
    for second in range(61):
        now = float(second)
        passed.append(bool(seldom.filter(record("aiokafka.conn", "cannot connect to %s"))))
    assert [second for second, said in enumerate(passed) if said] == [0, 30, 60]


def test_other_kinds_loggers_and_levels_pass() -> None:
    seldom = SeldomFilter("aiokafka", clock=lambda: 0.0)
    assert seldom.filter(record("aiokafka", "a"))
    assert not seldom.filter(record("aiokafka", "a"))
    assert seldom.filter(record("aiokafka", "b"))
    assert seldom.filter(record("aiokafka.conn", "a"))
    for _ in range(2):
        assert seldom.filter(record("aiokafka", "c", logging.INFO))
        assert seldom.filter(record("halflife", "d"))
