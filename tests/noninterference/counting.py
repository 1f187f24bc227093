"""Aggregates that may be asked: inside a grant but for at most one reference, as in `questions.py`.

A reference here is a column that is measured, grouped by, filtered by, compared or ordered by, a
relation, or a data set. Half of the grants have a least group, some with columns for aggregates only.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from random import Random

from catalog.contracts import Contract, Kind
from catalog.ids import DatasetCode
from catalog.places import PlaceLevel
from catalog.predicate import Compare, Op
from catalog.sharing.grant import Grant, GrantedColumn, Part, Visibility
from query.aggregate import (
    ROWS,
    Aggregate,
    Function,
    Grouping,
    GroupOrder,
    Groups,
    Having,
    Key,
    Measure,
    NestedGroups,
    Together,
    Told,
)
from query.measure import functions_of
from query.relation import Scope
from query.rollup import TimeUnit
from query.tree import Leaf, Read, Tree
from tests.noninterference.cases import Case, any_case
from tests.noninterference.city import contracts
from tests.noninterference.grants import any_grants
from tests.noninterference.questions import AS_OF, RELATIONS, Asking

OUTSIDE = ("measure", "measure", "group", "group", "where", "having", "group order", "data set")


def counting_case(rng: Random) -> Case:
    held = tuple(_counted(rng, grant) for grant in any_grants(rng, contracts()))
    return any_case(rng, held, any_aggregate)


def numbered_counting_case(number: int) -> Case:
    """The same one each time."""
    return counting_case(Random(number))  # noqa: S311 - nothing here is a secret


def any_aggregate(
    rng: Random, scope: Scope, whole: Mapping[DatasetCode, Contract]
) -> tuple[Tree, datetime | None]:
    outside = rng.choice(OUTSIDE) if rng.random() < 0.4 else None
    return _Counting(rng, scope, whole, outside).aggregate(), rng.choice(AS_OF)


def _counted(rng: Random, grant: Grant) -> Grant:
    if rng.random() < 0.5:
        return grant
    hidden = rng.choice(((), ("level_m", "rank")))
    parts = tuple(_hiding(part, hidden) for part in grant.parts)
    return replace(grant, minimum_group=rng.choice((2, 3)), parts=parts)


def _hiding(part: Part, hidden: tuple[str, ...]) -> Part:
    columns = tuple(
        GrantedColumn(c.name, Visibility.AGGREGATE) if c.name in hidden else c for c in part.columns
    )
    return replace(part, columns=columns)


class _Counting(Asking):
    def aggregate(self) -> Tree:
        granted = self._scope.data_sets
        beyond = [c for c in self._contracts if c not in granted] * 3 + [DatasetCode("no_such")]
        data_set = self._of(granted if granted and not self._leaves("data set") else beyond)
        if data_set not in self._contracts:
            return Aggregate(data_set, Groups((Told("n", ROWS),)))
        relations = self._scope.relations(data_set) if data_set in granted else {}
        relation = relations.get(RELATIONS[data_set][0])
        if relation is not None and relation.many and self._one_in(2):
            shown = Leaf("a", self._of(list(self._scope.columns(data_set))))
            nested = NestedGroups("g", relation.name, self._groups(relation.target))
            return Read(data_set, (shown, nested))
        return Aggregate(data_set, self._groups(data_set))

    def _groups(self, data_set: DatasetCode) -> Groups:
        keys = {}
        for _ in range(1 if self._outside == "group" else self._of((0, 0, 1, 2))):
            grouping = self._grouping(data_set)
            keys[grouping.key] = grouping
        told = tuple(Told(f"m{i}", self._measure(data_set, "measure")) for i in range(2))
        shown = tuple(Told(f"k{i}", key) for i, key in enumerate(keys))
        only = Together("o", told, self._cells(data_set)) if self._one_in(3) else None
        return Groups(
            selection=(*told, *shown, *((only,) if only else ())),
            where=self._cells(data_set) if self._outside == "where" or self._one_in(3) else None,
            group_by=tuple(keys.values()),
            having=self._having(data_set),
            order=self._group_order(data_set, tuple(keys)),
            limit=self._of((100, 100, 1, 2)),
            offset=int(self._one_in(6)),
        )

    def _cells(self, data_set: DatasetCode) -> Compare:
        name = self._named(data_set, "where", self._grouped(data_set))
        op = self._of((Op.EQ, Op.NE, Op.GT, Op.IS_NULL))
        if self._kind(data_set, name) is Kind.PLACE:
            op = self._of((Op.EQ, Op.NE))
        operand = self._one_in(2) if op is Op.IS_NULL else self._value(data_set, name)
        return Compare(name, op, operand)

    def _grouping(self, data_set: DatasetCode) -> Grouping:
        relations = self._scope.relations(data_set) if data_set in self._scope.data_sets else {}
        one = relations.get(RELATIONS[data_set][0])
        if one is not None and not one.many and self._one_in(4):
            return Grouping(
                Key(self._named(one.target, "group", self._grouped(one.target)), (one.name,))
            )
        key = Key(self._named(data_set, "group", self._grouped(data_set)))
        kind = self._kind(data_set, key.column)
        if kind is Kind.PLACE:
            return Grouping(key, level=self._of((None, *PlaceLevel)))
        return Grouping(key, unit=self._of((None, *TimeUnit)) if kind is Kind.TIMESTAMP else None)

    def _measure(self, data_set: DatasetCode, where: str) -> Measure:
        if self._outside != where and self._one_in(3):
            return ROWS
        granted = data_set in self._scope.data_sets
        held = self._scope.measured(data_set) if granted else {}
        name = self._named(data_set, where, list(held))
        how = held.get(name, Visibility.CLEAR)
        fitting = sorted(functions_of(how, self._kind(data_set, name)))
        function = self._of(fitting)
        return Measure(function, name, 0.5 if function is Function.PERCENTILE else None)

    def _having(self, data_set: DatasetCode) -> Having | None:
        if self._outside != "having" and not self._one_in(4):
            return None
        measure = self._measure(data_set, "having")
        if measure.column is None:
            return Having(Compare("m", Op.GT, self._of((0, 1, 2))), (("m", measure),))
        return Having(Compare("m", Op.IS_NULL, operand=False), (("m", measure),))

    def _group_order(self, data_set: DatasetCode, keys: tuple[Key, ...]) -> tuple[GroupOrder, ...]:
        if self._outside == "group order" or self._one_in(3):
            by = self._measure(data_set, "group order")
            return (GroupOrder(by, descending=self._one_in(2)),)
        return tuple(GroupOrder(key, descending=True) for key in keys[:1])

    def _grouped(self, data_set: DatasetCode) -> list[str]:
        return list(self._scope.grouped(data_set)) if data_set in self._scope.data_sets else []

    def _named(self, data_set: DatasetCode, where: str, usable: list[str]) -> str:
        leaves = self._leaves(where)
        return self._of(self._hidden(data_set) if leaves or not usable else usable)
