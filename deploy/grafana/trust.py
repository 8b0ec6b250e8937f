"""Whether the batch of a stream can be trusted, as the live page says it."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.models.dashboard import (
    Threshold,
    ValueMap,
    ValueMappingResult,
)

from .query import best

NO_WORRY: Final = "drift|fidelity|planner-moved|recipe"
"""Alerts that do not make a batch suspect, or of which the rest tells already."""

_WORDS: Final = (
    ("Nothing to use yet", "text"),
    ("Can be trusted", "green"),
    ("Can be trusted, but look", "orange"),
    ("Do not use", "red"),
)

TRUST_TEXT: Final = (
    "Do not use: the instrument or the chemistry has changed, or the batch has kept less fidelity "
    "than promised. Look: another alert fires, or the batch expires soon. Nothing to use yet: the "
    "reference is being learnt, or there is no batch."
)


def trust(of: str = "") -> str:
    """0 nothing to use yet, 1 can be trusted, 2 look, 3 do not use; by stream.

    Args:
        of: Which streams, as label matchers.
    """
    phase, firing = "halflife_stream_phase", "stream_kind:halflife_alert_firing:last"
    made = best("halflife_batch_created_timestamp_seconds", "stream", of=of)

    def holds(metric: str, matcher: str) -> str:
        where = ", ".join(filter(None, [matcher, of]))
        return f"({best(metric, 'stream', of=where)} == 1)"

    return "\nor\n".join(
        (
            "3 * " + holds(phase, 'phase="changed"'),
            "3 * " + holds(firing, 'kind="fidelity"'),
            "0 * " + holds(phase, 'phase="warming"'),
            "2 * " + holds(firing, f'kind!~"{NO_WORRY}"'),
            f"1 + 0 * {made}",
            f"0 * {best('halflife_stream_info', 'stream', of=of)}",
        )
    )


def trust_words() -> ValueMap:
    """The words for its values."""
    return ValueMap(
        options={
            str(value): ValueMappingResult(text=text, color=color, index=value)
            for value, (text, color) in enumerate(_WORDS)
        }
    )


def trust_steps() -> list[Threshold]:
    """The colours of its values."""
    steps = enumerate(_WORDS)
    return [Threshold(value=float(value) if value else None, color=c) for value, (_, c) in steps]
