"""What the name of a topic says of its records."""

from __future__ import annotations

from collections.abc import Sequence


class Template:
    """Reads fields out of names.

    A field ends at the first place where the text behind it comes; the last one takes the rest.

    Args:
        parts: Texts and names of fields by turns; a text, which may be empty, is first and last.

    Example:
        >>> Template(["mdml-", "recipe", "-", "instrument", ""]).fields("mdml-opv-hplc-2")
        {'recipe': 'opv', 'instrument': 'hplc-2'}
        >>> Template(["mdml-", "recipe", ""]).fields("other")
        {}
    """

    def __init__(self, parts: Sequence[str]) -> None:
        self._texts = list(parts[::2])
        self._names = list(parts[1::2])

    def fields(self, name: str) -> dict[str, str]:
        """The fields of a name; none, if it is not of this template."""
        if not self._names or not name.startswith(self._texts[0]):
            return {}
        found: dict[str, str] = {}
        at = len(self._texts[0])
        for field, text in zip(self._names[:-1], self._texts[1:-1], strict=True):
            end = name.find(text, at + 1)
            if end < 0:
                return {}
            found[field] = name[at:end]
            at = end + len(text)
        end = len(name) - len(self._texts[-1])
        if end <= at or not name.endswith(self._texts[-1]):
            return {}
        return found | {self._names[-1]: name[at:end]}
