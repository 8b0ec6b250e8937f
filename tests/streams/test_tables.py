"""Tables out of files: what laboratories write is read exactly, and what is wrong is named."""
# ruff: noqa: E501  # each error text is one line, as a user sees it

import gzip
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halflife.schemas.table import Block, Column, Kind, Role, Table
from halflife.streams.tables import TableFileError, block_from, read_table

DATA = Path(__file__).parents[2] / "../shared/data"
TABLE = Table(
    (
        Column(name="x", role=Role.SET_POINT),
        Column(name="n", kind=Kind.INTEGER),
        Column(name="who", role=Role.CONTEXT, kind=Kind.CATEGORY),
    )
)


def read(tmp_path: Path, content: str | bytes, name: str = "data.csv") -> pd.DataFrame:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path)


def refusal(tmp_path: Path, content: str | bytes, name: str = "data.csv") -> str:
    with pytest.raises(TableFileError) as caught:
        read(tmp_path, content, name)
    return str(caught.value).replace(f"{tmp_path}/", "")


@pytest.mark.parametrize(
    "content",
    [
        "x,n,who\n0.5,1,ann\n-1e3,2,bob\n",
        "x;n;who\n0.5;1;ann\n-1e3;2;bob\n",
        "x;n;who\n0,5;1;ann\n-1e3;2;bob\n",
        "x\tn\twho\n0.5\t1\tann\n-1e3\t2\tbob\n",
        "x, n,who\r\n\r\n 0.5, 1,ann\r\n-1e3,2,bob\r\n\r\n",
        'x,n,who\n"0.5","1",ann\n-1e3,2,"bob"',
        b"\xef\xbb\xbfx,n,who\n0.5,1,ann\n-1e3,2,bob\n",
        gzip.compress(b"x,n,who\n0.5,1,ann\n-1e3,2,bob\n", mtime=0),
    ],
)
def test_one_table_in_many_dresses(tmp_path, content):
    frame = read(tmp_path, content)
    assert frame.to_dict("list") == {"x": [0.5, -1000.0], "n": [1, 2], "who": ["ann", "bob"]}
    assert frame["n"].dtype == np.int64


def test_missing_cells_of_numbers_and_of_texts(tmp_path):
    frame = read(tmp_path, "x,n,who\n,1,NA\nNaN,,\n2,3,ann\n")
    block = block_from(frame, TABLE, "data.csv")
    assert np.isnan(block.number("x")).tolist() == [True, True, False]
    assert np.isnan(block.number("n")).tolist() == [False, True, False]
    assert block.text("who").tolist() == ["NA", None, "ann"], "NA may be a name"


def test_whole_numbers_stay_whole_as_categories(tmp_path):
    table = Table((Column(name="lot", kind=Kind.CATEGORY), Column(name="y")))
    for column, lots in [
        ("7,1\n8,2", ["7", "8"]),
        ("7,1\n,2", ["7", None]),
        ("07,1\n8,2", ["07", "8"]),
    ]:
        block = block_from(read(tmp_path, f"lot,y\n{column}\n"), table, "a.csv")
        assert block.text("lot").tolist() == lots


def test_a_single_column_and_an_empty_one(tmp_path):
    assert read(tmp_path, "x\n1\n2\n")["x"].tolist() == [1, 2]
    frame = read(tmp_path, "x,y\n1,\n2,\n")
    assert frame["y"].isna().all()
    assert frame["y"].dtype == np.float64


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "data.csv: is empty: it needs a line of column names, then rows"),
        (b" \n\n", "data.csv: is empty: it needs a line of column names, then rows"),
        (b"x,y\n", "data.csv: has column names and no row"),
        (b"x,y,x\n1,2,3\n", "data.csv: columns named twice: 'x'"),
        (b",y\n1,2\n", "data.csv: column 1 has no name (pandas writes such a one, its index"),
        (b"1.0,0.0,0.189\n0.0,1.0,0.113\n", "data.csv: the first line looks like data, not names: '1.0, 0.0, 0.189'. Put a line with the names"),
        (b"x,y\n1,2\n1,2,3\n", "data.csv, row 1: 3 cells where the first line names 2 columns; it begins with '1,2,3'"),
        (b"x,y\n1\n", "data.csv, row 0: 1 cells where the first line names 2 columns; it begins with '1'"),
        (b"x,y\n1,\xb5m\n", "data.csv: byte 6 (line 2) is not UTF-8. Save the file as UTF-8, or convert it: iconv -f latin1 -t utf-8 data.csv > utf8-data.csv"),
        ("x,y\n1,2\n".encode("utf-16"), "data.csv: byte 0 (line 1) is not UTF-8. Save the file as UTF-8, or convert it: iconv -f utf-16"),
        (b"\x1f\x8bx,y\n1,2\n", "data.csv: is broken as a gzip file: "),
        (gzip.compress(b"x,y\n1,2\n" * 99, mtime=0)[:-9], "data.csv: is broken as a gzip file: "),
        (b"x,y\n1," + b"a" * 200_000, "data.csv: line 2: field larger than field limit"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_its_place(tmp_path, content, said):
    assert refusal(tmp_path, content).startswith(said)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_table(tmp_path / "no.csv")


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"x": [1, "high"]}, "column 'x', row 1: 'high' is no number"),
        ({"x": [1, math.inf]}, "column 'x', row 1: inf is not finite"),
        ({"n": [1.5, 2]}, "column 'n', row 0: 1.5 is no whole number"),
    ],
)
def test_a_wrong_cell_is_named(cells, said):
    frame = pd.DataFrame({"x": [0.5, 1], "n": [1, 2], "who": ["a", "b"], **cells})
    with pytest.raises(TableFileError) as caught:
        block_from(frame, TABLE, "runs.csv")
    assert str(caught.value) == f"runs.csv, {said}"


def test_a_lab_file_for_other_data():
    with pytest.raises(TableFileError) as caught:
        block_from(pd.DataFrame({"a": [1], "b": [2]}), TABLE, "runs.csv")
    assert str(caught.value) == (
        "runs.csv: no column 'x', 'n', 'who'. The file has: a, b. Is this lab file for other data?"
    )
    with pytest.raises(TableFileError) as caught:
        block_from(pd.DataFrame({"x": [1], "n": [2], "Who": ["a"]}), TABLE, "runs.csv")
    assert str(caught.value) == (
        "runs.csv: no column 'who'; did you mean 'Who'? The file has: x, n, Who."
    )


def test_columns_that_are_not_declared_are_left_out():
    frame = pd.DataFrame({"extra": ["text"], "who": [None], "n": [2], "x": [0.5]})
    assert block_from(frame, TABLE, "a.csv").rows() == [{"x": 0.5, "n": 2, "who": None}]


NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.none() | st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(str.strip)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(
    st.lists(st.tuples(NUMBERS, TEXTS), min_size=1, max_size=8),
    st.sampled_from(",;\t"),
)
def test_what_is_written_is_read_to_the_last_bit(tmp_path_factory, cells, delimiter):
    table = Table((Column(name="x"), Column(name="a name"), Column(name="who", kind=Kind.CATEGORY)))
    rows = [{"x": x, "a name": 1.5, "who": who and f"w{who}"} for x, who in cells]
    block = Block.from_rows(table, rows)
    path = tmp_path_factory.mktemp("tables") / "data.csv"
    block.to_frame().to_csv(path, index=False, sep=delimiter)
    assert block_from(read_table(path), table, "data.csv").digest() == block.digest()


@pytest.mark.skipif(not DATA.exists(), reason="the shared data sets are not here")
@pytest.mark.parametrize("name", ["photo_pce10", "suzuki_flow_4cases", "cmapss_fd001"])
def test_real_tables_are_what_pandas_reads(name):
    (path,) = (DATA / name).glob("data.csv*")
    expected = pd.read_csv(path)
    frame = read_table(path)
    assert list(frame) == list(expected)
    for column in expected.select_dtypes("number"):
        # pandas before 3.1 may be off by a last bit
        np.testing.assert_allclose(frame[column], expected[column], rtol=5e-16)
