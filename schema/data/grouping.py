"""From the arguments and the selection of a list of groups to the tree of groups."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from graphql.execution.collect_fields import FieldDetails

from catalog.contracts import pascal
from catalog.predicate import And, Not, Or, Predicate
from query.aggregate import (
    CITY,
    ROWS,
    Function,
    Grouping,
    GroupOrder,
    Groups,
    GroupSelection,
    Having,
    Key,
    Measure,
    Said,
    Together,
    Told,
)
from query.tree import Condition
from schema.data.aggregates import COUNT, KEY, ONLY, WHERE
from schema.data.asked import Arguments, Asked
from schema.data.filters import LOGIC, MAX_NESTING, MAX_TERMS, comparisons, condition_of
from schema.data.inputs import DEFAULT_LIMIT
from schema.data.measures import DIRECTION, FUNCTION_NAMES, IS, P
from schema.data.page import MAX_OFFSET, MAX_ORDER, bounded, direction_of
from schema.data.shape import RowShape, Shapes
from schema.errors import FilterInvalid

MAX_KEYS = 8
MAX_KEY_RELATIONS = 3
"""Relations that one key goes through."""
TYPENAME = "__typename"
Given = Mapping[str, object]


def groups_of(
    asked: Asked, fields: list[FieldDetails], shape: RowShape, arguments: Arguments
) -> Groups:
    """`arguments` are coerced."""
    return Groups(
        selection=_Selecting(asked, shape).row(fields),
        where=_where(arguments.get(WHERE), shape, asked.shapes),
        group_by=_group_by(arguments.get("groupBy"), shape, asked.shapes),
        having=_having(arguments.get("having"), shape),
        order=_order(arguments.get("orderBy"), shape, asked.shapes),
        limit=bounded(arguments.get("limit"), "limit", DEFAULT_LIMIT, asked.page_limit),
        offset=bounded(arguments.get("offset"), "offset", 0, MAX_OFFSET),
    )


@dataclass(frozen=True, slots=True)
class _Selecting:
    asked: Asked
    shape: RowShape

    def row(self, fields: list[FieldDetails]) -> GroupSelection:
        found: list[Said | Told | Together] = []
        for alias, group, row in self.asked.below(f"{self.shape.type_name}AggregateRow", fields):
            name = group[0].node.name.value
            if name == TYPENAME:
                found.append(Said(alias, row.name))
            elif name == COUNT:
                found.append(Told(alias, ROWS))
            elif name == KEY:
                found.append(Together(alias, self._keys(self.shape, (), group)))
            elif name == ONLY:
                where = self.asked.arguments(row, group[0].node)[WHERE]
                only = _where(where, self.shape, self.asked.shapes)
                found.append(Together(alias, self.row(group), only))
            else:
                measured = row.fields[name].type.of_type.name
                column = self.shape.measured[name]
                found.append(Together(alias, tuple(self._measures(measured, column, group))))
        return tuple(found)

    def _measures(
        self, type_name: str, column: str, fields: list[FieldDetails]
    ) -> Iterator[Said | Told]:
        for alias, group, row in self.asked.below(type_name, fields):
            node = group[0].node
            if node.name.value == TYPENAME:
                yield Said(alias, row.name)
            else:
                given = self.asked.arguments(row, node)
                yield Told(alias, _measure(node.name.value, column, given.get(P)))

    def _keys(
        self, shape: RowShape, relations: tuple[str, ...], fields: list[FieldDetails]
    ) -> GroupSelection:
        found: list[Said | Told | Together] = []
        for alias, group, row in self.asked.below(f"{shape.type_name}Keys", fields):
            name = group[0].node.name.value
            if name == TYPENAME:
                found.append(Said(alias, row.name))
            elif name in shape.grouped:
                found.append(Told(alias, Key(shape.grouped[name], relations)))
            else:
                target, path = _through(shape, name, relations, self.asked.shapes)
                found.append(Together(alias, self._keys(target, path, group)))
        return tuple(found)


def _where(given: object, shape: RowShape, shapes: Shapes) -> Condition | None:
    if given is None:
        return None
    cells = (
        replace(shape, columns=shape.grouped, relations={}, coordinates=None)
        if shape.small
        else shape
    )
    return condition_of(given, cells, shapes)


def _group_by(given: object, shape: RowShape, shapes: Shapes) -> tuple[Grouping, ...]:
    keys = given if isinstance(given, list) else []
    if len(keys) > MAX_KEYS:
        raise _wrong("groupBy", f"分组键超过 {MAX_KEYS} 个", f"more than {MAX_KEYS} keys")
    return tuple(_grouping(key, shape, (), shapes) for key in keys)


def _grouping(
    given: Given, shape: RowShape, relations: tuple[str, ...], shapes: Shapes
) -> Grouping:
    ((name, value),) = given.items()  # a @oneOf input
    match name, value:
        case "column", str():
            return Grouping(Key(value, relations))
        case "bucket", {"field": field, "by": unit, **rest}:
            return Grouping(Key(field, relations), unit=unit, zone=str(rest.get("zone") or CITY))
        case "place", {"field": field, "to": level}:
            return Grouping(Key(field, relations), level=level)
        case _:
            relation = name if name in shape.keys_of else name.removesuffix("_")
            target, path = _through(shape, relation, relations, shapes)
            return _grouping(_object(value), target, path, shapes)


def _through(
    shape: RowShape, name: str, relations: tuple[str, ...], shapes: Shapes
) -> tuple[RowShape, tuple[str, ...]]:
    if len(relations) == MAX_KEY_RELATIONS:
        raise _wrong(
            "groupBy",
            f"关联超过 {MAX_KEY_RELATIONS} 层",
            f"a key goes through more than {MAX_KEY_RELATIONS} relations",
        )
    return shapes[pascal(shape.keys_of[name])], (*relations, shape.relations[name].name)


def _order(given: object, shape: RowShape, shapes: Shapes) -> tuple[GroupOrder, ...]:
    terms = given if isinstance(given, list) else []
    if len(terms) > MAX_ORDER:
        raise _wrong("orderBy", f"排序项超过 {MAX_ORDER} 个", f"more than {MAX_ORDER} terms")
    return tuple(_order_term(term, shape, shapes) for term in terms)


def _order_term(given: Given, shape: RowShape, shapes: Shapes) -> GroupOrder:
    ((name, value),) = given.items()  # @oneOf inputs, down to the direction
    if name == COUNT:
        return GroupOrder(ROWS, *direction_of(str(value)))
    if name == KEY:
        return _key_order(_object(value), shape, (), shapes)
    ((function, direction),) = _object(value).items()
    if isinstance(direction, dict):
        measure = _measure(function, shape.measured[name], direction[P])
        return GroupOrder(measure, *direction_of(str(direction[DIRECTION])))
    return GroupOrder(_measure(function, shape.measured[name], None), *direction_of(str(direction)))


def _key_order(
    given: Given, shape: RowShape, relations: tuple[str, ...], shapes: Shapes
) -> GroupOrder:
    ((name, value),) = given.items()
    if name in shape.grouped:
        return GroupOrder(Key(shape.grouped[name], relations), *direction_of(str(value)))
    target, path = _through(shape, name, relations, shapes)
    return _key_order(_object(value), target, path, shapes)


def _having(given: object, shape: RowShape) -> Having | None:
    if given is None:
        return None
    reading = _HavingReading(shape)
    predicate = reading.all_of(_object(given), "having", 0)
    return None if predicate is None else Having(predicate, tuple(reading.measures.items()))


class _HavingReading:
    """One having being read; each measure gets the name that it has in what is refused."""

    def __init__(self, shape: RowShape) -> None:
        self._shape = shape
        self._terms = 0
        self.measures: dict[str, Measure] = {}

    def all_of(self, given: Given, at: str, nesting: int) -> Predicate | None:
        if nesting > MAX_NESTING:
            raise _wrong(at, f"嵌套超过 {MAX_NESTING} 层", f"nested deeper than {MAX_NESTING}")
        found: list[Predicate] = []
        for name, value in given.items():
            here = f"{at}.{name}"
            if name in LOGIC:
                found.append(self._logic(name, value, here, nesting))
            elif name == COUNT:
                found += self._compared(COUNT, ROWS, _object(value), here)
            else:
                found += self._column(name, _object(value), here)
        if not found:
            return None
        return found[0] if len(found) == 1 else And(tuple(found))

    def _logic(self, name: str, value: object, at: str, nesting: int) -> Predicate:
        many = [value] if name == "not" else value
        terms = tuple(
            self._one(item, f"{at}.{i}", nesting)
            for i, item in enumerate(many if isinstance(many, list) else [])
        )
        if not terms:
            raise _wrong(at, "至少需要一个条件", "needs at least one condition")
        joined: Mapping[str, Callable[[], Predicate]] = {
            "not": lambda: Not(terms[0]),
            "and": lambda: And(terms),
            "or": lambda: Or(terms),
        }
        return joined[name]()

    def _one(self, value: object, at: str, nesting: int) -> Predicate:
        term = self.all_of(_object(value), at, nesting + 1)
        if term is None:
            raise _wrong(at, "至少需要一个条件", "needs at least one condition")
        return term

    def _column(self, field: str, given: Given, at: str) -> Iterator[Predicate]:
        for name, value in given.items():
            asked, p = _object(value), None
            if FUNCTION_NAMES[name] is Function.PERCENTILE:
                asked, p = _object(asked[IS]), asked[P]
            measure = _measure(name, self._shape.measured[field], p)
            called = f"{field}.{name}" if p is None else f"{field}.{name}({p})"
            yield from self._compared(called, measure, asked, f"{at}.{name}")

    def _compared(
        self, called: str, measure: Measure, given: Given, at: str
    ) -> Iterator[Predicate]:
        self.measures[called] = measure
        for term in comparisons(called, given, at):
            self._terms += 1
            if self._terms > MAX_TERMS:
                raise _wrong(at, f"条件超过 {MAX_TERMS} 个", f"more than {MAX_TERMS} conditions")
            yield term


def _measure(name: str, column: str, p: object) -> Measure:
    share = p if isinstance(p, float | int) else None
    if share is not None and not 0 <= share <= 1:
        raise _wrong("p", "须在 0 到 1 之间", "must lie between 0 and 1")
    return Measure(FUNCTION_NAMES[name], column, None if share is None else float(share))


def _object(value: object) -> Given:
    if isinstance(value, dict):
        return value
    raise _wrong("groups", "不能为 null", "must not be null")


def _wrong(at: str, problem_zh: str, problem: str) -> FilterInvalid:
    return FilterInvalid(at=at, problem_zh=problem_zh, problem=problem)
