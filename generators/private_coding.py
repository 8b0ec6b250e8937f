"""Rows as columns that may be drawn freely, laws kept, without a look at other rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from halflife.schemas.table import Block, Column, EquationLaw, FloatArray, Kind, SumLaw, Table

from .errors import UnsuitableRows
from .laws import OrderStep, check_laws

_RESIDUAL_SPAN: Final = 10.0
_FINEST: Final = 1e-12
_DECIMALS: Final = 9


@dataclass(frozen=True, slots=True)
class Latent:
    """A column that is drawn: its bounds where they are known, and whether it is whole.

    Args:
        name: Of the column, or of what stands for it.
        low: Smallest value; None where the lab file declares none.
        high: Largest value; None where the lab file declares none.
        whole: Whether its values are integers.
    """

    name: str
    low: float | None
    high: float | None
    whole: bool = False


class PrivateCoding:
    """The map between rows and latents; it follows from the table alone, and so costs no privacy.

    A part of a sum becomes its place between the least and the most that the parts before it leave;
    the last part follows, and only whether it is there is drawn. The target of an equation becomes
    its relative residual, cut at ten tolerances.

    Args:
        table: Its columns, bounds and laws. Parts of a sum without bounds lie between 0 and it.

    Raises:
        ConflictingLaws: For laws that cannot all be kept by construction.
        UnsuitableRows: For a sum that the declared bounds of its parts cannot reach.

    Example:
        >>> table = Table((Column(name="a"), Column(name="b")), (SumLaw(("a", "b"), equals=1.),))
        >>> coding = PrivateCoding(table)
        >>> [latent.name for latent in coding.latents]
        ['place of a', 'b is there']
        >>> made = coding.decode({"place of a": np.array([.25]), "b is there": np.array([1.])}, {})
        >>> made["a"], made["b"]
        (array([0.25]), array([0.75]))
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self._given = check_laws(table)
        self.equations = tuple(law for law in self._given if isinstance(law, EquationLaw))
        self.sums = tuple(law for law in table.laws if isinstance(law, SumLaw))
        self._covered = {name for law in self.sums for name in law.columns}
        self._covered |= {law.target for law in self.equations}
        for law in self.sums:
            low, high = np.sum([self._limits(law, name) for name in law.columns], axis=0)
            if not low <= law.equals <= high:
                raise UnsuitableRows(
                    f"no row can keep {law.text!r}: within their min and max, the parts add up to "
                    f"{low:g} at least and {high:g} at most"
                )

    @property
    def plain(self) -> tuple[Column, ...]:
        """Numeric columns that are drawn themselves."""
        return tuple(c for c in self.table.columns if c.is_number and c.name not in self._covered)

    @property
    def latents(self) -> tuple[Latent, ...]:
        """What is drawn, in the order of drawing; categories are drawn themselves beside these."""
        found = [Latent(c.name, c.minimum, c.maximum, c.kind is Kind.INTEGER) for c in self.plain]
        for law in self.sums:
            found += [Latent(f"place of {name}", 0.0, 1.0) for name in law.columns[:-1]]
            found.append(Latent(f"{law.columns[-1]} is there", 0.0, 1.0, whole=True))
        for equation in self.equations:
            span = _RESIDUAL_SPAN * max(equation.tolerance, _FINEST)
            found.append(Latent(f"residual of {equation.target}", -span, span))
        return tuple(found)

    def encode(self, block: Block) -> dict[str, FloatArray]:
        """The latents of rows, each shape (n,), each row by itself."""
        values = block.values()
        latents = {column.name: values[column.name] for column in self.plain}
        for law in self.sums:
            taken = np.zeros(len(block))
            for name in law.columns[:-1]:
                low, high = self._room(law, name, taken)
                width = np.where(high > low, high - low, 1.0)
                latents[f"place of {name}"] = np.clip((values[name] - low) / width, 0.0, 1.0)
                taken = taken + np.nan_to_num(values[name])
            last = law.columns[-1]
            latents[f"{last} is there"] = (~np.isnan(values[last])).astype(np.float64)
        for latent, equation in zip(
            self.latents[len(self.latents) - len(self.equations) :], self.equations, strict=True
        ):
            residual, value = equation.residual(values), equation.value(values)
            # Where the formula has no value, or is 0, the target follows: no news for the flag.
            undefined = ~np.isfinite(value) | (value == 0.0)
            residual = np.where(undefined, 0.0, np.where(np.isinf(residual), np.nan, residual))
            latents[latent.name] = np.clip(residual, latent.low, latent.high)
        return latents

    def decode(
        self, latents: Mapping[str, FloatArray], steps: Mapping[str, float]
    ) -> dict[str, FloatArray]:
        """The numeric columns of latents, each shape (n,).

        Args:
            latents: As `encode` gives them.
            steps: Of the columns that lie on a grid.
        """
        values: dict[str, FloatArray] = {
            column.name: self._limited(
                column, snapped(latents[column.name], steps.get(column.name))
            )
            for column in self.plain
        }
        for law in self.sums:
            taken = np.zeros(len(latents[f"place of {law.columns[0]}"]))
            for name in law.columns[:-1]:
                low, high = self._room(law, name, taken)
                part = low + latents[f"place of {name}"] * np.maximum(high - low, 0.0)
                values[name] = np.clip(snapped(part, steps.get(name)), low, np.maximum(low, high))
                taken = taken + np.nan_to_num(values[name])
            there = latents[f"{law.columns[-1]} is there"] > 0.5
            rest = np.round(law.equals - taken, _DECIMALS)
            values[law.columns[-1]] = np.where(there, rest, np.nan)
        for equation in self._given:
            if isinstance(equation, OrderStep):
                # What is drawn below others is lifted: that costs no privacy.
                below = [values[name] for name in equation.inputs]
                own = values[equation.target]
                lifted = np.where(np.isnan(own), np.nan, np.fmax.reduce([own, *below]))
                values[equation.target] = self._limited(self.table.column(equation.target), lifted)
                continue
            value = equation.value(values) * (1.0 + latents[f"residual of {equation.target}"])
            finite = np.where(np.isfinite(value), value, np.nan)
            values[equation.target] = self._limited(self.table.column(equation.target), finite)
        return values

    def _limited(self, column: Column, cells: FloatArray) -> FloatArray:
        low = -np.inf if column.minimum is None else column.minimum
        high = np.inf if column.maximum is None else column.maximum
        whole = np.rint(cells) if column.kind is Kind.INTEGER else cells
        return np.asarray(np.clip(whole, low, high), dtype=np.float64)

    def _limits(self, law: SumLaw, name: str) -> tuple[float, float]:
        column = self.table.column(name)
        low = min(0.0, law.equals) if column.minimum is None else column.minimum
        high = max(0.0, law.equals) if column.maximum is None else column.maximum
        return low, max(low, high)

    def _room(self, law: SumLaw, name: str, taken: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The least and the most that a part can be, given the sum of those before it."""
        low, high = self._limits(law, name)
        later = law.columns[law.columns.index(name) + 1 :]
        least, most = np.sum([self._limits(law, other) for other in later], axis=0)
        left = law.equals - taken
        return np.maximum(low, left - most), np.minimum(high, left - least)


def snapped(cells: FloatArray, step: float | None) -> FloatArray:
    """On multiples of a step, where there is one."""
    return cells if step is None else np.round(np.rint(cells / step) * step, _DECIMALS)
