"""Laws that rows obey: sums that are fixed, orders, and columns that follow by a formula."""

from __future__ import annotations

import ast
import math
import operator
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_BINARY: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_UNARY: Final[dict[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_FUNCTIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "sqrt": np.sqrt,
}
_CONSTANTS: Final[dict[str, float]] = {"pi": math.pi}
_LONGEST_EQUATION: Final = 500
_LARGEST: Final = sys.float_info.max


@dataclass(frozen=True, slots=True)
class SumLaw:
    """Columns that add up to a fixed number in every row: ``sum_j x_j = equals``.

    Args:
        columns: At least two numeric columns.
        equals: What they add up to, in their common unit.
        tolerance: Largest ``|sum_j x_j - equals|`` of a row that keeps the law, in the same unit.

    Raises:
        ValueError: For fewer than two columns, one named twice, or a tolerance that is negative.

    Example:
        >>> SumLaw(("a", "b"), equals=1.0).violated({"a": np.array([.2]), "b": np.array([.9])})
        array([ True])
    """

    columns: tuple[str, ...]
    equals: float
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        if len(self.columns) < 2 or len(set(self.columns)) != len(self.columns):
            raise ValueError(f"a sum needs two or more distinct columns, not {list(self.columns)}")
        if not math.isfinite(self.equals) or not 0 <= self.tolerance < math.inf:
            raise ValueError(
                f"sum of {list(self.columns)}: 'equals' must be finite and 'tolerance' at least 0, "
                f"not {self.equals!r} and {self.tolerance!r}"
            )

    @property
    def text(self) -> str:
        """The law as a chemist writes it."""
        return f"{' + '.join(self.columns)} = {self.equals:g}"

    def residual(self, values: Mapping[str, FloatArray]) -> FloatArray:
        """``sum_j x_j - equals`` of each row, shape (n,); NaN where a cell is missing."""
        total = np.zeros_like(np.asarray(values[self.columns[0]], dtype=np.float64))
        for name in self.columns:
            total = total + values[name]
        return np.asarray(total - self.equals, dtype=np.float64)

    def violated(self, values: Mapping[str, FloatArray]) -> NDArray[np.bool_]:
        """Whether each row breaks the law, shape (n,); a row with a missing cell cannot."""
        return np.asarray(np.abs(self.residual(values)) > self.tolerance, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class OrderLaw:
    """Columns that never fall from one to the next: ``x_1 <= x_2 <= ... <= x_k`` in every row.

    Args:
        columns: At least two numeric columns of one unit, the smallest first.
        tolerance: By how much a column may be below an earlier one in a row that keeps the law,
            in the same unit.

    Raises:
        ValueError: For fewer than two columns, one named twice, or a tolerance that is negative.

    Example:
        >>> law = OrderLaw(("onset", "peak", "end"))
        >>> law.text
        'onset <= peak <= end'
        >>> law.violated({"onset": np.array([1.]), "peak": np.array([3.]), "end": np.array([2.])})
        array([ True])
    """

    columns: tuple[str, ...]
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        if len(self.columns) < 2 or len(set(self.columns)) != len(self.columns):
            raise ValueError(
                f"an order needs two or more distinct columns, not {list(self.columns)}"
            )
        if not 0 <= self.tolerance < math.inf:
            raise ValueError(
                f"order of {list(self.columns)}: 'tolerance' must be at least 0, "
                f"not {self.tolerance!r}"
            )

    @property
    def text(self) -> str:
        """The law as a chemist writes it."""
        return " <= ".join(self.columns)

    def residual(self, values: Mapping[str, FloatArray]) -> FloatArray:
        """``max_{i<j} (x_i - x_j)`` of each row, shape (n,); NaN with fewer than two cells."""
        largest = np.asarray(values[self.columns[0]], dtype=np.float64)
        worst = np.full(largest.shape, np.nan)
        for name in self.columns[1:]:
            worst = np.fmax(worst, largest - values[name])
            largest = np.fmax(largest, values[name])
        return worst

    def violated(self, values: Mapping[str, FloatArray]) -> NDArray[np.bool_]:
        """Whether each row breaks the law, shape (n,); missing cells are passed over."""
        return np.asarray(self.residual(values) > self.tolerance, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class EquationLaw:
    """A column that follows from others: ``target = f(other columns)``, to a relative tolerance.

    The formula knows ``+ - * / **``, parentheses, numbers, ``pi`` and the functions
    ``abs exp log log10 sqrt``; nothing else is ever evaluated.

    Args:
        equation: ``"zt = seebeck**2 * conductivity * temperature / kappa"``.
        tolerance: Largest ``|target / f - 1|`` of a row that keeps the law, as a ratio.

    Raises:
        ValueError: For a text that is no such equation, with the place that is wrong.

    Example:
        >>> law = EquationLaw("density = mass / volume", tolerance=.01)
        >>> law.target, law.inputs
        ('density', ('mass', 'volume'))
        >>> law.value({"mass": np.array([6.]), "volume": np.array([2.])})
        array([3.])
    """

    equation: str
    tolerance: float = 1e-6
    target: str = field(init=False)
    inputs: tuple[str, ...] = field(init=False)
    _tree: ast.expr = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        left, tree = _parse(self.equation)
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        inputs = tuple(sorted(names - set(_FUNCTIONS) - set(_CONSTANTS)))
        if left in inputs:
            raise ValueError(f"equation {self.equation!r}: {left!r} stands on both sides")
        if not inputs:
            raise ValueError(f"equation {self.equation!r}: the right side names no column")
        if not 0 <= self.tolerance < math.inf:
            raise ValueError(f"equation {self.equation!r}: tolerance must be at least 0")
        object.__setattr__(self, "target", left)
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "_tree", tree)

    def __reduce__(self) -> tuple[type[EquationLaw], tuple[str, float]]:
        # The parsed tree is not carried to a spawned child: it is parsed there again.
        return EquationLaw, (self.equation, self.tolerance)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the law speaks of, the target first."""
        return (self.target, *self.inputs)

    @property
    def text(self) -> str:
        """The law as a chemist writes it."""
        return self.equation

    def value(self, values: Mapping[str, FloatArray]) -> FloatArray:
        """``f(other columns)`` of each row, shape (n,); NaN or infinite where it has no value."""
        with np.errstate(all="ignore"):
            return np.asarray(_evaluate(self._tree, values), dtype=np.float64)

    def residual(self, values: Mapping[str, FloatArray]) -> FloatArray:
        """``target / f - 1`` of each row, shape (n,), a ratio; NaN where a cell is missing."""
        value = self.value(values)
        with np.errstate(all="ignore"):
            return np.asarray(values[self.target] / value - 1.0, dtype=np.float64)

    def violated(self, values: Mapping[str, FloatArray]) -> NDArray[np.bool_]:
        """Whether each row breaks the law, shape (n,); a row with a missing cell cannot.

        ``|target - f| > tolerance |f|``: the relative form without a division by zero.
        """
        value = self.value(values)
        with np.errstate(all="ignore"):
            miss = np.abs(values[self.target] - value)
            return np.asarray(miss > self.tolerance * np.abs(value), dtype=np.bool_)


Law = SumLaw | OrderLaw | EquationLaw


def _parse(equation: str) -> tuple[str, ast.expr]:
    """The name on the left and the checked syntax tree on the right."""
    left, sign, right = equation.partition("=")
    left = left.strip()
    if not sign or not left.isidentifier() or not right.strip():
        raise ValueError(f"equation {equation!r}: write it as 'column = formula of other columns'")
    if len(equation) > _LONGEST_EQUATION:
        raise ValueError(f"an equation of {len(equation)} characters; {_LONGEST_EQUATION} at most")
    try:
        tree = ast.parse(right.strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"equation {equation!r}: {error.msg} at {error.text!r}") from error
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        _check(node, equation, is_called=id(node) in called)
    return left, tree


def _check(node: ast.AST, equation: str, *, is_called: bool) -> None:
    """Refuse whatever is not plain arithmetic with finite numbers."""
    match node:
        case ast.Constant(value=int() | float() as value) if (
            not isinstance(value, bool) and value <= _LARGEST
        ):
            return
        case ast.BinOp(op=op) if type(op) in _BINARY:
            return
        case ast.UnaryOp(op=op) if type(op) in _UNARY:
            return
        case ast.Call(func=ast.Name(id=name), args=[_], keywords=[]) if name in _FUNCTIONS:
            return
        case ast.Name(id=name) if is_called or name not in _FUNCTIONS:
            return
        case ast.expr_context() | ast.operator() | ast.unaryop():
            return
    part = ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
    raise ValueError(
        f"equation {equation!r}: {part!r} is not allowed; "
        f"it may use + - * / ** ( ), numbers, pi, and {' '.join(sorted(_FUNCTIONS))}"
    )


def _evaluate(node: ast.expr, values: Mapping[str, FloatArray]) -> Any:
    """The value of a checked tree, by row."""
    match node:
        case ast.Constant(value=value):
            return float(value)  # type: ignore[arg-type]  # _check let only numbers through
        case ast.Name(id=name):
            return _CONSTANTS[name] if name in _CONSTANTS else values[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_evaluate(left, values), _evaluate(right, values))
        case ast.UnaryOp(op=op, operand=operand):
            return _UNARY[type(op)](_evaluate(operand, values))
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return _FUNCTIONS[name](_evaluate(argument, values))
    raise AssertionError(f"unchecked node {node!r}")
