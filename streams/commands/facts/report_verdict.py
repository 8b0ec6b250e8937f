"""A report in words: what the batch can be trusted for, where it is weakest, what is noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from halflife.monitors.wording import share as share_of

NEAR: Final = 0.8
"""A part that another real sample would beat, and that still can be worked with."""
_NEAREST: Final = 0.6
_BLUNT: Final = 0.75  # a band that begins lower says little
_USES: Final = {
    "columns": "the distribution of each column",
    "pairs": "how two columns go together",
    "joint": "all columns together",
    "predictive": "training models that predict {targets}",
}
_NAMES: Final = {
    "columns": "single columns",
    "pairs": "pairs of columns",
    "joint": "the joint distribution",
    "predictive": "prediction",
}


def report_verdict(result: dict[str, Any]) -> dict[str, Any]:
    """The verdict on a report's result, which has its rows, parts, bands and predictions.

    Returns:
        ``tone`` (good, warning or bad), ``text``, and ``notes``: what limits the verdict.

    Example:
        >>> bands = {"columns": [0.9, 1.0], "joint": [0.8, 1.0]}
        >>> result = {"parts": {"columns": 0.95, "joint": 0.5}, "bands": bands, "columns": [],
        ...     "laws": [], "copies": 0, "predictions": [], "rows": {"real": 99, "synthetic": 99}}
        >>> print(report_verdict(result)["text"])
        Can be trusted for the distribution of each column. Its weakest part is the joint
        distribution: 0.50, where another real sample of this size reaches 0.80 or more.
    """
    parts = {name: value for name, value in result["parts"].items() if value is not None}
    bands = result["bands"]
    real = [name for name, value in parts.items() if value >= bands[name][0]]
    near = [name for name in parts if name not in real and parts[name] >= NEAR]
    worst = min(parts, key=lambda name: (name in real, parts[name]))
    broken = _broken(result)
    if len(real) == len(parts):
        text = (
            "Cannot be told from another real sample of this size: can be trusted for "
            f"{_uses(real, result)}."
        )
        tone = "warning" if broken else "good"
    else:
        weakest = (
            f"Its weakest part is {_NAMES.get(worst, worst)}: {parts[worst]:.2f}, where another "
            f"real sample of this size reaches {bands[worst][0]:.2f} or more."
        )
        trusted = f"Can be trusted for {_uses(real, result)}. " if real else ""
        nearly = f"Nearly as good as real rows for {_uses(near, result)}. " if near else ""
        text = (trusted + nearly or "Not to be trusted for anything yet. ") + weakest
        tone = "warning" if parts[worst] >= NEAR / 2 and (real or near) else "bad"
    return {
        "tone": tone,
        "text": text,
        "notes": [*broken, *_privacy(result), *_noise(result, parts, worst)],
    }


def _uses(parts: Sequence[str], result: dict[str, Any]) -> str:
    targets = [each["target"] for each in result["predictions"]]
    shown = targets[:3] if len(targets) <= 4 else targets[:2]
    named = _and([*shown, *([f"{len(targets) - len(shown)} more"] * (len(shown) < len(targets)))])
    return _and([_USES.get(part, part).format(targets=named or "the target") for part in parts])


def _and(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + " and " * (len(words) > 1) + words[-1] if words else ""


def _broken(result: dict[str, Any]) -> list[str]:
    """What no noise excuses."""
    notes = []
    rows = result["rows"]
    for law in result["laws"]:
        share = law["synthetic_violations"] / rows["synthetic"]
        if share > 2 * law["real_violations"] / rows["real"] + 0.01:
            notes.append(f"{share_of(share)} of the synthetic rows break the law {law['law']}.")
    if result["copies"]:
        some = "row is a copy" if result["copies"] == 1 else "rows are copies"
        notes.append(
            f"{result['copies']} synthetic {some} of training rows, beyond what real rows repeat."
        )
    return notes


def _privacy(result: dict[str, Any]) -> list[str]:
    share, rows = result.get("dcr_share"), result["rows"]["synthetic"]
    if share is not None and share > _NEAREST + 1.5 / rows**0.5:
        return [
            f"{share_of(share)} of the synthetic rows are nearer to a training row than to another "
            "real one (50 % is best): do not give the batch away as if it were anonymous."
        ]
    return []


def _noise(result: dict[str, Any], parts: dict[str, float], worst: str) -> list[str]:
    """How much of what is seen chance alone would make."""
    notes, rows = [], result["rows"]
    blunt = [name for name in parts if result["bands"][name][0] < _BLUNT]
    if blunt:
        named = _and([_NAMES.get(name, name) for name in blunt])
        notes.append(
            f"With {rows['real']:,} real rows the test of {named} is blunt: even real samples "
            f"score down to {min(result['bands'][name][0] for name in blunt):.2f}. More real rows "
            "would say more."
        )
    columns = [each for each in result["columns"] if each.get("p_value") is not None]
    if columns:
        beyond = [each["column"] for each in columns if each["beyond_noise"]]
        said = (
            f"{len(beyond)} of {len(columns)} columns differ{'s' * (len(beyond) == 1)} by more "
            "than chance would make"
            if beyond
            else f"None of {len(columns)} columns differs by more than chance would make"
        )
        notes.append(said + (f": {_and(beyond)}." if 0 < len(beyond) <= 4 else "."))
    low, high = result["bands"][worst]
    if parts[worst] < low:
        notes.append(
            f"The weakest part is below where 95 % of real samples lie ({low:.2f} to {high:.2f}): "
            "noise alone does that once in 20 times."
        )
    return notes
