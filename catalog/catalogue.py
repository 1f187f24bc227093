"""The catalogue as one immutable value: what every stage reads while it works.

It is built from the registry and replaced as a whole when something is published; `version` changes
with it, so that whatever was compiled against an older one is seen to be old.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from catalog.contracts import Contract
from catalog.domain import Derivation, Organisation, Source
from catalog.ids import DatasetCode, OrganisationCode
from catalog.places import Places


@dataclass(frozen=True, slots=True)
class Relation:
    """A nested field: rows of `target` where each pair (own column, target column) is equal."""

    name: str
    target: DatasetCode
    pairs: tuple[tuple[str, str], ...]
    many: bool


@dataclass(frozen=True)
class Catalogue:
    contracts: Mapping[DatasetCode, Contract]
    organisations: Mapping[OrganisationCode, Organisation]
    places: Places
    derivations: Mapping[DatasetCode, Derivation] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()

    @cached_property
    def data_sets(self) -> Mapping[DatasetCode, Contract]:
        """The contracts whose rows the warehouse keeps: all but the interfaces."""
        return {code: c for code, c in self.contracts.items() if c.interface is None}

    @cached_property
    def interfaces(self) -> Mapping[DatasetCode, Contract]:
        """The contracts of live services, which have no rows here."""
        return {code: c for code, c in self.contracts.items() if c.interface is not None}

    @cached_property
    def version(self) -> str:
        """A digest of all contracts in it."""
        digests = sorted(contract.digest for contract in self.contracts.values())
        return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]

    def relations(self, data_set: DatasetCode) -> Mapping[str, Relation]:
        """The nested fields of a data set by name: its own keys and others' inverses."""
        return self._relations.get(data_set, {})

    @cached_property
    def _relations(self) -> dict[DatasetCode, dict[str, Relation]]:
        found: dict[DatasetCode, dict[str, Relation]] = {}
        for owner, relation in _all_relations(self.contracts.values()):
            if relation.target in self.contracts and owner in self.contracts:
                found.setdefault(owner, {})[relation.name] = relation
        return found

    def dependants(self, data_set: DatasetCode) -> tuple[Derivation, ...]:
        """The derived data sets that read this one directly."""
        return tuple(d for d in self.derivations.values() if data_set in d.inputs)


def _all_relations(contracts: Iterable[Contract]) -> Iterable[tuple[DatasetCode, Relation]]:
    for contract in contracts:
        for key in contract.foreign_keys:
            pairs = tuple(zip(key.columns, key.target_columns, strict=True))
            yield contract.data_set, Relation(key.name, key.target, pairs, many=False)
            if key.inverse is not None:
                back = tuple((target, own) for own, target in pairs)
                yield key.target, Relation(key.inverse, contract.data_set, back, many=True)
