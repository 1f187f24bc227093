# ruff: noqa: SLF001 - a mutant changes the inside
"""A wrong compiler, and the widenings of a relation that several of them share."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
from sqlglot import exp

from catalog.contracts import Contract
from catalog.ids import DatasetCode, Seq
from catalog.predicate import Scalar
from catalog.sharing.grant import Grant, GrantedColumn
from catalog.sharing.scope import all_places
from query import compile as compiler
from query.block import Block, Draft
from query.relation import Scope, relation_of
from query.statement import LockedStatement
from tests.shared_data import PLACES

Patch = pytest.MonkeyPatch
Widening = Callable[[Grant, Contract], Grant]


@dataclass(frozen=True, slots=True)
class Mutant:
    """`change` makes one mistake, for as long as its MonkeyPatch lasts. `locked`: the second lock
    refuses what it compiles. `case`: the number of a case that catches it, where the search begins.
    """

    change: Callable[[Patch], None]
    case: int
    locked: bool = False

    @property
    def name(self) -> str:
        """Reads on after "the mutant that"."""
        return self.change.__name__

    @contextmanager
    def at_work(self, *, unlocked: bool) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            self.change(patch)
            if unlocked:
                patch.setattr(compiler, "lock", _let_pass)
            yield


def widen(patch: Patch, widening: Widening) -> None:
    """The compiler takes the relation of a wider grant."""

    def relation(self: Draft, block: Block) -> exp.Subquery:
        scope = self.scope
        contract = scope.catalogue.contracts[block.data_set]
        grant = widening(scope.grant(block.data_set), contract)
        made = relation_of(grant, scope.catalogue, scope._mask_key, self.at)
        self._constants.update(made.parameters)
        return made.tree.subquery(exp.to_identifier(block.alias), copy=False)

    patch.setattr(Draft, "relation", relation)


def every_row(grant: Grant, contract: Contract) -> Grant:
    places = None if contract.place_column is None else all_places(PLACES)
    parts = tuple(replace(part, places=places, row_filter=None) for part in grant.parts)
    return replace(grant, parts=parts)


def every_column(grant: Grant, contract: Contract) -> Grant:
    granted = {column.name for part in grant.parts for column in part.columns}
    hidden = tuple(GrantedColumn(c.name) for c in contract.columns if c.name not in granted)
    parts = tuple(replace(part, columns=part.columns + hidden) for part in grant.parts)
    return replace(grant, parts=parts)


def _let_pass(
    tree: exp.Select,
    *,
    scope: Scope,  # noqa: ARG001 - the lock's signature
    at: Seq | None,  # noqa: ARG001
    data_sets: frozenset[DatasetCode],
    columns: frozenset[tuple[DatasetCode, str]],
    small: frozenset[DatasetCode],
    parameters: Mapping[str, Scalar],
    single: bool,
    most: int,  # noqa: ARG001
) -> LockedStatement:
    """In the place of the second lock; the engine takes no parameter that is not used."""
    used = {parameter.name for parameter in tree.find_all(exp.Parameter)}
    bound = {name: value for name, value in parameters.items() if name in used}
    return LockedStatement(tree, bound, data_sets, single, columns, small)
