"""A user's own simulator: a Python function by its dotted path, called with care."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from halflife.schemas.table import Block, FloatArray

from .errors import BrokenProcess

Function = Callable[[dict[str, Any], dict[str, float], np.random.Generator], Any]


@dataclass(frozen=True)
class Simulator:
    """``function(set_points, parameters, random) -> outputs``, whatever it does inside.

    ``set_points`` are arrays of shape (n,) by column (texts of a category as objects),
    ``parameters`` numbers by name, ``random`` a numpy generator; the outputs are arrays of shape
    (n,) by column. A deterministic simulator leaves ``random`` alone.

    Args:
        path: ``"package.module:function"``, importable where the workers run.

    Raises:
        BrokenProcess: For a path of another form, or a function that cannot be imported.

    Example:
        >>> Simulator("math:no_such_function")
        Traceback (most recent call last):
        ...
        halflife.generators.errors.BrokenProcess: process 'math:no_such_function': the module \
'math' has no 'no_such_function'
    """

    path: str

    def __post_init__(self) -> None:
        self._function()

    def run(
        self,
        given: Block,
        parameters: Mapping[str, float],
        random: np.random.Generator,
        *,
        finite: bool = True,
    ) -> dict[str, FloatArray]:
        """The outputs for rows of set-points, each of shape (n,).

        Args:
            given: Set-points and context.
            parameters: By name.
            random: For simulators that draw.
            finite: Whether a NaN or infinite output is refused.

        Raises:
            BrokenProcess: For a function that raises, or returns something else.
        """
        table, rows = given.table, len(given)
        inputs: dict[str, Any] = {name: given.number(name).copy() for name in table.numeric}
        inputs.update({name: given.text(name).copy() for name in table.categories})
        try:
            returned = self._function()(inputs, dict(parameters), random)
        except Exception as error:  # whatever a user's function does
            raise self._broken(
                f"raised {type(error).__name__}: {error} (parameters {_told(parameters)})"
            ) from error
        if not isinstance(returned, Mapping) or not returned:
            raise self._broken(
                f"returned {type(returned).__name__}; it should return a dict of arrays by column"
            )
        return {name: self._output(name, found, rows, finite) for name, found in returned.items()}

    def _output(self, name: str, found: Any, rows: int, finite: bool) -> FloatArray:
        try:
            cells = np.asarray(found, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise self._broken(f"returned no numbers for {name!r}: {error}") from error
        if cells.shape != (rows,):
            raise self._broken(
                f"returned {name!r} of shape {cells.shape} for set-points of shape ({rows},)"
            )
        bad = ~np.isfinite(cells)
        if finite and bad.any():
            raise self._broken(
                f"returned {name!r} that is NaN or infinite in {int(bad.sum())} of {rows} rows, "
                f"the first in row {int(np.argmax(bad))}"
            )
        return cells

    def _function(self) -> Function:
        module_name, colon, name = self.path.partition(":")
        if not colon or not module_name or not name:
            raise self._broken("is no path; write it as 'package.module:function'")
        try:
            module = importlib.import_module(module_name)
        except Exception as error:  # whatever a user's module does at import
            raise self._broken(
                f"the module {module_name!r} cannot be imported: {type(error).__name__}: {error}"
            ) from error
        function: Function | None = getattr(module, name, None)
        if function is None:
            raise self._broken(f"the module {module_name!r} has no {name!r}")
        if not callable(function):
            raise self._broken(f"{name!r} is no function")
        return function

    def _broken(self, text: str) -> BrokenProcess:
        return BrokenProcess(f"process {self.path!r}: {text}")


def _told(parameters: Mapping[str, float]) -> str:
    found = ", ".join(f"{name} = {value:.6g}" for name, value in parameters.items())
    return found or "none"


def bounds_of(parameters: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Limits of each parameter by name; one number is a parameter that is known.

    Raises:
        BrokenProcess: For what is neither a number nor two of them in their order.

    Example:
        >>> bounds_of({"energy": [10, 200], "volume": 1.5})
        {'energy': (10.0, 200.0), 'volume': (1.5, 1.5)}
    """
    found: dict[str, tuple[float, float]] = {}
    for name, limits in parameters.items():
        pair = limits if isinstance(limits, list | tuple) else (limits, limits)
        try:
            low, high = (float(limit) for limit in pair)
        except (TypeError, ValueError):
            low, high = math.nan, math.nan
        if not -math.inf < low <= high < math.inf:
            raise BrokenProcess(
                f"parameter {name!r}: give one number, or [low, high], not {limits!r}"
            )
        found[name] = (low, high)
    return found
