"""Parquet: read when it is whole, row by row, and never unpacked without a look at its sizes."""

from __future__ import annotations

import io
import os
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .files_bench import FilesBench


def parquet(table: pa.Table, **keys: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **keys)
    return sink.getvalue()


def old(path: Path) -> Path:
    """As if it had been there for a while."""
    os.utime(path, (time.time() - 3600, time.time() - 3600))
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "run.parquet"


def test_rows_are_read_over_groups_and_restarts(run: Path) -> None:
    run.write_bytes(parquet(pa.table({"n": range(5000)}), row_group_size=700))
    old(run)
    bench = FilesBench(run).look(1)
    assert 0 < len(bench.values) < 5000
    bench.restart()
    bench.look()
    bench.restart()
    bench.look()
    assert [row["n"] for row in bench.values] == list(range(5000))
    assert len({arrival.record_id for arrival in bench.arrivals}) == 5000
    assert bench.arrivals[-1].address == "run.parquet, row 5000"


def test_values_units_and_times(run: Path) -> None:
    field = pa.field("t", pa.float64(), metadata={"unit": "degC"})
    when = datetime(2026, 11, 1, tzinfo=UTC)
    table = pa.table(
        [[1.5], [Decimal("2.5")], [when], [{"y": [1, 2]}]],
        schema=pa.schema(
            [field, ("d", pa.decimal128(5, 2)), ("when", pa.timestamp("us", "UTC")),
             ("in", pa.struct([("y", pa.list_(pa.int8()))]))]
        ),
    )  # fmt: skip
    run.write_bytes(parquet(table))
    (arrival,) = FilesBench(old(run)).look().arrivals
    assert arrival.values == {"t": 1.5, "d": 2.5, "when": when, "in": {"y": [1, 2]}}
    assert arrival.units == {"t": "degC"}


def test_it_waits_until_the_file_is_whole(run: Path) -> None:
    content = parquet(pa.table({"n": [1]}))
    run.write_bytes(content[:-5])
    bench = FilesBench(run, settle="0.3 s").look()
    run.write_bytes(content)
    bench.look()
    assert not bench.items
    time.sleep(0.35)  # the time of settle
    assert bench.look().values == [{"n": 1}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PAR1", "does not begin and end as Parquet does"),
        (b"PAR1" + b"x" * 50 + b"\xff\xff\xff\x7fPAR1", "footer has 2,147,483,647 bytes"),
        (b"PAR1" + b"x" * 50 + b"\x20\x00\x00\x00PAR1", "cannot be read as Parquet"),
    ],
)
def test_what_is_broken_is_told_once(run: Path, content: bytes, said: str) -> None:
    run.write_bytes(content)
    bench = FilesBench(old(run)).look().look()
    bench.restart()
    (refusal,) = bench.look().refusals
    assert said in refusal.error.text
    run.write_bytes(parquet(pa.table({"n": [1]})))
    assert FilesBench(old(run)).look().values == [{"n": 1}]


def test_a_bomb_is_not_unpacked(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run.write_bytes(parquet(pa.table({"n": [0] * 500_000}), use_dictionary=False))
    module = "halflife.streams.connectors.files.parquet_file._LARGEST_GROUP"
    monkeypatch.setattr(module, 100_000)
    (refusal,) = FilesBench(old(run)).look().refusals
    assert "bytes when unpacked; 100,000 are allowed" in refusal.error.text


def test_a_file_that_is_written_anew_is_another_file(run: Path) -> None:
    run.write_bytes(parquet(pa.table({"n": [1]})))
    bench = FilesBench(old(run)).look()
    run.write_bytes(parquet(pa.table({"n": [2, 3]})))
    old(run)
    bench.look()
    run.rename(run.with_name("old.parquet"))
    bench.look()
    assert [row["n"] for row in bench.values] == [1, 2, 3]
    assert len({arrival.record_id for arrival in bench.arrivals}) == 3


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_spoilt_files_are_refused_or_read(data: st.DataObject) -> None:
    """Any change of any bytes: told, never a crash."""
    import tempfile

    content = bytearray(parquet(pa.table({"n": range(50), "s": ["x"] * 50})))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        path.write_bytes(content)
        bench = FilesBench(old(path)).look()
    assert bench.items
