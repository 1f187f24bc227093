# ruff: noqa: SLF001 - a mutant changes the inside
"""Mistakes where a grant becomes a relation, a refusal or an order, which the second lock takes as given.

It makes the relations afresh by the same code, so it finds these equal: the property alone catches them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from catalog.catalogue import Catalogue, Relation
from catalog.contracts import Classification, Column, Contract
from catalog.ids import DatasetCode, Seq
from catalog.places import Range
from catalog.sharing.grant import Grant, Part, Visibility
from query import order as orders
from query import relation as relations
from query import wanted
from query.block import Block
from query.errors import UnknownField
from query.filter import Parameters, in_ranges
from query.relation import Scope
from query.statement import FROM_SEQ, TO_SEQ, LockedStatement, current_table, past_table
from query.tree import Order, Tree
from query.visible import visible_columns
from tests.noninterference.mutants.mutant import Patch

Visible = dict[str, Visibility]
TEXT = exp.DataType.build("VARCHAR")


def takes_no_place_for_every_place(patch: Patch) -> None:
    def ranges_or_all(node: exp.Expr, ranges: Sequence[Range]) -> exp.Expr:
        return in_ranges(node, ranges) if ranges else exp.true()

    patch.setattr(relations, "in_ranges", ranges_or_all)


def lets_a_row_filter_widen_the_places(patch: Patch) -> None:
    """OR where AND belongs: a filter that is nearly always true shows nearly all."""
    _change_selects(patch, lambda select, _contract, _at: _either(select))


def reads_superseded_rows_beside_the_grant(patch: Patch) -> None:
    def beside(select: exp.Select, contract: Contract, at: Seq | None) -> exp.Query:
        if at is None:
            return select
        ended = exp.select(*(output.copy() for output in select.expressions))
        ended = ended.from_(past_table(contract.data_set))
        ended = ended.where(exp.column(FROM_SEQ, quoted=True) <= at)
        ended = ended.where(exp.column(TO_SEQ, quoted=True) > at)
        return exp.union(select, ended, distinct=False)

    _change_selects(patch, beside)


def still_serves_what_was_replaced(patch: Patch) -> None:
    original = relations._base

    def base(contract: Contract, at: Seq | None) -> exp.Expr:
        if at is not None:
            return original(contract, at)
        names = [exp.column(column.name, quoted=True) for column in contract.columns]
        kept, ended = (
            exp.select(*(name.copy() for name in names)).from_(table)
            for table in (current_table(contract.data_set), past_table(contract.data_set))
        )
        return exp.union(kept, ended, distinct=False).subquery("versioned")

    patch.setattr(relations, "_base", base)


def unites_the_columns_of_parts(patch: Patch) -> None:
    original = relations._output

    def output(column: Column, whole: Visibility, here: Visibility | None) -> exp.Expr:
        return original(column, whole, here or whole)

    patch.setattr(relations, "_output", output)


def drops_a_mask_once_any_part_is_clear(patch: Patch) -> None:
    def clear(found: Visible, grant: Grant, _contract: Contract) -> Visible:
        seen = {name: {part.visibility(name) for part in grant.parts} for name in found}
        return {
            name: Visibility.CLEAR if Visibility.CLEAR in seen[name] else how
            for name, how in found.items()
        }

    _change_visible(patch, clear)


def serves_core_columns(patch: Patch) -> None:
    def whole(_found: Visible, grant: Grant, contract: Contract) -> Visible:
        columns = [replace(c, classification=Classification.GENERAL) for c in contract.columns]
        return original(grant, replace(contract, columns=tuple(columns)))

    original = visible_columns
    _change_visible(patch, whole)


def lets_a_mask_begin_like_the_value(patch: Patch) -> None:
    original = relations._mask

    def mask(value: exp.Expr) -> exp.Expr:
        text = exp.Cast(this=value.copy(), to=TEXT.copy())
        first = exp.Left(this=text, expression=exp.Literal.number(2))
        return exp.DPipe(this=first, expression=original(value))

    patch.setattr(relations, "_mask", mask)


def masks_without_the_key(patch: Patch) -> None:
    """Whoever hashes all telephone numbers reads them."""
    original = relations._mask

    def mask(value: exp.Expr) -> exp.Expr:
        hashed = original(value)
        for key in list(hashed.find_all(exp.Parameter)):
            key.replace(exp.Left(this=key.copy(), expression=exp.Literal.number(0)))
        return hashed

    patch.setattr(relations, "_mask", mask)


def honours_grants_on_another_major_version(patch: Patch) -> None:
    patch.setattr(relations, "_may_serve", lambda _contract, grant: bool(grant.parts))


def tells_hidden_columns_from_missing_ones(patch: Patch) -> None:
    original = Block.column

    def column(self: Block, name: str, *, asked: bool = True) -> exp.Column:
        scope = self.draft.scope
        contract = scope.catalogue.contracts[self.data_set]
        if contract.has_column(name) and name not in scope.columns(self.data_set):
            raise UnknownField(data_set=self.data_set, field=f"{name} in your grant")
        return original(self, name, asked=asked)

    patch.setattr(Block, "column", column)


def names_the_data_set_behind_a_hidden_relation(patch: Patch) -> None:
    original = Block.related

    def related(self: Block, name: str) -> Relation:
        scope = self.draft.scope
        known = scope.catalogue.relations(self.data_set)
        if name in known:
            scope.grant(known[name].target)
        return original(self, name)

    patch.setattr(Block, "related", related)


def leaves_the_order_to_the_engine(patch: Patch) -> None:
    _change_order(patch, lambda _scope, _data_set: ())


def sorts_by_what_is_visible_of_the_key_alone(patch: Patch) -> None:
    def order(scope: Scope, data_set: DatasetCode) -> tuple[str, ...]:
        key = scope.catalogue.contracts[data_set].key
        return tuple(name for name in key if name in scope.columns(data_set))

    _change_order(patch, order)


def keeps_statements_for_all_callers(patch: Patch) -> None:
    original = Scope.__init__
    kept: dict[tuple[Tree, Seq | None], LockedStatement] = {}

    def init(
        self: Scope,
        catalogue: Catalogue,
        grants: Sequence[Grant],
        mask_key: str,
        cursor_key: str | None = None,
    ) -> None:
        original(self, catalogue, grants, mask_key, cursor_key)
        self.statements = kept

    patch.setattr(Scope, "__init__", init)


def _change_selects(
    patch: Patch, change: Callable[[exp.Select, Contract, Seq | None], exp.Query]
) -> None:
    original = relations._select

    def select(
        part: Part,
        contract: Contract,
        columns: Mapping[str, Visibility],
        catalogue: Catalogue,
        parameters: Parameters,
        at: Seq | None,
    ) -> exp.Query:
        made = original(part, contract, columns, catalogue, parameters, at)
        return change(made, contract, at)

    patch.setattr(relations, "_select", select)


def _change_visible(patch: Patch, change: Callable[[Visible, Grant, Contract], Visible]) -> None:
    original = visible_columns

    def changed(grant: Grant, contract: Contract) -> Visible:
        return change(original(grant, contract), grant, contract)

    patch.setattr(relations, "visible_columns", changed)


def _change_order(patch: Patch, order: Callable[[Scope, DatasetCode], tuple[str, ...]]) -> None:
    """Where that leaves nothing to sort by, a constant stands."""
    original = orders.ordered
    constant = exp.Coalesce(this=exp.null(), expressions=[exp.Literal.string("")])

    def ordered(block: Block, order: tuple[Order, ...]) -> list[exp.Ordered]:
        return original(block, order) or [
            exp.Ordered(this=constant.copy(), desc=False, nulls_first=False)
        ]

    patch.setattr(Scope, "order", order)
    patch.setattr(wanted, "ordered", ordered)


def _either(select: exp.Select) -> exp.Select:
    condition = select.args.get("where")
    if condition is not None and isinstance(condition.this, exp.And):
        both = condition.this
        condition.set("this", exp.Or(this=both.left, expression=both.right))
    return select
