"""Two worlds for one grant: equal in what it shows, different in what it hides.

What differs: rows of other places or kept back by a row filter, columns that the row's part does not
hold, what stands behind a mask (see `city.py`), rows that were superseded before the oldest version
asked for, the order in which rows were written, and whether what is hidden exists at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from catalog.contracts import Contract
from catalog.ids import DatasetCode
from catalog.predicate import Scalar, columns_of
from catalog.sharing.grant import Grant, Part
from query.relation import Scope
from tests.noninterference.city import (
    KEY,
    LONGER_KEY,
    UNSTRIPPED,
    VALUES,
    Row,
    catalogue_of,
    contracts,
    stripped,
)
from tests.noninterference.shown import masked_columns, part_of, shown_columns
from tests.shared_data import READINGS, STATIONS

State = tuple[Row, ...]
History = Mapping[DatasetCode, tuple[State, ...]]
"""The rows of each version. The first is superseded before anything is asked."""
DATA_SETS = (STATIONS, READINGS)
VERSIONS = 3
LEAST_ROWS, MOST_ROWS = 3, 8


@dataclass(frozen=True, slots=True)
class World:
    """One of the two: what is catalogued, the key of its masks, and all that was ever published."""

    contracts: Mapping[DatasetCode, Contract]
    mask_key: str
    history: History

    def scope(self, grants: Sequence[Grant]) -> Scope:
        return Scope(catalogue_of(self.contracts), grants, self.mask_key, cursor_key="cursors")


def two_worlds(rng: Random, grants: Sequence[Grant]) -> tuple[World, World]:
    whole = contracts()
    held = {g.data_set: g for g in grants if g.contract_major == 1}
    pairing = _Pairing(whole, held, strips=_strips(whole, held) and rng.random() < 0.8)
    ours: dict[DatasetCode, tuple[State, ...]] = {}
    theirs: dict[DatasetCode, tuple[State, ...]] = {}
    for data_set in DATA_SETS:
        pairs = [_pair(rng, pairing, data_set) for _ in range(VERSIONS - 1)]
        ours[data_set] = (any_state(rng, whole[data_set]), *(pair[0] for pair in pairs))
        theirs[data_set] = (any_state(rng, whole[data_set]), *(pair[1] for pair in pairs))
    known = _only_shown(whole, held) if rng.random() < 0.5 else whole
    other_key = LONGER_KEY if pairing.strips else KEY
    return World(whole, KEY, ours), World(known, other_key, theirs)


def any_state(rng: Random, contract: Contract) -> State:
    """Rows with different keys."""
    values = VALUES[contract.data_set]
    rows = [{name: rng.choice(held) for name, held in values.items()} for _ in range(MOST_ROWS)]
    kept = {_key(contract, row): row for row in rows[: rng.randint(LEAST_ROWS, MOST_ROWS)]}
    return tuple(kept.values())


@dataclass(frozen=True, slots=True)
class _Pairing:
    contracts: Mapping[DatasetCode, Contract]
    held: Mapping[DatasetCode, Grant]
    strips: bool

    def part(self, data_set: DatasetCode, row: Row) -> Part | None:
        grant = self.held.get(data_set)
        return None if grant is None else part_of(grant, self.contracts[data_set], row)

    def counterpart(self, data_set: DatasetCode, row: Row, part: Part, shift: int) -> Row:
        """What the other world has in the place of a row that is shown."""
        contract, grant = self.contracts[data_set], self.held[data_set]
        masked = masked_columns(grant, contract) if self.strips else frozenset()
        shown = shown_columns(part, contract)
        kept = {name: stripped(v) if name in masked else v for name, v in row.items()}
        other = {
            name: value
            if name in shown or name in contract.key
            else _shifted(data_set, name, row, shift)
            for name, value in kept.items()
        }
        return other if self.part(data_set, other) is part else kept


def _pair(rng: Random, pairing: _Pairing, data_set: DatasetCode) -> tuple[State, State]:
    contract = pairing.contracts[data_set]
    ours = any_state(rng, contract)
    theirs = []
    for row in ours:
        part = pairing.part(data_set, row)
        if part is not None:
            theirs.append(pairing.counterpart(data_set, row, part, rng.randint(0, 3)))
    keys = {_key(contract, row) for row in theirs}
    theirs += [
        row
        for row in any_state(rng, contract)
        if pairing.part(data_set, row) is None and _key(contract, row) not in keys
    ]
    return ours, tuple(rng.sample(theirs, len(theirs)))


def _strips(whole: Mapping[DatasetCode, Contract], held: Mapping[DatasetCode, Grant]) -> bool:
    """Whether what stands behind the masks can be another thing with the same masks."""
    for data_set, grant in held.items():
        masked = masked_columns(grant, whole[data_set])
        asked = {n for p in grant.parts if p.row_filter for n in columns_of(p.row_filter)}
        if masked & (UNSTRIPPED | asked):
            return False
    return True


def _only_shown(
    whole: Mapping[DatasetCode, Contract], held: Mapping[DatasetCode, Grant]
) -> dict[DatasetCode, Contract]:
    """Contracts that never heard of what is hidden and not needed for what is shown."""
    known = {}
    for data_set, grant in held.items():
        contract = whole[data_set]
        needed = {*contract.key, contract.place_column}
        for part in grant.parts:
            needed |= shown_columns(part, contract)
            needed |= set(columns_of(part.row_filter)) if part.row_filter else set()
        columns = tuple(column for column in contract.columns if column.name in needed)
        known[data_set] = replace(contract, columns=columns)
    return known


def _shifted(data_set: DatasetCode, name: str, row: Row, shift: int) -> Scalar | None:
    values = VALUES[data_set][name]
    return values[(values.index(row[name]) + shift) % len(values)]


def _key(contract: Contract, row: Row) -> tuple[Scalar | None, ...]:
    return tuple(row[name] for name in contract.key)
