"""What every generator does: learn from real rows, make synthetic ones, be saved and loaded."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np

from halflife.schemas.table import Block, Table

from .archive import Arrays, read, table_from_json, table_to_json, write
from .conditions import Where
from .errors import NotFitted, ShortOfRows, TooFewRows, UnsuitableRows, WrongState
from .laws import check_laws
from .matching import check_conditions, matched
from .progress import Progress
from .rejection import accepted, shares
from .seen import Seen

CHUNK: Final = 256
FEWEST_ROWS: Final = 20
_MOST_DRAWS: Final = 400
_MOST_DRAWS_NEURAL: Final = 100


class Generator(ABC):
    """A model of the rows of one table.

    A subclass says how it learns (`learn`), how it draws chunks of `CHUNK` rows (`draw`), and what
    it consists of (`state`, `restore`); this class checks, cuts, saves and loads. Chunk ``c`` of a
    batch is drawn with ``SeedSequence((seed, c))`` alone, so that row ``i`` does not depend on how
    many rows are asked for.

    Args:
        table: What the columns are, and the laws to keep.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.

    Attributes:
        name: In the registry.
        neural: Whether it trains a network, so that a GPU and a warm start help.
        partial: Whether it makes only some kind of rows on purpose, to be put beside real ones.

    Example:
        >>> from halflife.generators import create
        >>> from halflife.schemas.table import Column
        >>> table = Table((Column(name="x"),))
        >>> block = Block(table, np.arange(50.)[:, None], np.empty((50, 0), dtype=object))
        >>> generator = create("trees", table)
        >>> generator.fit(block, seed=0)
        >>> len(generator.sample(300, seed=1))
        300
    """

    name: ClassVar[str]
    neural: ClassVar[bool] = False
    partial: ClassVar[bool] = False

    def __init__(self, table: Table) -> None:
        check_laws(table)
        self.table = table
        self._fitted = False
        self._seen: Seen | None = None
        self._checkpoints: Path | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of the constructor other than the table, as plain data."""
        return {}

    def fit(
        self,
        block: Block,
        *,
        seed: int,
        progress: Callable[[Progress], None] | None = None,
        warm: Generator | None = None,
        clock: Callable[[], float] | None = None,
        checkpoints: Path | None = None,
    ) -> None:
        """Learn from real rows; what was learnt before is forgotten.

        Args:
            block: At least `FEWEST_ROWS` rows of the table.
            seed: Not negative; the same seed, rows and machine give the same generator.
            progress: Called now and then with how far the training has come.
            warm: A fitted generator to start from, where the method can.
            clock: Seconds, for progress alone; the monotonic clock if left out.
            checkpoints: Folder of unfinished trainings: one that was killed goes on from there to
                the same end, when the same is asked again. The caller deletes it in the end.

        Raises:
            TooFewRows: For fewer than `FEWEST_ROWS` rows.
            UnsuitableRows: For rows of another table, or with an infinite number.
        """
        if block.table.digest != self.table.digest:
            raise UnsuitableRows(f"rows of another table: {', '.join(block.table.names)}")
        if len(block) < FEWEST_ROWS:
            raise TooFewRows(len(block), FEWEST_ROWS)
        endless = np.isinf(block.numbers).any(axis=0)
        if endless.any():
            name = self.table.numeric[int(np.argmax(endless))]
            raise UnsuitableRows(f"column {name!r} holds an infinite number")
        self._fitted = False
        self._checkpoints = checkpoints
        self.learn(block, seed=seed, progress=progress, warm=warm, clock=clock or time.monotonic)
        self._fitted = True
        self._seen = Seen.of(block)

    def sample(self, rows: int, *, seed: int, where: Where | None = None) -> Block:
        """Make synthetic rows.

        Args:
            rows: How many, at least 0.
            seed: Not negative; the same seed gives the same rows, and more rows begin with them.
            where: What every row has to be.

        Raises:
            NotFitted: Before `fit`.
            ShortOfRows: Where the method cannot make so many, with how many it found and why.
            UnsuitableCondition: For a condition that no row can meet.
        """
        self._need_fit()
        if rows < 0:
            raise ValueError(f"{rows} rows cannot be made")
        streams = _streams(rows, seed)
        if where is not None:
            where = where.of_table(self.table)
            self.check_where(where, self._seen)
        if not streams:
            return Block.empty(self.table)
        made = self.draw(streams) if where is None else self.draw_where(streams, where)
        if len(made) < rows:
            raise ShortOfRows(rows, len(made), self._why_short(where, seed))
        return made[:rows]

    def sample_given(self, conditions: Block, *, seed: int) -> Block:
        """Make one synthetic row for each row of conditions.

        A generator that draws those columns first takes them as they are; another one draws
        freely and takes for each condition the nearest row, levels before numbers.

        Args:
            conditions: Some columns of the table: planned set-points, or `DrawnConditions`.
            seed: Not negative; rows do not depend on the conditions after theirs.

        Raises:
            NotFitted: Before `fit`.
            UnsuitableCondition: For a column or level that is not known.
        """
        self._need_fit()
        check_conditions(conditions, self.table, self._seen)
        if not len(conditions):
            return Block.empty(self.table)
        return self.draw_given(_streams(len(conditions), seed), conditions)

    def save(self, path: Path) -> None:
        """Write all that `sample` needs to one ``.npz`` file, replacing it as a whole.

        Raises:
            NotFitted: Before `fit`.
        """
        self._need_fit()
        state, arrays = self.state()
        header = {
            "kind": self.name,
            "digest": self.table.digest,
            "table": table_to_json(self.table),
            "parameters": self.parameters,
            "state": state,
            "seen": None if self._seen is None else self._seen.state(),
        }
        write(Path(path), header, arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """A generator as it was saved: it makes the same rows.

        ``Generator.load`` reads any registered kind, a subclass its own.

        Raises:
            WrongState: For a file that is no saved generator of this kind.
        """
        header, arrays = read(Path(path))
        try:
            kind = _kind(header["kind"])
            if not issubclass(kind, cls):
                raise WrongState(f"{path} holds a generator {header['kind']!r}, not {cls.name!r}")
            table = table_from_json(header["table"])
            if table.digest != header["digest"]:
                raise WrongState(f"{path} was saved for another description of its table")
            generator = kind(table, **header["parameters"])
            generator.adopt(header["state"], arrays)
            if (seen := header.get("seen")) is not None:
                generator._seen = Seen.restore(seen)  # noqa: SLF001  # our own class
        except (KeyError, TypeError, AttributeError) as error:
            raise WrongState(f"{path} lacks something of its generator: {error!r}") from error
        return generator

    def adopt(self, state: Mapping[str, Any], arrays: Arrays) -> None:
        """`restore`, and be fitted from then on."""
        self.restore(state, arrays)
        self._fitted = True

    @abstractmethod
    def learn(
        self,
        block: Block,
        *,
        seed: int,
        progress: Callable[[Progress], None] | None,
        warm: Generator | None,
        clock: Callable[[], float],
    ) -> None:
        """`fit`, after the checks."""

    @abstractmethod
    def draw(self, streams: Sequence[np.random.Generator]) -> Block:
        """`CHUNK` rows for each stream of random numbers, each chunk from its stream alone."""

    def draw_where(self, streams: Sequence[np.random.Generator], where: Where) -> Block:
        """`CHUNK` rows that meet conditions for each stream, or fewer where it cannot.

        Each chunk follows from its stream alone. Here rows are drawn freely and those that meet
        the conditions are kept, with an end to the tries; a generator whose model can condition
        itself does better.
        """
        most = _MOST_DRAWS_NEURAL if self.neural else _MOST_DRAWS
        return accepted(self.draw, streams, where, chunk=CHUNK, most_draws=most)

    def draw_given(self, streams: Sequence[np.random.Generator], conditions: Block) -> Block:
        """One row for each row of conditions, of which `CHUNK` belong to each stream."""
        return matched(self.draw, streams, conditions, chunk=CHUNK)

    def check_where(self, where: Where, seen: Seen | None) -> None:
        """Refuse conditions that can never be met; by default, what no real row showed.

        Args:
            where: To be met.
            seen: Of the rows that were learnt from, where it is known.

        Raises:
            UnsuitableCondition: With the column, the value and what is allowed.
        """
        if seen is not None:
            seen.check(where)

    @abstractmethod
    def state(self) -> tuple[dict[str, Any], Arrays]:
        """What was learnt: plain data, and arrays by name."""

    @abstractmethod
    def restore(self, state: Mapping[str, Any], arrays: Arrays) -> None:
        """Become what `state` told."""

    def _why_short(self, where: Where | None, seed: int) -> str:
        """How often rows that are drawn freely meet the conditions, and what to do."""
        if where is None:
            return ""
        tries, each, together = shares(self.draw, np.random.SeedSequence((seed, 0, 1)), where)
        met = ", ".join(
            f"{count} met {one.text!r}" for one, count in zip(where.conditions, each, strict=True)
        )
        return (
            f"of {tries} rows drawn freely {met}, and {together} all of it; "
            "widen the conditions, ask for fewer rows, or learn from rows that meet them"
        )

    def _need_fit(self) -> None:
        if not self._fitted:
            raise NotFitted(f"generator {self.name!r} was not fitted yet")


def _streams(rows: int, seed: int) -> list[np.random.Generator]:
    """One for each chunk of a batch."""
    chunks = range(-(-rows // CHUNK))
    return [np.random.default_rng(np.random.SeedSequence((seed, c))) for c in chunks]


def _kind(name: str) -> type[Any]:
    """The registered class; imported late, since the registry imports the classes."""
    from .registry import kind_of

    return kind_of(name)
