"""A report as one page for the browser, that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from halflife.streams.commands.facts.report_sentences import report_sentences

from .axes import chance, hundredths, percent, plain, short
from .distributions import SIZE as COLUMN_SIZE
from .distributions import distribution
from .measure_table import measure_table
from .pair_maps import SIZE as MAP_SIZE
from .pair_maps import pair_maps
from .pair_scatter import SIZE as PAIR_SIZE
from .pair_scatter import pair_scatter
from .part_strips import part_strips
from .prediction_plots import SIZE as PREDICTION_SIZE
from .prediction_plots import prediction_plot
from .telling_bars import telling_bars
from .writer import drawn, write_page

_COLUMNS: Final = 12


def report_page(result: Mapping[str, Any]) -> str:
    """The page of a report, as HTML with its style and pictures inside.

    Args:
        result: What ``halflife report --json`` writes: everything is drawn from it.
    """
    parts = {name: value for name, value in result["parts"].items() if value is not None}
    return write_page(
        "report.html",
        title=result["title"],
        fidelity=result["fidelity"],
        rows=result["rows"],
        verdict=result["verdict"],
        parts=drawn(_parts(result, len(parts))),
        absent=[(name, result["reasons"][name]) for name in result["parts"] if name not in parts],
        **_columns(result),
        **_pairs(result),
        **_telling(result),
        **_predictions(result),
        sentences=report_sentences(result),
        measures=measure_table(result.get("measures") or []),
    )


def _parts(result: Mapping[str, Any], count: int) -> str:
    height = 62 + 44 * count
    return part_strips(result["parts"], result["bands"]).both((860, height), (340, height))


def _columns(result: Mapping[str, Any]) -> dict[str, Any]:
    """The most different columns as pictures, all of them as rows of a table."""
    columns = sorted(
        result["columns"], key=lambda each: (not each["beyond_noise"], -(each["distance"] or 0.0))
    )
    shown = columns[:_COLUMNS]
    more = len(columns) - len(shown)
    said = "The most different first."
    if more:
        said = f"The {len(shown)} most different of {len(columns)}; {more} more in the table below."
    return {
        "columns": [_card(column, f"column-{i}") for i, column in enumerate(shown)],
        "columns_said": said,
        "numbers": [_row(column) for column in columns],
    }


def _card(column: Mapping[str, Any], name: str) -> dict[str, Any]:
    said = column["role"]
    if column["distance"] is not None:
        verdict = "differs beyond noise" if column["beyond_noise"] else "within noise"
        said += f" · {column['measure']} {column['distance']:.3f}, {verdict}"
    missing = [column[side]["missing"] for side in ("real", "synthetic")]
    if any(missing):
        said += f" · missing: {missing[0]} real, {missing[1]} synthetic"
    outside = column["shape"].get("outside", [0.0, 0.0])
    beyond = f"Beyond the picture: {percent(outside[0])} real, {percent(outside[1])} synthetic"
    return {
        "name": short(column["column"], 60),
        "said": said,
        "picture": drawn(distribution(dict(column), name).svg(*COLUMN_SIZE)),
        "outside": beyond if any(outside) else "",
    }


def _row(column: Mapping[str, Any]) -> dict[str, str]:
    sides = {key: column[key] for key in ("real", "synthetic")}
    return {
        "name": short(column["column"], 80),
        "unit": column["unit"],
        "distance": "–"
        if column["distance"] is None
        else f"{column['measure']} {column['distance']:.3f}",
        "p_value": chance(column["p_value"]),
        "fidelity": "–" if column["fidelity"] is None else f"{column['fidelity']:.3f}",
        **{key: _side(side) for key, side in sides.items()},
        "missing": ", ".join(str(side["missing"]) for side in sides.values()),
    }


def _side(side: Mapping[str, Any]) -> str:
    if "mean" in side:
        return f"{plain(side['mean'])} ± {plain(side['sd'])}"
    return f"{side['levels']} levels" if "levels" in side else "–"


def _pairs(result: Mapping[str, Any]) -> dict[str, Any]:
    found = result["dependence"]
    if found is None or not found["most_different"]:
        return {"maps": None, "maps_said": "", "pairs": []}
    units = {each["column"]: each["unit"] for each in result["columns"]}
    maps = pair_maps(found)
    titles = {"real": "Real", "synthetic": "Synthetic", "difference": "Synthetic minus real"}
    return {
        "maps": [(title, drawn(maps[key].svg(*MAP_SIZE))) for key, title in titles.items()],
        "maps_said": _maps_said(found),
        "pairs": [
            {
                "name": " and ".join(short(name, 40) for name in pair["columns"]),
                "said": _pair_said(pair),
                "picture": drawn(pair_scatter(pair, units, f"pair-{i}").svg(*PAIR_SIZE)),
            }
            for i, pair in enumerate(found["most_different"])
        ],
    }


def _maps_said(found: Mapping[str, Any]) -> str:
    said = f"{found['measures']}. Blue is positive, orange negative."
    if found["more"]:
        said += (
            f" The {len(found['columns'])} columns that differ most are shown; {found['more']} "
            "more are compared too."
        )
    if found["noise"] is not None:
        many = found["pairs_beyond_noise"]
        beyond = {0: "none differs", 1: "1 differs"}.get(many, f"{many:,} differ")
        said += (
            f" Of {found['pairs']:,} pairs {beyond} by more than "
            f"{found['noise']:.2f}, which is what noise alone makes of the largest difference."
        )
    return said


def _pair_said(pair: Mapping[str, Any]) -> str:
    verdict = "differs beyond noise" if pair["beyond_noise"] else "within noise"
    shown = [len(pair["points"][side]) for side in ("real", "synthetic")]
    whole = pair["points"]["rows"]
    sides = [hundredths(pair[side]) for side in ("real", "synthetic")]
    said = f"{pair['measure']} {sides[0]} real, {sides[1]} synthetic: {verdict}"
    levels = [key for key in ("x_levels", "y_levels") if key in pair["points"]]
    if len(levels) < 2 and shown != whole:
        said += f" · {shown[0]} of {whole[0]:,} and {shown[1]} of {whole[1]:,} rows drawn"
    return said


def _telling(result: Mapping[str, Any]) -> dict[str, Any]:
    found = result["telling"]
    if found is None or not found["columns"]:
        return {"telling": None, "telling_said": ""}
    beyond = sum(each["beyond_noise"] for each in found["columns"])
    said = (
        f"A classifier that knows {found['rows']:,} rows of each side tells them apart with area "
        f"{found['area']:.2f} under the ROC curve (0.5: not at all, 1: always). Shown is what is "
        "lost when one column is shuffled: what it tells and no other column does."
    )
    if found["more"]:
        said += f" {found['more']} columns that it used less are not shown."
    if found["area"] <= found["noise"]:
        said += f" An area up to {found['noise']:.2f} is noise: nothing gives the batch away."
    elif not beyond:
        said += " None is beyond noise: no column alone gives the batch away."
    else:
        said += " Hollow dots are within noise."
    height = 60 + 26 * len(found["columns"])
    picture = telling_bars(dict(found)).both((860, height), (340, height))
    return {"telling": drawn(picture), "telling_said": said}


def _predictions(result: Mapping[str, Any]) -> dict[str, Any]:
    tasks = []
    for i, task in enumerate(result["predictions"]):
        say = percent if task["kind"] == "category" else plain
        error = task["error"]
        unit = "" if task["kind"] == "category" or task["unit"] == "1" else f" {task['unit']}"
        kind = "wrong" if task["kind"] == "category" else "mean absolute error"
        drawn_rows = ""
        if task["kind"] == "number" and len(task["points"]) < task["rows"]:
            drawn_rows = f" · {len(task['points'])} of {task['rows']:,} rows drawn"
        tasks.append(
            {
                "name": f"{short(task['target'], 60)} from {task['inputs']} columns",
                "said": f"{kind}: batch {say(error['batch'])}{unit}, real {say(error['real'])}"
                f"{unit}, a constant guess {say(error['constant'])}{unit}{drawn_rows}",
                "picture": drawn(prediction_plot(dict(task), f"task-{i}").svg(*PREDICTION_SIZE)),
            }
        )
    return {
        "predictions": tasks,
        "predictions_said": "The same real rows, predicted by a model trained on the batch and by "
        "one trained on other real rows. The line is a perfect prediction; the gap between both "
        "errors is what the batch costs.",
    }
