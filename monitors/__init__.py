"""Pure numerics: drift, fidelity, decay, utility and the gate. State in, state out."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .accusation import Accusation
    from .alarm import DriftAlarm
    from .blend import Blend
    from .blend_curve import BlendCurve
    from .collapse_guard import CollapseGuard
    from .collapse_reading import CollapseReading
    from .comparison import Comparison
    from .contamination import Contamination
    from .decay import Decay
    from .decay_forecast import DecayForecast
    from .drift import Drift
    from .errors import (
        MonitorError,
        NotFitted,
        NothingMeasurable,
        ReferenceTooShort,
        StateMismatch,
        TooFewRows,
    )
    from .fidelity import FIDELITY_PARTS, PARTS, Fidelity
    from .fidelity_measure import FidelityMeasure
    from .gate import Gate
    from .match_rate import match_evidence
    from .measures import MEASURES, MeasureResult, measure_all
    from .prequential_utility import PrequentialUtility
    from .privacy import Privacy
    from .privacy_measure import PrivacyMeasure
    from .recipe_drift import RecipeDrift
    from .recipe_note import RecipeNote
    from .resolution import reference_for, smallest_shift
    from .retained import Retained, RetainedFidelity
    from .timing import Timing
    from .utility import Utility
    from .utility_gap import UtilityGap
    from .verdict import Verdict

__all__ = [
    "FIDELITY_PARTS",
    "MEASURES",
    "PARTS",
    "Accusation",
    "Blend",
    "BlendCurve",
    "CollapseGuard",
    "CollapseReading",
    "Comparison",
    "Contamination",
    "Decay",
    "DecayForecast",
    "Drift",
    "DriftAlarm",
    "Fidelity",
    "FidelityMeasure",
    "Gate",
    "MeasureResult",
    "MonitorError",
    "NotFitted",
    "NothingMeasurable",
    "PrequentialUtility",
    "Privacy",
    "PrivacyMeasure",
    "RecipeDrift",
    "RecipeNote",
    "ReferenceTooShort",
    "Retained",
    "RetainedFidelity",
    "StateMismatch",
    "Timing",
    "TooFewRows",
    "Utility",
    "UtilityGap",
    "Verdict",
    "match_evidence",
    "measure_all",
    "reference_for",
    "smallest_shift",
]

_EXPORTS: Final[dict[str, str]] = {
    "Accusation": ".accusation",
    "Blend": ".blend",
    "BlendCurve": ".blend_curve",
    "CollapseGuard": ".collapse_guard",
    "CollapseReading": ".collapse_reading",
    "Comparison": ".comparison",
    "Contamination": ".contamination",
    "Decay": ".decay",
    "DecayForecast": ".decay_forecast",
    "Drift": ".drift",
    "DriftAlarm": ".alarm",
    "FIDELITY_PARTS": ".fidelity",
    "Fidelity": ".fidelity",
    "FidelityMeasure": ".fidelity_measure",
    "Gate": ".gate",
    "MEASURES": ".measures",
    "MeasureResult": ".measures",
    "MonitorError": ".errors",
    "NotFitted": ".errors",
    "NothingMeasurable": ".errors",
    "PARTS": ".fidelity",
    "PrequentialUtility": ".prequential_utility",
    "Privacy": ".privacy",
    "PrivacyMeasure": ".privacy_measure",
    "RecipeDrift": ".recipe_drift",
    "RecipeNote": ".recipe_note",
    "ReferenceTooShort": ".errors",
    "Retained": ".retained",
    "RetainedFidelity": ".retained",
    "StateMismatch": ".errors",
    "Timing": ".timing",
    "TooFewRows": ".errors",
    "Utility": ".utility",
    "UtilityGap": ".utility_gap",
    "Verdict": ".verdict",
    "match_evidence": ".match_rate",
    "measure_all": ".measures",
    "reference_for": ".resolution",
    "smallest_shift": ".resolution",
}


def __getattr__(name: str) -> Any:
    """A public name from its file, imported when it is first asked for."""
    home = _EXPORTS.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home, __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
