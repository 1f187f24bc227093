"""What is told of each indicator: value, and its two sides where it has them.

A value is worked out last, from values that are already put together. Outside of an indicator's areas
there is none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from catalog.indicators.calculation import Bound
from catalog.indicators.indicator import FillKind, Indicator
from indicators.compiler.ground import Ground
from indicators.compiler.leaf import (
    Applied,
    Constant,
    Expected,
    Leaf,
    Node,
    Operation,
    Quotient,
)
from indicators.compiler.nodes import (
    TS,
    column,
    double,
    named,
    number,
    over,
)
from indicators.compiler.source import FUNCTIONS, combined, quotient

PHASE = "n"


def numerator(name: str) -> str:
    return f"{name}__numerator"


def denominator(name: str) -> str:
    return f"{name}__denominator"


@dataclass(frozen=True, slots=True)
class Told:
    """One indicator of the statement. `begin` and `newest` give the first and last moment that its data
    tells of, as columns; None where nothing asks for them.
    """

    indicator: Indicator
    node: Node
    begin: tuple[exp.Expr, ...]
    newest: tuple[exp.Expr, ...]


class Values:
    def __init__(
        self,
        ground: Ground,
        names: Mapping[Leaf, str],
        begin: Callable[[Leaf], exp.Expr | None],
    ) -> None:
        self._ground = ground
        self._names = names
        self._begin = begin

    def outputs(self, told: Told) -> list[exp.Expr]:
        """Value, numerator and denominator."""
        name, node = told.indicator.code, told.node
        sides = (
            (self.value(node.numerator), self.value(node.denominator))
            if isinstance(node, Quotient)
            else (double(exp.null()), double(exp.null()))
        )
        assessed = self._ground.assessed(told.indicator)
        names = (name, numerator(name), denominator(name))
        return [
            named(_where(assessed, value), output)
            for output, value in zip(names, (self.value(node), *sides), strict=True)
        ]

    def value(self, node: Node) -> exp.Expr:
        match node:
            case Leaf():
                return self._leaf(node)
            case Constant(value):
                return double(number(value))
            case Operation(operator, left, right):
                return combined(operator, self.value(left), self.value(right))
            case Applied(function, arguments):
                return FUNCTIONS[function]([self.value(each) for each in arguments])
            case Quotient(above, below, factor):
                part = quotient(self.value(above), self.value(below))
                return part if factor == 1 else exp.Mul(this=part, expression=number(factor))
            case Expected():
                return self._expected(node)

    def _leaf(self, leaf: Leaf) -> exp.Expr:
        node = column(self._names[leaf])
        if leaf.fill.kind is not FillKind.ZERO:
            return node
        begin = self._begin(leaf)
        assert begin is not None  # noqa: S101 - asked for wherever zeros are filled in
        since = exp.GTE(this=self._ground.shifted(column(TS), leaf), expression=begin)
        zero = exp.and_(exp.Is(this=node, expression=exp.null()), since)
        return exp.Case(ifs=[exp.If(this=zero, true=double(number(0)))], default=node.copy())

    def _expected(self, band: Expected) -> exp.Expr:
        of = self.value(band.of)
        phase = exp.Mod(this=column(PHASE), expression=number(band.every))
        keys = [*(column(key) for key in self._ground.keys), phase]

        def earlier(function: exp.Expr) -> exp.Expr:
            rows = (number(band.seasons), number(1))
            return over(function, [k.copy() for k in keys], [column(TS)], rows)

        mean = earlier(exp.Avg(this=of))
        if band.bound is Bound.EXPECTED:
            return mean
        spread = exp.Mul(
            this=number(band.width), expression=earlier(exp.StddevSamp(this=of.copy()))
        )
        made = exp.Sub if band.bound is Bound.LOWER else exp.Add
        return exp.paren(made(this=mean, expression=spread))


def _where(condition: exp.Expr | None, value: exp.Expr) -> exp.Expr:
    """A value where the condition holds; None: always."""
    return value if condition is None else exp.Case(ifs=[exp.If(this=condition.copy(), true=value)])
