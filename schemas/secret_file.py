"""Secrets that stand in files."""

from __future__ import annotations

from pathlib import Path


def secret_text(path: Path) -> str:
    """What a file holds, without the white space around it; it may be empty.

    Args:
        path: Of the file.

    Raises:
        ValueError: If it cannot be read, with why.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot be read: {error}") from error
