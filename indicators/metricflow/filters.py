"""A `filter` or `where` of MetricFlow -> a definition's filter.

What stands in `{{ }}` is one of three calls with constant arguments, read by a pattern; nothing is ever
run. Around them stands a closed part of SQL: comparisons with constants, IN, BETWEEN, IS NULL, LIKE 'x%',
AND, OR, NOT. A call alone is a condition that is true.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlglot import exp

from indicators.metricflow.formulas import parsed
from indicators.metricflow.refusal import Refused

Condition = dict[str, object]
CALL = re.compile(
    r"^(?P<kind>Dimension|TimeDimension|Entity)\(\s*(?P<q>['\"])(?P<name>\w+)(?P=q)"
    r"(?:\s*,\s*(?P<r>['\"])(?P<grain>\w+)(?P=r))?\s*\)$"
)
BRACES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
PLACEHOLDER = "element_{}"
COMPARISONS: Mapping[type[exp.Expr], str] = {
    exp.EQ: "eq", exp.NEQ: "ne", exp.LT: "lt", exp.LTE: "lte", exp.GT: "gt", exp.GTE: "gte",
}  # fmt: skip
MIRRORED = {"eq": "eq", "ne": "ne", "lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte"}


@dataclass(frozen=True, slots=True)
class Element:
    """What a call names: `listing__is_lux` of kind Dimension; `grain` of a time dimension."""

    kind: str
    name: str
    grain: str | None = None


Resolve = Callable[[Element], str]
"""The column that an element is, as a definition names it; Refused where there is none."""


def element(text: str) -> Element:
    found = CALL.match(text.strip())
    if found is None:
        raise Refused(
            f"{text.strip()!r} is none of Dimension('…'), TimeDimension('…', '…'), Entity('…')."
        )
    return Element(found["kind"], found["name"], found["grain"])


def texts_of(filters: object) -> tuple[str, ...]:
    """A filter is a text or a list of texts, all of which hold."""
    if filters is None:
        return ()
    if isinstance(filters, str):
        return (filters,)
    if isinstance(filters, list) and all(isinstance(each, str) for each in filters):
        return tuple(filters)
    raise Refused("a filter is a text or a list of texts.")


def elements_of(text: str) -> tuple[Element, ...]:
    return tuple(element(call) for call in BRACES.findall(text))


def condition(text: str, resolve: Resolve) -> Condition:
    elements = elements_of(text)
    numbers = iter(range(len(elements)))
    plain = BRACES.sub(lambda _: PLACEHOLDER.format(next(numbers)), text)
    if "{" in plain or "}" in plain:
        raise Refused(f"{text!r} holds braces other than {{{{ }}}}.")
    names = {PLACEHOLDER.format(n): each for n, each in enumerate(elements)}
    return _Reader(names, resolve).condition(parsed(plain))


class _Reader:
    def __init__(self, names: Mapping[str, Element], resolve: Resolve) -> None:
        self._names = names
        self._resolve = resolve

    def condition(self, node: exp.Expr) -> Condition:
        match node:
            case exp.Paren():
                return self.condition(node.this)
            case exp.And():
                return {"all": [self.condition(node.left), self.condition(node.right)]}
            case exp.Or():
                return {"any": [self.condition(node.left), self.condition(node.right)]}
            case exp.Not():
                return {"not": self.condition(node.this)}
            case exp.Column():
                return {self._resolve(self._element(node)): {"eq": True}}
        return self._comparison(node)

    def _comparison(self, node: exp.Expr) -> Condition:
        if type(node) in COMPARISONS:
            return self._compared(COMPARISONS[type(node)], node.this, node.expression)
        if isinstance(node, exp.In | exp.Between | exp.Is | exp.Like):
            named = self._element(node.this)
            return {self._resolve(named): self._asked(node, named)}
        raise Refused(f"{node.sql(dialect='duckdb')} has no place in a filter.")

    def _compared(self, op: str, left: exp.Expr, right: exp.Expr) -> Condition:
        if not isinstance(left, exp.Column):
            op, left, right = MIRRORED[op], right, left
        named = self._element(left)
        return {self._resolve(named): {op: self._value(right, named)}}

    def _asked(self, node: exp.Expr, named: Element) -> Condition:
        match node:
            case exp.In() if node.expressions:
                return {"in": [self._value(each, named) for each in node.expressions]}
            case exp.Between():
                ends = node.args["low"], node.args["high"]
                return {"between": [self._value(end, named) for end in ends]}
            case exp.Is() if isinstance(node.expression, exp.Null):
                return {"is_null": True}
            case exp.Is() if isinstance(node.expression, exp.Boolean):
                return {"eq": self._value(node.expression, named)}
            case exp.Like():
                text = self._value(node.expression, named)
                if isinstance(text, str) and re.fullmatch(r"[^%_\\]+%", text):
                    return {"starts_with": text[:-1]}
        raise Refused(f"{node.sql(dialect='duckdb')} has no place in a filter.")

    def _element(self, node: exp.Expr) -> Element:
        if isinstance(node, exp.Column) and node.name in self._names and not node.table:
            return self._names[node.name]
        raise Refused(
            f"{node.sql(dialect='duckdb')} is not in {{{{ }}}}: name a Dimension, TimeDimension or Entity."
        )

    def _value(self, node: exp.Expr, named: Element) -> object:
        match node:
            case exp.Literal() if node.is_string:
                return _day(node.name) if named.kind == "TimeDimension" else node.name
            case exp.Literal():
                number = Decimal(node.name)
                return int(number) if number == number.to_integral_value() else float(number)
            case exp.Boolean():
                return bool(node.this)
            case exp.Neg(this=exp.Literal() as literal) if not literal.is_string:
                value = self._value(literal, named)
                assert isinstance(value, int | float)  # noqa: S101 - just read as a number
                return -value
            case exp.Cast(this=exp.Literal() as literal) if literal.is_string:
                return _day(literal.name)
        raise Refused(f"{node.sql(dialect='duckdb')} is no constant.")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise Refused(f"{text!r} is no day.") from wrong
