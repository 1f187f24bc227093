# ruff: noqa: SLF001 - a mutant changes the inside
"""Mistakes where rows are told of in groups: `test_counting.py` asks for aggregates until one is caught."""

from collections.abc import Callable, Mapping

import pytest
from sqlglot import exp

from catalog.contracts import ColumnType, Contract
from catalog.ids import DatasetCode
from catalog.sharing.grant import Grant, Visibility
from query import groups
from query import relation as relations
from query.aggregate import Groups
from query.block import Block, Draft
from query.errors import UnknownField
from query.relation import Scope, whole_grant_columns
from tests.noninterference.mutants.mutant import Mutant, Patch, every_column, every_row

Widening = Callable[[Grant, Contract], Grant]


def groups_by_hidden_columns(patch: Patch) -> None:
    original = Block.column

    def column(self: Block, name: str, *, asked: bool = True) -> exp.Column:
        return _any_column(self, name) if self.counted else original(self, name, asked=asked)

    _widen_counted(patch, every_column, lambda _block: True)
    _know_every_type(patch)
    patch.setattr(Block, "column", column)


def measures_hidden_columns(patch: Patch) -> None:
    _widen_counted(patch, every_column, lambda _block: True)
    _know_every_type(patch)
    patch.setattr(Block, "measured", _any_column)


def counts_before_the_grant(patch: Patch) -> None:
    _widen_counted(patch, every_row, lambda _block: True)


def counts_hidden_rows_below_rows(patch: Patch) -> None:
    _widen_counted(patch, every_row, lambda block: block.number > 1)


def asks_having_of_hidden_rows(patch: Patch) -> None:
    original = groups._Facts.__init__
    asking: list[Block] = []

    def init(self: groups._Facts, block: Block, asked: Groups, **how: bool) -> None:
        original(self, block, asked, **how)
        if asked.having is not None:
            asking.append(block)

    patch.setattr(groups._Facts, "__init__", init)
    _widen_counted(patch, every_row, lambda block: any(block is b for b in asking))


def groups_by_what_stands_behind_masks(patch: Patch) -> None:
    original = relations.counted_relation_of

    def counted(*asked: object) -> relations.ScopedRelation:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(relations, "_mask", _bare)
            return original(*asked)  # type: ignore[arg-type]

    patch.setattr(relations, "counted_relation_of", counted)


def counts_what_was_replaced(patch: Patch) -> None:
    """Only in aggregates."""
    original = Draft.relation

    def relation(self: Draft, block: Block) -> exp.Subquery:
        made = original(self, block)
        if not block.counted or self.at is not None:
            return made
        past = made.copy()
        for table in list(past.find_all(exp.Table)):
            table.set("this", exp.to_identifier(f"{table.name}__past", quoted=True))
        both = exp.union(made.this, past.this, distinct=False)
        return both.subquery(exp.to_identifier(block.alias))

    patch.setattr(Draft, "relation", relation)


MUTANTS = (
    Mutant(groups_by_hidden_columns, 0, locked=True),
    Mutant(measures_hidden_columns, 0, locked=True),
    Mutant(counts_before_the_grant, 0, locked=True),
    Mutant(counts_hidden_rows_below_rows, 0, locked=True),
    Mutant(asks_having_of_hidden_rows, 0, locked=True),
    Mutant(groups_by_what_stands_behind_masks, 0),
    Mutant(counts_what_was_replaced, 0, locked=True),
)


def _bare(value: exp.Expr) -> exp.Expr:
    """The value as a mask's text, with the key bound but not used."""
    key = exp.Parameter(this=exp.var(relations.MASK_KEY))
    nothing = exp.Left(this=key, expression=exp.Literal.number(0))
    return exp.DPipe(this=nothing, expression=exp.cast(value, "VARCHAR"))


def _widen_counted(patch: Patch, widening: Widening, chosen: Callable[[Block], bool]) -> None:
    original = Draft.relation

    def relation(self: Draft, block: Block) -> exp.Subquery:
        if not (block.counted and chosen(block)):
            return original(self, block)
        scope = self.scope
        contract = scope.catalogue.contracts[block.data_set]
        grant = widening(scope.grant(block.data_set), contract)
        made = relations.counted_relation_of(grant, scope.catalogue, scope._mask_key, self.at)
        self._constants.update(made.parameters)
        return made.tree.subquery(exp.to_identifier(block.alias), copy=False)

    patch.setattr(Draft, "relation", relation)


def _know_every_type(patch: Patch) -> None:
    original = Scope.column_type
    measured = Scope.measured

    def column_type(self: Scope, data_set: DatasetCode, name: str) -> ColumnType:
        if name in measured(self, data_set):
            return original(self, data_set, name)
        return self.catalogue.contracts[data_set].column(name).type

    def every(self: Scope, data_set: DatasetCode) -> Mapping[str, object]:
        found = dict(measured(self, data_set))
        contract = self.catalogue.contracts[data_set]
        return {c.name: Visibility.CLEAR for c in whole_grant_columns(contract)} | found

    patch.setattr(Scope, "column_type", column_type)
    patch.setattr(Scope, "measured", every)


def _any_column(self: Block, name: str) -> exp.Column:
    contract = self.draft.scope.catalogue.contracts[self.data_set]
    if name not in {column.name for column in whole_grant_columns(contract)}:
        raise UnknownField(data_set=self.data_set, field=name)
    return exp.column(exp.to_identifier(name, quoted=True), table=self.alias)
