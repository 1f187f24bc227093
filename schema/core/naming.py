"""Data sets and columns by the names that callers know: `riverStation` as well as `river_station`."""

from collections.abc import Sequence

from catalog.catalogue import Catalogue
from catalog.contracts import Contract, camel
from catalog.errors import UnknownDataSet
from catalog.ids import DatasetCode
from query.errors import UnknownField


def data_set_named(catalogue: Catalogue, name: str) -> DatasetCode:
    """UnknownDataSet when nothing published has the name."""
    for code in catalogue.contracts:
        if name in {code, camel(code)}:
            return code
    raise UnknownDataSet(data_set=name)


def columns_named(contract: Contract, names: Sequence[str]) -> tuple[str, ...]:
    """UnknownField names the first that the contract does not have."""
    known = {alias: c.name for c in contract.columns for alias in (c.name, camel(c.name))}
    for name in names:
        if name not in known:
            raise UnknownField(data_set=camel(contract.data_set), field=name)
    return tuple(known[name] for name in names)
