# ruff: noqa: SLF001 - a mutant changes the inside
"""Mistakes in the statement around a grant's relation: the second lock sees them."""

from collections.abc import Iterator

import pytest
from sqlglot import exp

from catalog.catalogue import Relation
from catalog.contracts import ColumnType
from catalog.ids import DatasetCode, Seq
from catalog.sharing.grant import Visibility
from query import compile as compiler
from query import condition as conditions
from query import order as orders
from query import relation as relations
from query import rows, wanted
from query.block import Block, Draft
from query.errors import UnknownField
from query.filter import FilterCompiler
from query.relation import Scope, whole_grant_columns
from query.statement import LockedStatement, current_table
from query.tree import Leaf, Nested, Order, Read, ReadOne, Selection
from tests.noninterference.mutants.mutant import Patch, every_column, every_row, widen
from tests.shared_data import PLACES


def forgets_the_grant_in_nested_lists(patch: Patch) -> None:
    original = rows.to_many

    def to_many(block: Block, item: Nested, relation: Relation) -> exp.Expr:
        with pytest.MonkeyPatch.context() as inner:
            widen(inner, every_row)
            return original(block, item, relation)

    patch.setattr(rows, "to_many", to_many)


def forgets_the_row_filter_in_to_one_joins(patch: Patch) -> None:
    original = rows.to_one

    def to_one(block: Block, item: Nested, relation: Relation) -> exp.Expr:
        with pytest.MonkeyPatch.context() as inner:
            widen(inner, every_row)
            return original(block, item, relation)

    patch.setattr(rows, "to_one", to_one)


def looks_keys_up_in_all_rows(patch: Patch) -> None:
    original = compiler.compiled

    def compiled(tree: Read | ReadOne, scope: Scope, at: Seq | None) -> LockedStatement:
        with pytest.MonkeyPatch.context() as inner:
            if isinstance(tree, ReadOne):
                widen(inner, every_row)
            return original(tree, scope, at)

    patch.setattr(compiler, "compiled", compiled)


def filters_by_hidden_columns(patch: Patch) -> None:
    def compiler_of(block: Block) -> FilterCompiler:
        def resolve(name: str) -> tuple[exp.Expr, ColumnType]:
            node, scope = _any_column(block, name), block.draft.scope
            if name in scope.columns(block.data_set):
                return node, scope.column_type(block.data_set, name)
            return node, scope.catalogue.contracts[block.data_set].column(name).type

        return FilterCompiler(resolve, block.draft.parameters, PLACES.ranges)

    widen(patch, every_column)
    patch.setattr(conditions, "filter_of", compiler_of)


def sorts_by_hidden_columns(patch: Patch) -> None:
    original = orders.ordered

    def ordered(block: Block, order: tuple[Order, ...]) -> list[exp.Ordered]:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Block, "column", _any_column)
            return original(block, order)

    widen(patch, every_column)
    patch.setattr(wanted, "ordered", ordered)


def cuts_the_page_before_the_grant(patch: Patch) -> None:
    original = Draft.relation

    def relation(self: Draft, block: Block) -> exp.Subquery:
        made, table = original(self, block), current_table(block.data_set)
        key = self.scope.catalogue.contracts[block.data_set].key
        for found in [found for found in made.find_all(exp.Table) if found == table]:
            page = exp.select(exp.Star()).from_(table.copy()).limit(2)
            page = page.order_by(*(exp.column(name, quoted=True) for name in key))
            found.replace(page.subquery("page_"))
        return made

    patch.setattr(Draft, "relation", relation)


def masks_only_what_is_shown(patch: Patch) -> None:
    """Filters and orders see what stands behind the mask."""
    mask, original = relations._mask, rows.outputs

    def outputs(block: Block, selection: Selection) -> Iterator[tuple[str, exp.Expr]]:
        columns = block.draft.scope.columns(block.data_set)
        for item, (alias, node) in zip(selection, original(block, selection), strict=True):
            masked = isinstance(item, Leaf) and columns[item.column] is Visibility.MASKED
            yield alias, mask(node) if masked else node

    patch.setattr(relations, "_mask", lambda value: value)
    patch.setattr(rows, "outputs", outputs)


def joins_through_masked_columns(patch: Patch) -> None:
    """By the mask of what is clear on the other side."""
    mask, original = relations._mask, Block.pairs

    def pairs(self: Block, inner: Block, relation: Relation) -> exp.Expr:
        joined = original(self, inner, relation)
        for pair in list(joined.find_all(exp.EQ)):
            sides = {"this": self.data_set, "expression": inner.data_set}
            clear = [
                side
                for side, data_set in sides.items()
                if self.draft.scope.columns(data_set)[pair.args[side].name] is Visibility.CLEAR
            ]
            if len(clear) == 1:
                pair.set(clear[0], mask(pair.args[clear[0]].copy()))
        return joined

    def joinable(self: Scope, data_set: DatasetCode, relation: Relation) -> bool:
        own, other = self._columns[data_set], self._columns[relation.target]
        return all(mine in own and theirs in other for mine, theirs in relation.pairs)

    patch.setattr(Block, "pairs", pairs)
    patch.setattr(Scope, "_joinable", joinable)


def _any_column(block: Block, name: str, *, asked: bool = True) -> exp.Column:  # noqa: ARG001
    contract = block.draft.scope.catalogue.contracts[block.data_set]
    if name not in {column.name for column in whole_grant_columns(contract)}:
        raise UnknownField(data_set=block.data_set, field=name)
    return exp.column(exp.to_identifier(name, quoted=True), table=block.alias)
