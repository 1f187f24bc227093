"""Groups of rows with what is told of each.

The rows come first, as facts: one column for each key and measured column, and a truth for each
condition that measures have of their own; the groups are made of these. What a block may not filter
or group by (`Block.column`) or measure (`Block.measured`) is refused there. Where it pays, groups are made
in two steps (`query/steps.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from sqlglot import exp

from catalog.contracts import ColumnType, Kind, camel
from query.aggregate import (
    Aggregate,
    Grouping,
    GroupOrder,
    Groups,
    GroupSelection,
    Key,
    Measure,
    NestedGroups,
    Said,
    Together,
    Told,
)
from query.block import Block, Draft
from query.condition import condition
from query.errors import GroupKeyMissing, GroupKeyUnfit, UnknownField, WrongValue
from query.filter import FilterCompiler
from query.listing import Page, listed, page, refuse_clashes
from query.measure import COUNTS, WHOLE, check_measure, measured, result_type
from query.rollup import MonthMark, TimeUnit, bucket_start, governing_place
from query.steps import Parts, marked, pays
from query.tree import Condition
from query.value import struct

TIMES = frozenset({Kind.DATE, Kind.TIMESTAMP})


def aggregate(draft: Draft, asked: Aggregate) -> exp.Select:
    """The statement of a list of groups."""
    steps = pays(draft.scope, asked.data_set, asked.groups)
    facts = _Facts(draft.block(asked.data_set, counted=True), asked.groups, steps=steps)
    outputs = [exp.alias_(node, name, quoted=True) for name, node in facts.outputs()]
    order = facts.order()
    groups = asked.groups
    return page(facts.select(outputs), order, groups.limit, groups.offset, draft.most)


def nested_groups(block: Block, item: NestedGroups) -> exp.Expr:
    """The groups of the rows that belong to a row of the block, as a list."""
    relation = block.related(item.relation)
    inner = block.draft.block(relation.target, counted=True)
    facts = _Facts(inner, item.groups)
    row, order = struct(dict(facts.outputs())), facts.order()
    together = block.pairs(inner, relation)

    def select(columns: list[exp.Expr]) -> exp.Select:
        return facts.select(columns, together)

    return listed(block, inner, Page(row, order, select, item.groups.limit, item.groups.offset))


@dataclass(frozen=True, slots=True)
class _Fact:
    """A column of the facts."""

    name: str
    node: exp.Expr


class _Facts:
    def __init__(self, block: Block, asked: Groups, *, steps: bool = False) -> None:
        self._block = block
        self._asked = asked
        self._alias = f"f{block.number}"
        self._parts = Parts(f"s{block.number}") if steps else None
        self._marks: dict[str, MonthMark] = {}
        """The facts that are marks of months."""
        self._facts: list[_Fact] = []
        self._blocks: dict[tuple[str, ...], Block] = {(): block}
        self._measured: dict[str, exp.Column] = {}
        self._keys: dict[Key, tuple[exp.Column, ColumnType]] = {}
        for grouping in asked.group_by:
            self._group_by(grouping)

    def outputs(self) -> Iterator[tuple[str, exp.Expr]]:
        return self._outputs(self._asked.selection, None)

    def order(self) -> list[exp.Ordered]:
        asked = {term.by for term in self._asked.order}
        rest = (GroupOrder(grouping.key) for grouping in self._asked.group_by)
        return [
            exp.Ordered(
                this=self._ordered_by(term.by), desc=term.descending, nulls_first=term.nulls_first
            )
            for term in (*self._asked.order, *(t for t in rest if t.by not in asked))
        ]

    def select(self, outputs: list[exp.Expr], *conditions: exp.Expr | None) -> exp.Select:
        """The groups; what they need of the rows must be asked for before."""
        having = self._having()
        where = condition(self._block, self._asked.where)
        facts = [exp.alias_(f.node, f.name, quoted=True) for f in self._facts]
        one = exp.alias_(exp.Literal.number(1), "one", quoted=True)
        rows = self._block.select(facts or [one], where, *conditions)
        source = rows.subquery(exp.to_identifier(self._alias), copy=False)
        if self._parts is not None:
            source = self._parts.select(source, [self._step(n) for n, _ in self._keys.values()])
        select = exp.select(*outputs, copy=False).from_(source, copy=False)
        for node, _ in self._keys.values():
            select = select.group_by(node.copy(), copy=False)
        return select.having(having, copy=False)

    def _step(self, key: exp.Column) -> tuple[str, exp.Expr, exp.Expr]:
        """Of a key of the second step: its name, and by what the first one groups, and what that is."""
        fact = exp.column(exp.to_identifier(key.name, quoted=True), table=self._alias)
        mark = self._marks.get(key.name)
        return key.name, fact, fact if mark is None else mark.start(fact)

    def _outputs(
        self, selection: GroupSelection, only: exp.Expr | None
    ) -> Iterator[tuple[str, exp.Expr]]:
        refuse_clashes(item.alias for item in selection)
        for item in selection:
            match item:
                case Said(alias=alias, value=value):
                    yield alias, exp.Literal.string(value)
                case Told(alias=alias, what=Key() as key):
                    held, kind = self._key(key)
                    yield alias, self._block.draft.shown(held.copy(), kind)
                case Told(alias=alias, what=Measure() as measure):
                    node, kind = self._measure(measure, only)
                    shown = self._block.draft.shown
                    yield alias, node if measure.function in COUNTS else shown(node, kind)
                case Together(alias=alias, selection=inner, only=where):
                    yield alias, struct(dict(self._outputs(inner, self._both(only, where))))

    def _both(self, only: exp.Expr | None, where: Condition | None) -> exp.Expr | None:
        """The truth of a condition of its own, beside the one around it."""
        node = condition(self._block, where)
        if node is None:
            return only
        own = self._fact("c", node)
        return own if only is None else exp.and_(only.copy(), own)

    def _having(self) -> exp.Expr:
        """Always one: it makes a group of no rows where nothing is grouped and nothing measured."""
        having = self._asked.having
        if having is None:
            count = exp.Count(this=exp.Star(), big_int=True)
            return exp.GTE(this=count, expression=exp.Literal.number(0))
        names = dict(having.measures)

        def resolve(name: str) -> tuple[exp.Expr, ColumnType]:
            return self._measure(names[name], None)

        draft = self._block.draft
        ranges = draft.scope.catalogue.places.ranges
        return FilterCompiler(resolve, draft.parameters, ranges).compile(having.predicate)

    def _ordered_by(self, by: Key | Measure) -> exp.Expr:
        if isinstance(by, Key):
            return self._key(by)[0].copy()
        return self._measure(by, None)[0]

    def _measure(self, measure: Measure, only: exp.Expr | None) -> tuple[exp.Expr, ColumnType]:
        bind = self._block.draft.parameters.bind
        if measure.column is None:
            return self._whole(measure, measured(measure, None, None, only, bind)), WHOLE
        name, block = measure.column, self._block
        if name not in self._measured:
            self._measured[name] = self._fact("m", block.measured(name))
        node = self._measured[name]
        kind = block.column_type(name)
        how = block.draft.scope.measured(block.data_set)[name]
        check_measure(measure, how, kind)
        made = measured(measure, node.copy(), kind, only, bind)
        return self._whole(measure, made), result_type(measure, kind)

    def _whole(self, measure: Measure, made: exp.Expr) -> exp.Expr:
        return made if self._parts is None else self._parts.together(measure.function, made)

    def _key(self, key: Key) -> tuple[exp.Column, ColumnType]:
        try:
            return self._keys[key]
        except KeyError:
            path = ".".join(camel(name) for name in (*key.relations, key.column))
            raise GroupKeyMissing(field=path) from None

    def _group_by(self, grouping: Grouping) -> None:
        key = grouping.key
        if key in self._keys:
            field = camel(key.column)
            raise GroupKeyUnfit(field=field, problem_zh="出现了两次", problem="stands there twice")
        block = self._block_of(key.relations)
        node, kind = block.column(key.column), block.column_type(key.column)
        if self._parts is None:
            self._keys[key] = self._fact("k", self._coarse(grouping, node, kind)), kind
        else:
            self._keys[key] = self._parts.column(self._key_fact(grouping, node, kind)), kind

    def _key_fact(self, grouping: Grouping, node: exp.Expr, kind: ColumnType) -> str:
        """The name of what the first step groups by."""
        if grouping.unit is None or not marked(grouping, kind):
            return self._fact("k", self._coarse(grouping, node, kind)).name
        zone = self._block.draft.parameters.bind(grouping.zone)
        mark = MonthMark(grouping.unit, grouping.zone, zone)
        name = self._fact("k", mark.of(node)).name
        self._marks[name] = mark
        return name

    def _coarse(self, grouping: Grouping, node: exp.Expr, kind: ColumnType) -> exp.Expr:
        name, draft = camel(grouping.key.column), self._block.draft
        if grouping.level is not None:
            if kind.kind is not Kind.PLACE:
                raise GroupKeyUnfit(field=name, problem_zh="不是地点", problem="is no place")
            return governing_place(node, grouping.level, draft.scope.catalogue.places)
        if grouping.unit is None:
            return node
        if kind.kind not in TIMES:
            raise GroupKeyUnfit(field=name, problem_zh="不是时间", problem="is no time")
        if kind.kind is Kind.DATE and grouping.unit is TimeUnit.HOUR:
            raise GroupKeyUnfit(field=name, problem_zh="只有日期", problem="holds days only")
        if grouping.zone not in _zones():
            raise WrongValue(field="zone", value=grouping.zone)
        bind = draft.parameters.bind
        return bucket_start(node, kind.kind, grouping.unit, grouping.zone, bind)

    def _block_of(self, relations: tuple[str, ...]) -> Block:
        known = self._blocks.get(relations)
        if known is None:
            before = self._block_of(relations[:-1])
            relation = before.related(relations[-1])
            if relation.many:
                raise UnknownField(data_set=before.data_set, field=relations[-1])
            known = self._blocks[relations] = before.join_one(relation)
        return known

    def _fact(self, kind: str, node: exp.Expr) -> exp.Column:
        name = f"{kind}{len(self._facts)}"
        self._facts.append(_Fact(name, node))
        return exp.column(exp.to_identifier(name, quoted=True), table=self._alias)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime"}
