"""JSON Lines: an object a line."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from halflife.schemas.errors import MessageError
from halflife.schemas.sources.files_source import FilesSource

from .file_mark import FileMark
from .lines import BadLine
from .row import Row, Rows


class JsonRows:
    """Reads JSON Lines.

    Args:
        plan: Of the source.
    """

    def __init__(self, plan: FilesSource) -> None:
        self._skip = plan.skip

    def read(self, mark: FileMark, lines: Sequence[str | BadLine], *, closed: bool) -> Rows:  # noqa: ARG002  # each line is whole
        """The records of some lines."""
        rows = []
        for i, line in enumerate(lines):
            if isinstance(line, BadLine):
                rows.append(Row(i, i + 1, line.error))
            elif line.strip() and not (self._skip and line.startswith(self._skip)):
                rows.append(Row(i, i + 1, self._values(line)))
        return Rows(rows, len(lines), mark)

    @staticmethod
    def _values(line: str) -> dict[str, object] | MessageError:
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            return MessageError("broken-json", "", f"the line is no JSON: {error}")
        if not isinstance(found, dict):
            said = f"a JSON object is due in each line, not {type(found).__name__}"
            return MessageError("wrong-type", "", said)
        return found
