"""The rows of a measure with what is joined to them, many to one and never otherwise.

Only relations that were handed in are read, and of each only the columns that it shows.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from sqlglot import exp

from catalog.clock import CITY_ZONE
from catalog.contracts import ColumnType, Kind
from catalog.ids import DatasetCode
from catalog.indicators.calculation import Rows
from catalog.indicators.columns import Found, Resolver
from catalog.indicators.errors import UnknownColumn
from catalog.indicators.expression import (
    Binary,
    Call,
    Expression,
    Function,
    Name,
    Number,
    Operator,
)
from catalog.indicators.joins import Contracts
from catalog.places import Places
from catalog.predicate import And, Compare, Not, Or, Predicate
from indicators.compiler.nodes import column, double, number, timestamp
from query.filter import FilterCompiler, Parameters
from query.relation import ScopedRelation

ROWS = "r"
Relations = Callable[[DatasetCode], ScopedRelation]
OPERATORS: Mapping[Operator, type[exp.Binary]] = {
    Operator.PLUS: exp.Add,
    Operator.MINUS: exp.Sub,
    Operator.TIMES: exp.Mul,
}
FUNCTIONS: Mapping[Function, Callable[[list[exp.Expr]], exp.Expr]] = {
    Function.ABSOLUTE: lambda a: exp.Abs(this=a[0]),
    Function.GREATEST: lambda a: exp.Greatest(this=a[0], expressions=a[1:], ignore_nulls=True),
    Function.LEAST: lambda a: exp.Least(this=a[0], expressions=a[1:], ignore_nulls=True),
    Function.FIRST_KNOWN: lambda a: exp.Coalesce(this=a[0], expressions=a[1:]),
}


class Source:
    """One measure's FROM, made while its columns are asked for."""

    def __init__(
        self, rows: Rows, contracts: Contracts, relations: Relations, parameters: Parameters
    ) -> None:
        self.rows = rows
        self._relations = relations
        self._resolver = Resolver(rows, contracts)
        self._contracts = contracts
        self._parameters = parameters
        self._joined: dict[str, tuple[DatasetCode, exp.Expr]] = {}

    def column(self, written: str) -> tuple[exp.Expr, ColumnType]:
        """UnknownColumn, FanOut, NoJoin, AmbiguousJoin."""
        found = self._resolver.find(written)
        self._check(found.data_set, found.column.name)
        return column(found.column.name, self._join(found)), found.type

    def city_time(self, written: str) -> exp.Expr:
        """What the city's clocks show, as a timestamp."""
        node, kind = self.column(written)
        if kind.kind is Kind.DATE:
            return timestamp(node)
        return exp.AtTimeZone(this=node, zone=exp.Literal.string(CITY_ZONE.key))

    def place(self) -> exp.Expr | None:
        """Null codes of rows without a place stay null; None: these rows know no places."""
        written = self.rows.place or self._resolver.contract().place_column
        return None if written is None else self.column(written)[0]

    def value(self, expression: Expression) -> exp.Expr:
        """A column as it is; anything worked out, in doubles."""
        if isinstance(expression, Name):
            return self.column(expression.name)[0]
        return arithmetic(expression, lambda name: double(self.column(name)[0]))

    def condition(self, predicate: Predicate, places: Places) -> exp.Expr:
        typed = _as_kinds(predicate, lambda name: self.column(name)[1].kind)
        return FilterCompiler(self.column, self._parameters, places.ranges).compile(typed)

    def key(self) -> tuple[str, ...]:
        return self._resolver.contract().key

    def select(self) -> exp.Select:
        """The FROM with its joins; call it when every column was asked for."""
        tree = exp.select().from_(self._relation(self.rows.data_set, ROWS))
        for alias, (data_set, on) in self._joined.items():
            tree = tree.join(self._relation(data_set, alias), on=on, join_type="left", copy=False)
        return tree

    def _relation(self, data_set: DatasetCode, alias: str) -> exp.Subquery:
        tree = self._relations(data_set).tree
        return tree.copy().subquery(exp.to_identifier(alias, quoted=True))

    def _check(self, data_set: DatasetCode, name: str) -> None:
        """What a relation hides reads as what is not there."""
        if name not in self._relations(data_set).tree.named_selects:
            raise UnknownColumn(data_set=data_set, column=name)

    def _join(self, found: Found) -> str:
        alias = ROWS
        for step in found.steps:
            before, alias = alias, f"{alias}.{step.key.name}"
            pairs = tuple(zip(step.key.columns, step.key.target_columns, strict=True))
            on = exp.and_(
                *(exp.EQ(this=column(a, before), expression=column(b, alias)) for a, b in pairs)
            )
            if alias not in self._joined:
                self._joined[alias] = step.key.target, on
            for own, other in pairs:
                self._check(step.source, own)
                self._check(step.key.target, other)
        return alias


def arithmetic(expression: Expression, name: Callable[[str], exp.Expr]) -> exp.Expr:
    match expression:
        case Name(written):
            return name(written)
        case Number(value):
            return number(value)
        case Binary(operator, left, right):
            return combined(operator, arithmetic(left, name), arithmetic(right, name))
        case Call(function, arguments):
            return FUNCTIONS[function]([arithmetic(each, name) for each in arguments])


def combined(operator: Operator, left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Dividing by zero gives no value."""
    if operator is Operator.BY:
        return quotient(left, right)
    return exp.paren(OPERATORS[operator](this=left, expression=right))


def quotient(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    over = exp.Nullif(this=double(right), expression=number(0))
    return exp.Div(this=double(left), expression=over)


def _as_kinds(predicate: Predicate, kind: Callable[[str], Kind]) -> Predicate:
    """A number compared with a double is one."""
    match predicate:
        case And(terms):
            return And(tuple(_as_kinds(term, kind) for term in terms))
        case Or(terms):
            return Or(tuple(_as_kinds(term, kind) for term in terms))
        case Not(term):
            return Not(_as_kinds(term, kind))
        case Compare(name, _, operand) if kind(name) is Kind.DOUBLE:
            many = operand if isinstance(operand, tuple) else (operand,)
            as_double = tuple(float(v) if isinstance(v, Decimal) else v for v in many)
            return replace(
                predicate, operand=as_double if isinstance(operand, tuple) else as_double[0]
            )
    return predicate
