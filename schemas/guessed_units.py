"""Units that column names carry: ``temperature_K``, ``flow_mL_min``, ``time (s)``."""

from __future__ import annotations

import re
from typing import Final

# Clear in any name. The value is how the lab file writes it.
_CLEAR: Final = {
    **{unit: unit for unit in ("mL", "uL", "nL", "mg", "ug", "kg", "mmol", "umol", "mol", "mM")},
    **{unit: unit for unit in ("nm", "um", "mm", "cm", "mV", "kV", "mA", "uA", "kW", "mW", "eV")},
    **{unit: unit for unit in ("Pa", "kPa", "MPa", "GPa", "bar", "mbar", "Hz", "kHz", "rpm")},
    **{unit: unit for unit in ("ms", "us", "K", "uM", "nM", "ppm", "ppb", "wt%", "vol%", "mol%")},
    "%": "%",
    "pct": "%",
    "percent": "%",
    "degC": "degC",
    "°C": "°C",
    "celsius": "degC",
    "sec": "s",
    "seconds": "s",
    "minutes": "min",
    "hours": "h",
    "day": "d",
    "days": "d",
}
# Letters that mean much else besides: units only after a word that asks for them.
_AFTER: Final = {
    "s": r"time|duration|wait|delay|age|period",
    "h": r"time|duration|wait|delay|age|period",
    "min": r"time|duration|wait|delay|age|period",
    "C": r"temp",
    "M": r"^c_|conc|molarity",
    "V": r"volt|potential|bias",
    "A": r"current",
    "W": r"power",
    "g": r"mass|weight|load",
    "L": r"volume",
}
_DIVISORS: Final = {"s", "min", "h", "d", "L", "g", "m", "m2", "m3", "cm", "cm2", "cm3", "mL", "K"}
_NUMERATORS: Final = {"S", "W", "A", "V", "g", "L", "J", "N", "m", "mS", "C"}
_BRACKETS: Final = re.compile(r"^(.*\S)\s*[(\[]([^()\[\]]{1,20})[)\]]\s*$")
_FRACTION: Final = {"1", "-", "a.u.", "au", "none"}


def guess_unit(name: str) -> str:
    """The unit that a column name carries; ``"1"`` where it carries none.

    A lone ``_min`` or ``_s`` may be a minimum or a plural, so such letters count only after a word
    that asks for them.

    Args:
        name: Of the column.

    Example:
        >>> [guess_unit(name) for name in ("temperature_K", "flow_mL_min", "time (s)", "t_min")]
        ['K', 'mL/min', 's', '1']
    """
    if match := _BRACKETS.match(name):
        unit = match[2].strip()
        return "1" if not unit or unit.lower() in _FRACTION else unit
    words = re.split(r"[_\s]+", name)
    if len(words) >= 3 and words[-1] in _DIVISORS and words[-2] in _NUMERATORS | set(_CLEAR):
        return f"{_CLEAR.get(words[-2], words[-2])}/{words[-1]}"
    last = words[-1]
    if len(words) >= 2 and last in _CLEAR:
        return _CLEAR[last]
    before = "_".join(words[:-1]).lower()
    if len(words) >= 2 and last in _AFTER and re.search(_AFTER[last], f"{before}_"):
        return "degC" if last == "C" else last
    return "1"
