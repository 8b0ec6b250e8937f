"""A picture inside a page: drawn by matplotlib, written as SVG in the page's own colours."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK: Final = "#010101"
SOFT: Final = "#020202"
LINE: Final = "#030303"
CARD: Final = "#040404"
REAL: Final = "#050505"
SYNTHETIC: Final = "#060606"
SYNTHETIC_TEXT: Final = "#080808"
BAND: Final = "#070707"
"""Stand-ins: the page's style sheet says what they look like, by day and by night."""

_VARIABLES: Final = {
    INK: "ink", SOFT: "soft", LINE: "line", CARD: "card",
    REAL: "real", SYNTHETIC: "synthetic", SYNTHETIC_TEXT: "synthetic-text", BAND: "band",
}  # fmt: skip
_LOOKS: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 11.0,
    "text.color": INK,
    "text.parse_math": False,  # a dollar in a column's name is a dollar
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.labelsize": 11.0,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "axes.unicode_minus": True,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 10.0,
    "ytick.labelsize": 10.0,
    "xtick.major.width": 0.8,
    "ytick.major.width": 0.8,
    "lines.solid_capstyle": "round",
}
_TAG: Final = re.compile(r"<[^>]*>")
_DIGITS: Final = re.compile(r"-?\d+\.\d{3,}")
_NO_TURN: Final = re.compile(r' transform="rotate\(-?0 [^"]*\)"')


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn on a figure, and in words for who cannot see it.

    The same picture gives the same bytes (of one release of matplotlib). Its texts stay texts, and
    its colours follow the page into the dark.

    Args:
        name: Distinct in a page: the identifiers inside depend on it.
        words: What the picture shows, with its main numbers.
        paint: Draws on an empty figure.

    Example:
        >>> picture = Picture("line", "A line", lambda figure: figure.add_subplot().plot([0, 1]))
        >>> svg = picture.svg(200, 100)
        >>> svg.startswith('<svg viewBox="0 0 200 100" role="img" aria-label="A line">')
        True
        >>> "<text" in svg, "var(--ink)" in svg or "var(--soft)" in svg
        (True, True)
    """

    name: str
    words: str
    paint: Callable[[Figure], Any]

    def svg(self, width: int, height: int) -> str:
        """The picture at a size in pixels; a page may show it larger or smaller.

        Args:
            width: Of the drawing.
            height: Of it.
        """
        import matplotlib as mpl
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        looks: dict[Any, Any] = {**_LOOKS, "svg.hashsalt": f"{self.name} {width}"}
        with mpl.rc_context(looks), warnings.catch_warnings():
            # Only the layout lacks the letters; the browser has them.
            warnings.filterwarnings("ignore", message=".*Glyph .* missing from")
            layout = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03)
            figure = Figure(figsize=(width / 72, height / 72), dpi=72, layout=layout)
            self.paint(figure)
            written = io.StringIO()
            figure.savefig(written, format="svg", metadata=dict.fromkeys(_METADATA))
        return self._inline(written.getvalue())

    def both(self, wide: tuple[int, int], narrow: tuple[int, int]) -> str:
        """Drawn twice: for a screen and paper, and for a phone; the page shows one of them."""
        return (
            f'<div class="wide">{self.svg(*wide)}</div>'
            f'<div class="narrow">{self.svg(*narrow)}</div>'
        )

    def _inline(self, text: str) -> str:
        body = text[text.index(">", text.index("<svg")) + 1 :]
        size = re.search(r'viewBox="([^"]*)"', text)
        if size is None:
            raise AssertionError("matplotlib writes a viewBox")
        body = re.sub(r"<metadata>.*?</metadata>", "", body, count=1, flags=re.DOTALL)
        body = re.sub(r"<style[^>]*>.*?</style>", "", body, flags=re.DOTALL)
        body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
        body = _TAG.sub(lambda tag: _plain_tag(tag[0]), body)
        body = re.sub(r">\s*\n\s*<", ">\n<", body)
        words = escape(self.words)
        return f'<svg viewBox="{size[1]}" role="img" aria-label="{words}">{body.strip()}'


_METADATA: Final = ("Creator", "Date", "Format", "Type")


def _plain_tag(tag: str) -> str:
    """A tag of matplotlib with the page's colours and typeface, and without what nobody reads."""
    if tag.startswith("<g id="):
        tag = re.sub(r' id="[^"]*"', "", tag, count=1)
    if "base64," in tag:
        return tag.replace("xlink:href", "href")
    tag = _NO_TURN.sub("", tag)
    for colour, variable in _VARIABLES.items():
        tag = tag.replace(colour, f"var(--{variable})")
    tag = tag.replace("'DejaVu Sans'", "var(--face)").replace("xlink:href", "href")
    return _DIGITS.sub(lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), tag)
