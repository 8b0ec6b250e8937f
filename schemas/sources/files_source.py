"""A folder, or a file that grows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from halflife.schemas.quantities import Duration

from .source_plan import SourcePlan

COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".7z")
"""Ends of names of files that are not read as they are."""


def _plain(path: str) -> str:
    if path.lower().endswith(COMPRESSED):
        raise PydanticCustomError(
            "range",
            "compressed files are not read: unpack them, and name the unpacked ones",
        )
    return path


def _distinct(names: int | list[str]) -> int | list[str]:
    if isinstance(names, list):
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None or not names:
            said = "names no column" if not names else f"has {twice!r} twice"
            raise PydanticCustomError("range", "{said}", {"said": said})
    return names


class FilesSource(SourcePlan):
    """Records that programs of instruments write to files: CSV, JSON Lines, Parquet.

    Example:
        >>> plan = FilesSource(name="hplc", type="files", path="/data/hplc/*.csv")
        >>> plan.format, plan.poll, plan.complete
        ('auto', 1.0, 'auto')
    """

    path: Annotated[str, AfterValidator(_plain)] = Field(
        min_length=1,
        max_length=1000,
        examples=["/data/hplc/*.csv"],
        description="A file, a folder (files in it that end as their format does), or a pattern "
        "with *, ? and ** for folders inside each other; ~ is the home folder.",
    )
    format: Literal["auto", "csv", "jsonl", "parquet"] = Field(
        default="auto",
        description="How records are written; auto: by the end of a file's name, or its content.",
    )
    delimiter: Literal["auto", ",", ";", "\t", "|"] = Field(
        default="auto", description="What stands between the cells of CSV; auto: by its header."
    )
    decimal: Literal["auto", ".", ","] = Field(
        default="auto",
        description="What stands before the decimals of a number; auto: a comma where it does not "
        "stand between cells and the number cannot be one with thousands.",
    )
    encoding: Literal["utf-8", "auto", "cp1252", "latin-1", "utf-16"] = Field(
        default="utf-8",
        description="Of text; auto: UTF-16 if the file says so in its first bytes, else UTF-8, "
        "else cp1252.",
    )
    header: Annotated[
        Annotated[int, Field(ge=1, le=10_000)] | list[str], AfterValidator(_distinct)
    ] = Field(
        default=1,
        description="In which line of CSV the names of columns stand (lines that are skipped are "
        "not counted); or the names themselves, where the file has none.",
    )
    skip: str | None = Field(
        default=None,
        min_length=1,
        max_length=20,
        examples=["#"],
        description="Lines that begin so are no records.",
    )
    complete: Literal["auto", "grows", "closed", "renamed"] = Field(
        default="auto",
        description="grows: whole lines are read as they come, a last line without its end waits; "
        "closed: a file is read when it has not changed for the time of settle; renamed: it has "
        "its name only when it is whole; auto: closed for Parquet, else grows.",
    )
    poll: Duration = Field(default=1.0, ge=0.05, description="Between two looks at the files.")
    settle: Duration = Field(
        default=5.0, description="A file that has not changed for so long is closed."
    )
