# ruff: noqa: SLF001 - a mutant changes the inside
"""Mistakes where rows are kept, located, ordered, grouped, paged or counted by more than the grant shows."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlglot import exp

from catalog.contracts import ColumnType
from query import condition as conditions
from query import order as orders
from query.block import Block, Draft
from query.connection import _Page
from query.cursor import Cursors
from query.statement import current_table
from query.tree import OrderByTotal, Related
from tests.noninterference.mutants.mutant import Mutant, Patch, every_column, every_row, widen


def filters_by_related_rows_without_their_grant(patch: Patch) -> None:
    original = conditions.related

    def related(block: Block, asked: Related) -> exp.Expr:
        with pytest.MonkeyPatch.context() as inner:
            widen(inner, every_row)
            return original(block, asked)

    patch.setattr(conditions, "related", related)


def orders_by_totals_of_all_rows(patch: Patch) -> None:
    original = orders.total

    def total(block: Block, term: OrderByTotal) -> exp.Expr:
        with pytest.MonkeyPatch.context() as inner:
            widen(inner, every_row)
            return original(block, term)

    patch.setattr(orders, "total", total)


def counts_hidden_rows_in_totals(patch: Patch) -> None:
    original = _Page._total

    def total(self: _Page) -> exp.Expr:
        with pytest.MonkeyPatch.context() as inner:
            widen(inner, every_row)
            return original(self)

    patch.setattr(_Page, "_total", total)


def tells_hidden_values_in_cursors(patch: Patch) -> None:
    original, wanted = Cursors.node, _Page._cursor

    def cursor(self: _Page) -> exp.Expr:
        self._block.named["level_m"] = None
        hidden = exp.column(exp.to_identifier("level_m", quoted=True), table=self._block.alias)

        def node(cursors: Cursors, draft: Draft, values: Sequence[exp.Expr]) -> exp.Expr:
            longer = replace(cursors, types=(*cursors.types, "DECIMAL(9, 3)"))
            return original(longer, draft, [*values, hidden])

        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Cursors, "node", node)
            return wanted(self)

    def column(self: Block, name: str, *, asked: bool = True) -> exp.Column:  # noqa: ARG001
        self.named[name] = None
        return exp.column(exp.to_identifier(name, quoted=True), table=self.alias)

    widen(patch, every_column)
    patch.setattr(Block, "column", column)
    patch.setattr(_Page, "_cursor", cursor)


def groups_rows_before_the_grant(patch: Patch) -> None:
    original = Draft.relation

    def relation(self: Draft, block: Block) -> exp.Subquery:
        made, table = original(self, block), current_table(block.data_set)
        key = self.scope.catalogue.contracts[block.data_set].key[:1]
        for found in [found for found in made.find_all(exp.Table) if found == table]:
            first = exp.Window(
                this=exp.RowNumber(),
                partition_by=[exp.column(name, quoted=True) for name in key],
                order=exp.Order(
                    expressions=[exp.Ordered(this=exp.column("level_m", quoted=True), desc=True)]
                ),
            )
            one = exp.EQ(this=first, expression=exp.Literal.number(1))
            found.replace(exp.select(exp.Star()).from_(table.copy()).qualify(one).subquery("one_"))
        return made

    patch.setattr(Draft, "relation", relation)


def locates_rows_by_hidden_coordinates(patch: Patch) -> None:
    def location(self: Block) -> tuple[str, str]:
        found = self.draft.scope.catalogue.contracts[self.data_set].coordinates
        return ("", "") if found is None else (found.longitude, found.latitude)

    def column(self: Block, name: str, *, asked: bool = True) -> exp.Column:  # noqa: ARG001
        self.named[name] = None
        return exp.column(exp.to_identifier(name, quoted=True), table=self.alias)

    def column_type(self: Block, name: str) -> ColumnType:
        return self.draft.scope.catalogue.contracts[self.data_set].column(name).type

    widen(patch, every_column)
    patch.setattr(Block, "location", location)
    patch.setattr(Block, "column", column)
    patch.setattr(Block, "column_type", column_type)


RELATED_MUTANTS = tuple(
    Mutant(change, 0, locked=True)
    for change in (
        filters_by_related_rows_without_their_grant,
        orders_by_totals_of_all_rows,
        counts_hidden_rows_in_totals,
        tells_hidden_values_in_cursors,
        groups_rows_before_the_grant,
        locates_rows_by_hidden_coordinates,
    )
)
