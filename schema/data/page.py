"""Which rows of a list, in which order: its arguments as parts of a tree.

Rules: what a list without arguments gives is bounded; so are orders, offsets and how deep an order goes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from query.tree import (
    Condition,
    FirstOf,
    Order,
    OrderByTotal,
    OrderTerm,
    OrderThrough,
    Total,
)
from schema.data.asked import Arguments, Asked
from schema.data.filters import condition_of
from schema.data.inputs import DEFAULT_LIMIT
from schema.data.shape import AGGREGATE, RowShape, Shapes, target_of
from schema.errors import FilterInvalid, PageOutOfRange, PageTooLong

MAX_LIMIT = 1_000
"""Rows of a page, where a client has no limit of its own."""
MAX_OFFSET = 100_000
MAX_ORDER = 10
MAX_THROUGH = 5
"""Relations that one order term goes through."""


@dataclass(frozen=True, slots=True)
class Page:
    where: Condition | None
    order: tuple[OrderTerm, ...]
    limit: int
    offset: int
    first_of: FirstOf | None


def page_of(asked: Asked, arguments: Arguments, shape: RowShape) -> Page:
    """`arguments` are coerced."""
    return Page(
        where=where_of(arguments, shape, asked.shapes),
        order=order_of(arguments, shape, asked.shapes),
        limit=bounded(arguments.get("limit"), "limit", DEFAULT_LIMIT, asked.page_limit),
        offset=bounded(arguments.get("offset"), "offset", 0, MAX_OFFSET),
        first_of=first_of(arguments),
    )


def where_of(arguments: Arguments, shape: RowShape, shapes: Shapes) -> Condition | None:
    where = arguments.get("where")
    return None if where is None else condition_of(where, shape, shapes)


def order_of(arguments: Arguments, shape: RowShape, shapes: Shapes) -> tuple[OrderTerm, ...]:
    given = arguments.get("orderBy")
    terms = given if isinstance(given, list) else []
    if len(terms) > MAX_ORDER:
        raise _wrong_order(f"排序项超过 {MAX_ORDER} 个", f"more than {MAX_ORDER} terms")
    return tuple(_term(term, shape, shapes, 0) for term in terms)


def bounded(value: object, argument: str, default: int, high: int) -> int:
    if value is None:
        return default
    if not isinstance(value, int) or not 0 <= value <= high:
        wrong = PageTooLong if argument == "limit" else PageOutOfRange
        raise wrong(argument=argument, low=0, high=high)
    return value


def first_of(arguments: Arguments) -> FirstOf | None:
    on, latest = arguments.get("distinctOn"), arguments.get("latestBy")
    if isinstance(on, list) and isinstance(latest, dict):
        raise FilterInvalid(
            at="latestBy",
            problem_zh="不能与 distinctOn 同时使用",
            problem="must not stand beside distinctOn",
        )
    if isinstance(latest, dict):
        return FirstOf(_columns(latest["keys"], "latestBy.keys"), newest=latest["at"])
    return FirstOf(_columns(on, "distinctOn")) if isinstance(on, list) else None


def _columns(names: list[str], at: str) -> tuple[str, ...]:
    if not names:
        raise FilterInvalid(at=at, problem_zh="至少需要一列", problem="needs at least one column")
    return tuple(dict.fromkeys(names))


def _term(given: Mapping[str, object], shape: RowShape, shapes: Shapes, depth: int) -> OrderTerm:
    if depth > MAX_THROUGH:
        raise _wrong_order(
            f"关联超过 {MAX_THROUGH} 层", f"goes through more than {MAX_THROUGH} relations"
        )
    ((name, value),) = given.items()  # a @oneOf input
    if isinstance(value, str):
        return Order(shape.columns[name], *direction_of(value))
    inner: Mapping[str, object] = value if isinstance(value, dict) else {}
    if name in shape.relations:
        relation = shape.relations[name]
        return OrderThrough(
            relation.name, _term(inner, target_of(relation, shapes), shapes, depth + 1)
        )
    relation = shape.relations[name.removesuffix(AGGREGATE)]
    return _by_total(relation.name, inner, target_of(relation, shapes))


def _by_total(relation: str, given: Mapping[str, object], target: RowShape) -> OrderByTotal:
    ((name, value),) = given.items()
    if isinstance(value, dict):
        ((total, direction),) = value.items()
        return OrderByTotal(relation, Total(total), target.totalled[name], *direction_of(direction))
    return OrderByTotal(relation, Total(name), None, *direction_of(str(value)))


def direction_of(text: str) -> tuple[bool, bool]:
    """Whether descending, and whether nulls come first."""
    return text.startswith("desc"), text.endswith("nulls_first")


def _wrong_order(problem_zh: str, problem: str) -> FilterInvalid:
    return FilterInvalid(at="orderBy", problem_zh=problem_zh, problem=problem)
