"""All that the training of a challenger needs: what is handed to the child."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from halflife.schemas.regeneration import RegenerationRequest
from halflife.schemas.stream_plan import StreamPlan
from halflife.schemas.table import Block
from halflife.streams.watch.rows import Rows


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """One training, whole and picklable.

    Args:
        plan: Of the stream.
        request: What is answered: it holds the seed, and the manifest of the champion.
        rows: The window, read back.
        champion: The rows of the batch in circulation, if there is one.
        models: Folder of the files of fitted generators.
        in_place_of: What the smallest generator is to stand in for, and why, in words; empty to
            train the one that the lab file asks for.
        checkpoints: Folder in which a training that is killed leaves how far it was, and from
            which the next attempt at the request goes on; None keeps nothing.
    """

    plan: StreamPlan
    request: RegenerationRequest
    rows: Rows
    champion: Block | None
    models: Path
    in_place_of: str = ""
    checkpoints: Path | None = None
