"""The way from one data set's rows to another's column: many to one, or it is refused.

A step that finds several rows for one would count that one several times (fan-out). The search over
the contracts' relations is the guard: whoever joins takes the steps it found, and no others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.contracts import Contract, ForeignKey
from catalog.ids import DatasetCode
from catalog.indicators.errors import AmbiguousJoin, FanOut, NoJoin

Contracts = Mapping[DatasetCode, Contract]


@dataclass(frozen=True, slots=True)
class Step:
    """From each row of `source` to at most one of `key.target`."""

    source: DatasetCode
    key: ForeignKey


@dataclass(frozen=True, slots=True)
class ColumnName:
    """A column as a definition names it: `data_set` is the measured one's own where none is said."""

    data_set: DatasetCode
    column: str


def column_name(written: str, own: DatasetCode) -> ColumnName:
    data_set, dot, column = written.rpartition(".")
    return ColumnName(DatasetCode(data_set) if dot else own, column)


def way(
    contracts: Contracts, source: DatasetCode, target: DatasetCode, via: Sequence[str] = ()
) -> tuple[Step, ...]:
    """The shortest way; FanOut, NoJoin and AmbiguousJoin say which relation is the trouble."""
    found = _ways(contracts, source, target, frozenset(via))
    if len(found) == 1:
        return found[0]
    if found:
        names = sorted({step.key.name for steps in found for step in steps})
        raise AmbiguousJoin(source=source, target=target, relations=", ".join(names))
    fan = _fan_out(contracts, source, target)
    if fan is None:
        raise NoJoin(source=source, target=target)
    raise FanOut(
        source=source, target=target, one=fan.key.target, many=fan.source, key=fan.key.name
    )


def to_one(contract: Contract, contracts: Contracts) -> tuple[ForeignKey, ...]:
    """The relations by which a row finds at most one row: those to the whole key of their target."""
    return tuple(
        key
        for key in contract.foreign_keys
        if key.target in contracts and set(contracts[key.target].key) <= set(key.target_columns)
    )


def _ways(
    contracts: Contracts, source: DatasetCode, target: DatasetCode, via: frozenset[str]
) -> list[tuple[Step, ...]]:
    """All ways of the least length."""
    pending: list[tuple[DatasetCode, tuple[Step, ...]]] = [(source, ())]
    seen = {source}
    while pending:
        found = [steps for at, steps in pending if at == target]
        if found:
            return found
        pending = [
            (key.target, (*steps, Step(at, key)))
            for at, steps in pending
            for key in to_one(contracts[at], contracts)
            if key.target not in seen and (not via or key.name in via)
        ]
        seen |= {at for at, _ in pending}
    return []


def _fan_out(contracts: Contracts, source: DatasetCode, target: DatasetCode) -> Step | None:
    """The first step to many on the shortest way by relations in either direction."""
    pending: list[tuple[DatasetCode, Step | None]] = [(source, None)]
    seen = {source}
    while pending:
        for at, wrong in pending:
            if at == target:
                return wrong
        pending = [
            (there, wrong or step)
            for at, wrong in pending
            for there, step in _either_way(contracts, at)
            if there not in seen
        ]
        seen |= {at for at, _ in pending}
    return None


def _either_way(contracts: Contracts, at: DatasetCode) -> list[tuple[DatasetCode, Step | None]]:
    """Where relations lead from a data set; with the step where that finds many rows."""
    single = to_one(contracts[at], contracts)
    out = [
        (key.target, None if key in single else Step(at, key))
        for key in contracts[at].foreign_keys
        if key.target in contracts
    ]
    back = [
        (code, Step(code, key))
        for code, contract in contracts.items()
        for key in contract.foreign_keys
        if key.target == at
    ]
    return [*out, *back]
