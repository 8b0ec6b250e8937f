"""Offline commands on good input: files in, files and sentences out."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from halflife.schemas.lab import Lab
from halflife.streams.tables import block_from, read_table

from .conftest import write_rows

PARTS = ["columns", "pairs", "joint", "predictive"]


def test_init_writes_a_lab_file_that_check_and_lab_understand(halflife: Any, here: Path) -> None:
    write_rows(here / "My Runs.csv", 100, seed=0)
    said = halflife("init", "My Runs.csv", "-o", "new.toml")
    assert said.status == 0
    assert "halflife check new.toml" in said.out
    plan = Lab.read(here / "new.toml").streams["my-runs"]
    assert plan.table.names == ("temperature", "moles", "operator", "pressure")
    assert plan.table.measured == ("pressure",)
    assert halflife("check", "new.toml").status == 0


def test_init_replaces_a_lab_file_only_when_told(halflife: Any, here: Path) -> None:
    write_rows(here / "runs.csv", 100, seed=0)
    before = (here / "lab.toml").read_text()
    said = halflife("init", "runs.csv")
    assert said.status == 2
    assert "--force" in said.err
    assert (here / "lab.toml").read_text() == before
    assert halflife("init", "runs.csv", "--force", "--stream", "other").status == 0
    assert list(Lab.read(here / "lab.toml").streams) == ["other"]


def test_check_says_what_it_understood(halflife: Any) -> None:
    said = halflife("check", "lab.toml")
    assert said.status == 0
    for words in ("An ideal gas", "temperature", "K", "0 …", "set-point", "(target)", "10000"):
        assert words in said.out


def test_check_as_data(halflife: Any) -> None:
    said = halflife("check", "lab.toml", "--json", "-")
    stream = json.loads(said.out)["streams"][0]
    assert stream["name"] == "gas"
    assert stream["column"]["temperature"]["unit"] == "K"


def test_check_tells_every_error_with_its_line(halflife: Any, here: Path) -> None:
    text = (here / "lab.toml").read_text()
    text = text.replace("reference = 300", "reference = 3\nkeep = 1.5\ncolour = 7")
    (here / "bad.toml").write_text(text)
    said = halflife("check", "bad.toml")
    assert said.status == 2
    assert "bad.toml, line 4: stream.gas.reference" in said.err
    assert "bad.toml, line 5: stream.gas.keep" in said.err
    assert "bad.toml, line 6: stream.gas.colour: unknown key" in said.err


def test_check_knows_the_generators(halflife: Any, here: Path) -> None:
    text = (here / "lab.toml").read_text().replace("min_rows", 'generator = "tres"\nmin_rows')
    (here / "bad.toml").write_text(text)
    said = halflife("check", "bad.toml")
    assert said.status == 2
    assert "stream.gas.generator: 'tres' is no generator; did you mean 'trees'?" in said.err


@pytest.mark.parametrize(
    ("reference", "words"), [(25, "too short"), (100, "short for one false alarm")]
)
def test_check_says_when_the_reference_is_short(
    halflife: Any, here: Path, reference: int, words: str
) -> None:
    text = (here / "lab.toml").read_text()
    (here / "short.toml").write_text(text.replace("300", str(reference)))
    (here / "long.toml").write_text(text.replace("300", "1000"))
    said = halflife("check", "short.toml", "--json", "-")
    assert said.status == 0
    assert any(words in note for note in json.loads(said.out)["streams"][0]["notes"])
    notes = json.loads(halflife("check", "long.toml", "--json", "-").out)["streams"][0]["notes"]
    assert not any("short" in note for note in notes)


def test_synthesize_makes_the_same_bytes_from_the_same_seed(halflife: Any, here: Path) -> None:
    write_rows(here / "train.csv", 200, seed=0)
    common = ("synthesize", "train.csv", "--lab", "lab.toml", "--rows", "150")
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        said = halflife(*common, "--stream", "gas", "--seed", seed, "--out", f"{name}.csv")
        assert said.status == 0
        assert re.fullmatch(r"wrote .\.csv: 150 rows by .* seed \d\n", said.out)
    one, two, three = ((here / f"{name}.csv").read_bytes() for name in "abc")
    assert one == two
    assert one != three
    said = halflife(*common[:-2], "--out", "d.csv")
    assert said.out.startswith("wrote d.csv: 200 rows by "), "as many as there are to learn from"


def test_synthesize_makes_rows_under_conditions(halflife: Any, here: Path) -> None:
    write_rows(here / "train.csv", 200, seed=0)
    common = ("synthesize", "train.csv", "--lab", "lab.toml", "--stream", "gas", "--rows", "60")
    said = halflife(*common, "--where", "moles = 3 ", "--out", "batch.csv")
    assert said.status == 0, said.err
    assert said.out.endswith(", where moles = 3\n")
    assert set(pd.read_csv(here / "batch.csv")["moles"]) == {3}
    said = halflife(*common, "--where-from", "train.csv", "--out", "batch.csv")
    assert said.status == 0, said.err
    assert "drawn as in train.csv" in said.out
    said = halflife(*common, "--where", "mols = 3", "--out", "batch.csv")
    assert said.status == 2
    assert "no column 'mols'; there are" in said.err
    said = halflife(*common, "--where", "moles = 3", "--where-from", "x.csv", "--out", "b.csv")
    assert said.status == 2
    (here / "other.csv").write_text("colour\nred\nblue\n")
    said = halflife(*common, "--where-from", "other.csv", "--out", "batch.csv")
    assert said.status == 2
    assert "other.csv has no column that is a set-point or context" in said.err


def test_what_synthesize_writes_is_read_back_bit_for_bit(halflife: Any, here: Path) -> None:
    write_rows(here / "train.csv", 200, seed=0)
    halflife(
        "synthesize", "train.csv", "--lab", "lab.toml", "--rows", "80", "--generator", "trees",
        "--out", "batch.csv",
    )  # fmt: skip
    plan = Lab.read(here / "lab.toml").streams["gas"]
    from halflife.generators import create

    train = block_from(read_table(here / "train.csv"), plan.table, "train.csv")
    model = create("trees", plan.table)
    model.fit(train, seed=plan.seed)
    again = block_from(read_table(here / "batch.csv"), plan.table, "batch.csv")
    assert again.digest() == model.sample(80, seed=plan.seed).digest()
    moles = [line.split(",")[1] for line in (here / "batch.csv").read_text().splitlines()[1:]]
    assert all(re.fullmatch(r"\d+", cell) for cell in moles)


@pytest.fixture
def batch(here: Path) -> Path:
    """A "synthetic" batch that is another real sample: the best there can be."""
    write_rows(here / "real.csv", 200, seed=1)
    write_rows(here / "train.csv", 200, seed=2)
    return write_rows(here / "batch.csv", 200, seed=3)


def test_report_has_the_keys_of_the_design(halflife: Any, here: Path, batch: Path) -> None:
    said = halflife(
        "report", "real.csv", batch, "--lab", "lab.toml", "--train", "train.csv",
        "--json", "out.json", "--html", "out.html",
    )  # fmt: skip
    assert said.status == 0
    found = json.loads((here / "out.json").read_text())
    assert list(found) == [
        "fidelity", "parts", "bands", "c2st_auc", "tstr", "trtr", "dcr_share", "copies", "laws",
        "columns", "measures", "seconds", "reasons", "title", "rows", "dependence", "telling",
        "predictions", "verdict", "epsilon",
    ]  # fmt: skip
    assert list(found["parts"]) == list(found["bands"]) == PARTS
    assert found["fidelity"] == min(found["parts"].values())
    # Another real sample: every part in its band or near it, nobody copied, skill as good.
    assert found["fidelity"] > 0.8
    assert abs(found["c2st_auc"] - 0.5) < 0.15
    assert abs(found["dcr_share"] - 0.5) < 0.1
    assert found["copies"] == 0
    assert found["tstr"] == pytest.approx(found["trtr"], abs=0.05)
    assert [column["column"] for column in found["columns"]] == [
        "temperature", "moles", "operator", "pressure",
    ]  # fmt: skip
    assert "like another real sample" in said.out


def test_the_page_needs_nothing_else(halflife: Any, here: Path, batch: Path) -> None:
    said = halflife(
        *("report", "real.csv", batch, "--lab", "lab.toml"),
        *("--html", "out.html", "--json", "-"),
    )
    page = (here / "out.html").read_text()
    assert page.count("<svg viewBox") > 10
    assert "temperature / K" in page
    assert "An ideal gas" in page
    assert not re.search(r"https?:|<script|<link (?!rel=\"icon\")|src=|@import|url\((?!#)", page)
    assert json.loads(said.out)["verdict"]["text"] in page


def test_report_says_why_something_is_null(halflife: Any, here: Path, batch: Path) -> None:
    lab = (here / "lab.toml").read_text().replace('"measured"', '"context"')
    (here / "lab.toml").write_text(lab.replace("target", "# target"))
    said = halflife("report", "real.csv", batch, "--lab", "lab.toml", "--json", "-")
    found = json.loads(said.out)
    assert found["parts"]["predictive"] is None
    assert found["bands"]["predictive"] is None
    assert found["tstr"] is found["trtr"] is found["dcr_share"] is found["copies"] is None
    assert "predictive is null: there is nothing to predict" in said.err
    assert "dcr_share is null: it needs the training rows: --train" in said.err


def test_report_counts_rows_that_break_a_law(halflife: Any, here: Path) -> None:
    (here / "lab.toml").write_text(
        "[stream.mix]\n[stream.mix.column]\n"
        'a = { role = "set-point" }\nb = { role = "set-point" }\n'
        '[[stream.mix.law]]\nsum = ["a", "b"]\nequals = 1\n'
    )
    share = [i / 100 for i in range(100)]
    frame = pd.DataFrame({"a": share, "b": [1 - x for x in share]})
    frame.to_csv("real.csv", index=False)
    frame.loc[:6, "b"] += 0.1
    frame.to_csv("synth.csv", index=False)
    said = halflife("report", "real.csv", "synth.csv", "--lab", "lab.toml", "--json", "-")
    assert json.loads(said.out)["laws"] == [
        {"law": "a + b = 1", "real_violations": 0, "synthetic_violations": 7}
    ]


def test_backtest_finds_a_shift_given_the_set_points(halflife: Any, here: Path) -> None:
    calm = write_rows(here / "calm.csv", 500, seed=1).read_text()
    shifted = write_rows(here / "shifted.csv", 200, seed=2, shift=8.0).read_text()
    (here / "both.csv").write_text(calm + shifted.partition("\n")[2])
    write_rows(here / "batch.csv", 200, seed=3)
    said = halflife(
        "backtest", "both.csv", "--lab", "lab.toml", "--stream", "gas", "--batch", "batch.csv",
        "--json", "out.json", "--html", "out.html",
    )  # fmt: skip
    assert said.status == 0
    assert "wrote out.html" in said.out
    found = json.loads((here / "out.json").read_text())
    page = (here / "out.html").read_text()
    assert "Changed once" in found["verdict"]["text"]
    assert found["verdict"]["text"].split(":")[0] in page
    keys = ("stream", "records", "false_alarms", "reference", "alarms", "fidelity", "half_life",
            "seconds")  # fmt: skip
    assert set(keys) <= set(found)
    assert found["reference"] == {"first": 0, "last": 299}
    first = found["alarms"][0]
    # Noise of 1 kPa, a shift of 8: log(10,000) of evidence takes a handful of records.
    assert 500 <= first["record"] < 530
    assert abs(first["change_point"] - 500) <= 10
    assert first["kind"] == "given-set-points"
    assert first["columns"] == ["pressure"]
    assert found["seconds"].keys() == {"numerics", "total"}
    assert len(found["fidelity"]) >= 2
    assert all(math.isfinite(tick["fidelity"]) for tick in found["fidelity"])
    assert "given-set-points" in said.out


def test_backtest_without_a_change_says_so(halflife: Any, here: Path) -> None:
    write_rows(here / "calm.csv", 500, seed=1)
    said = halflife("backtest", "calm.csv", "--lab", "lab.toml")
    assert said.status == 0
    assert "no alarm" in said.out


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("min_rows = 150", None),
        ("min_rows = 100", "of 100 records about 30 are held out to judge a batch (30%)"),
        ("min_rows = 200\nwindow = 20", "the latest 20 records that no training saw"),
    ],
    ids=["enough", "few held out", "few measured"],
)
def test_check_tells_of_too_few_records_to_judge_a_batch(
    halflife: Any, here: Path, asked: str, told: str | None
) -> None:
    text = (here / "lab.toml").read_text().replace("min_rows = 100", asked)
    (here / "few.toml").write_text(text)
    notes = json.loads(halflife("check", "few.toml", "--json", "-").out)["streams"][0]["notes"]
    few = [note for note in notes if "raise " in note]
    assert len(few) == (told is not None)
    assert all(told is not None and told in note for note in few)
