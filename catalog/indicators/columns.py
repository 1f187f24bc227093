"""Which columns a measure reads, through which joins, and what may be asked of each.

The same answers serve the check of a definition and the compiler: `Resolver` finds a column or refuses.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from catalog.contracts import Classification, Column, ColumnType, Contract, Kind
from catalog.ids import DatasetCode
from catalog.indicators.calculation import (
    Distinct,
    Duration,
    Measure,
    Percentile,
    Reported,
    Rows,
    SemiAdditive,
    Simple,
)
from catalog.indicators.errors import UnknownColumn
from catalog.indicators.expression import names_of
from catalog.indicators.joins import Contracts, Step, column_name, way
from catalog.predicate import columns_of

NUMBERS = frozenset({Kind.INTEGER, Kind.BIGINT, Kind.DECIMAL, Kind.DOUBLE})
TIMES = frozenset({Kind.DATE, Kind.TIMESTAMP})


@dataclass(frozen=True, slots=True)
class Found:
    """A column of `data_set`, which is reached by `steps` (none: it is the measured one)."""

    data_set: DatasetCode
    column: Column
    steps: tuple[Step, ...]

    @property
    def type(self) -> ColumnType:
        return self.column.type


class Resolver:
    """Names of columns as one measure's rows see them."""

    def __init__(self, rows: Rows, contracts: Contracts) -> None:
        self._rows = rows
        self._contracts = contracts

    def contract(self) -> Contract:
        return self._contract(self._rows.data_set)

    def find(self, written: str) -> Found:
        """UnknownColumn, FanOut, NoJoin, AmbiguousJoin."""
        name = column_name(written, self._rows.data_set)
        contract = self._contract(name.data_set)
        if not contract.has_column(name.column):
            raise UnknownColumn(data_set=name.data_set, column=name.column)
        column = contract.column(name.column)
        if column.classification is Classification.CORE:
            raise UnknownColumn(data_set=name.data_set, column=name.column)
        steps = way(self._contracts, self._rows.data_set, name.data_set, self._rows.via)
        return Found(name.data_set, column, steps)

    def place(self) -> Found | None:
        """The column that says where a row counts; None where the contract has none."""
        written = self._rows.place or self.contract().place_column
        return None if written is None else self.find(written)

    def _contract(self, data_set: DatasetCode) -> Contract:
        contract = self._contracts.get(data_set)
        if contract is None or contract.interface is not None:
            raise UnknownColumn(data_set=data_set, column="*")
        return contract


def columns_read(measure: Measure) -> Iterator[str]:
    """Every column that a measure names, as it is written, with repetitions; its place apart."""
    rows = measure.rows
    yield rows.time
    if rows.where is not None:
        yield from columns_of(rows.where)
    match measure:
        case Simple(value=value):
            yield from () if value is None else names_of(value)
        case Distinct(value=value) | Percentile(value=value):
            yield from names_of(value)
        case SemiAdditive(value=value, entity=entity):
            yield from names_of(value)
            yield from entity
        case Duration(start=start, end=end):
            yield start
            yield end
        case Reported(value=column):
            yield column
