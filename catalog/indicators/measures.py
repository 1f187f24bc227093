"""What one measure asks of its data set's contract: every column there, reached many to one, of a kind
that can be measured so, at a grain that its time tells.
"""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from catalog.contracts import ColumnType, Kind
from catalog.errors import UserError
from catalog.indicators.calculation import (
    Aggregation,
    Distinct,
    Duration,
    Measure,
    Percentile,
    Reported,
    SemiAdditive,
    Simple,
)
from catalog.indicators.columns import NUMBERS, TIMES, Found, Resolver
from catalog.indicators.expression import Expression, Name, names_of
from catalog.indicators.indicator import Indicator
from catalog.indicators.joins import Contracts
from catalog.indicators.period import Grain, finer
from catalog.predicate import And, Compare, Not, Op, Or, Predicate, Scalar, Within

Path = tuple[str | int, ...]
Problem = tuple[Path, str]
NUMERIC_AGGREGATIONS = frozenset(Aggregation) - {Aggregation.COUNT}
TEXTS = frozenset({Op.CONTAINS, Op.STARTS_WITH})


class Wrong(Exception):
    """`path` is below the measure's body."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(problem)
        self.path = path
        self.problem = problem


def measure_problem(measure: Measure, indicator: Indicator, contracts: Contracts) -> None:
    """Wrong at the first."""
    rows = measure.rows
    contract = contracts.get(rows.data_set)
    if contract is None or contract.interface is not None:
        raise Wrong(("data_set",), f"{rows.data_set} is no data set with rows; check its contract.")
    columns = _Columns(Resolver(rows, contracts))
    columns.time(indicator.period, rows.time)
    columns.place(rows.place)
    if rows.where is not None:
        columns.condition(rows.where)
    match measure:
        case Simple(aggregation=how, value=value) if value is not None:
            columns.value(value, numeric=how in NUMERIC_AGGREGATIONS)
        case Distinct(value=value):
            columns.value(value, numeric=not isinstance(value, Name))
        case Percentile(value=value):
            columns.value(value, numeric=True)
        case SemiAdditive(value=value, entity=entity):
            columns.value(value, numeric=True)
            for number, name in enumerate(entity):
                columns.find(name, ("entity", number))
        case Duration(start=start, end=end):
            columns.span(start, end)
        case Reported(value=name):
            columns.value(Name(name), numeric=True)
        case _:
            pass


class _Columns:
    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def find(self, name: str, path: Path) -> Found:
        try:
            return self._resolver.find(name)
        except UserError as wrong:
            raise Wrong(path, wrong.message_en) from wrong

    def time(self, period: Grain, name: str) -> None:
        kind = self.find(name, ("time",)).type.kind
        if kind not in TIMES:
            raise Wrong(("time",), f"{name} is a {kind}; time is a date or a timestamp.")
        if kind is Kind.DATE and finer(period, Grain.DAY):
            raise Wrong(
                ("time",), f"{name} tells days only; the period {period} is finer than the data."
            )

    def place(self, name: str | None) -> None:
        if name is None:
            return
        if self.find(name, ("place",)).type.kind is not Kind.PLACE:
            raise Wrong(
                ("place",), f"{name} is no place code; mark it with place: true, or take another."
            )

    def value(self, value: Expression, *, numeric: bool) -> None:
        for name in names_of(value):
            kind = self.find(name, ("value",)).type.kind
            if numeric and kind not in NUMBERS:
                raise Wrong(
                    ("value",), f"{name} is a {kind}, not a number; count it, or take another."
                )

    def span(self, start: str, end: str) -> None:
        kinds = []
        for key, name in (("start", start), ("end", end)):
            kind = self.find(name, (key,)).type.kind
            if kind not in TIMES:
                raise Wrong((key,), f"{name} is a {kind}; a duration has instants.")
            kinds.append(kind)
        if kinds[0] is not kinds[1]:
            raise Wrong(
                ("end",), f"{start} is a {kinds[0]} and {end} a {kinds[1]}; take two alike."
            )

    def condition(self, predicate: Predicate) -> None:
        for compare in _comparisons(predicate):
            path = ("where", compare.column)
            kind = self.find(compare.column, path).type
            if isinstance(compare, Within):
                if kind.kind is not Kind.PLACE:
                    raise Wrong(path, f"{compare.column} is no place code.")
            elif compare.op in TEXTS and kind.kind is not Kind.STRING:
                raise Wrong(path, f"{compare.op} is for text; {compare.column} is a {kind.kind}.")
            elif compare.op is not Op.IS_NULL:
                operands = compare.operand
                for value in operands if isinstance(operands, tuple) else (operands,):
                    assert isinstance(value, Scalar)  # noqa: S101 - a definition has no slots
                    if not fits(value, kind):
                        raise Wrong(
                            path, f"{value!r} is no value of {compare.column}, a {kind.kind}."
                        )


def fits(value: Scalar, kind: ColumnType) -> bool:
    """Whether a column of that kind can hold the value; an instant has its zone."""
    match kind.kind:
        case Kind.BOOLEAN:
            return isinstance(value, bool)
        case Kind.INTEGER | Kind.BIGINT:
            return isinstance(value, int) and not isinstance(value, bool)
        case Kind.DECIMAL | Kind.DOUBLE:
            return isinstance(value, int | Decimal | float) and not isinstance(value, bool)
        case Kind.DATE:
            return isinstance(value, date) and not isinstance(value, datetime)
        case Kind.TIMESTAMP:
            return isinstance(value, datetime) and value.tzinfo is not None
        case Kind.STRING | Kind.PLACE:
            return isinstance(value, str)


def _comparisons(predicate: Predicate) -> Iterator[Compare | Within]:
    match predicate:
        case And(terms) | Or(terms):
            for term in terms:
                yield from _comparisons(term)
        case Not(term):
            yield from _comparisons(term)
        case Compare() | Within():
            yield predicate
