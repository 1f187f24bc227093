"""Which columns a measure depends on: derived from its definition, never typed in."""

from collections.abc import Iterator, Sequence

from catalog.ids import DatasetCode
from catalog.indicators.calculation import Measure
from catalog.indicators.columns import Found, Resolver, columns_read
from catalog.indicators.joins import Contracts


def read_by(
    measure: Measure, dimensions: Sequence[str], contracts: Contracts
) -> Iterator[tuple[DatasetCode, str]]:
    """With repetitions: its own columns, its place, the dimensions, and the columns of the joins."""
    resolver = Resolver(measure.rows, contracts)
    place = resolver.place()
    if place is not None:
        yield from _read(place)
    for written in (*columns_read(measure), *dimensions):
        yield from _read(resolver.find(written))


def _read(found: Found) -> Iterator[tuple[DatasetCode, str]]:
    yield found.data_set, found.column.name
    for step in found.steps:
        yield from ((step.source, name) for name in step.key.columns)
        yield from ((step.key.target, name) for name in step.key.target_columns)
