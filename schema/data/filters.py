"""The filter inputs of the kinds of column, and what a caller wrote in a filter as a `Condition`.

Rules: a filter names visible columns and granted relations only; several operators, columns or
relations beside each other must all hold; an explicit null is refused, because `eq: null` keeps no row
and `isNull` is what is meant; so are empty `and`, `or`, `not` and `every`, which would silently keep
everything or nothing. An empty filter of related rows asks whether there are any.
"""

from collections.abc import Iterator, Mapping, Sequence

from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLString,
)

from catalog.contracts import Kind, camel
from catalog.ids import PlaceCode
from catalog.predicate import Compare, Op, Scalar, Within
from catalog.slot import Slot
from query.area import Polygon
from query.tree import AllOf, AnyOf, Condition, Located, Negated, Quantifier, Related
from schema.data.location import MAX_POINTS, areas_of
from schema.data.shape import RowShape, Shapes, target_of
from schema.errors import FilterInvalid
from schema.scalars import BIG_INT, DATE, DATE_TIME, DECIMAL, PLACE_CODE

MAX_TERMS = 200
MAX_RELATED = 10
MAX_NESTING = 8
MAX_LIST = 1_000
WITHIN = "within"
LOGIC = ("and", "or", "not")

KIND_SCALARS: Mapping[Kind, GraphQLScalarType] = {
    Kind.STRING: GraphQLString,
    Kind.INTEGER: GraphQLInt,
    Kind.BIGINT: BIG_INT,
    Kind.DECIMAL: DECIMAL,
    Kind.DOUBLE: GraphQLFloat,
    Kind.BOOLEAN: GraphQLBoolean,
    Kind.DATE: DATE,
    Kind.TIMESTAMP: DATE_TIME,
    Kind.PLACE: PLACE_CODE,
}
EQUALITY = (Op.EQ, Op.NE, Op.IN, Op.NOT_IN, Op.IS_NULL)
ORDERING = (Op.LT, Op.LTE, Op.GT, Op.GTE, Op.BETWEEN)
TEXT = (Op.CONTAINS, Op.STARTS_WITH)
OPERATORS: Mapping[Kind, tuple[Op, ...]] = {
    Kind.STRING: EQUALITY + ORDERING + TEXT,
    Kind.INTEGER: EQUALITY + ORDERING,
    Kind.BIGINT: EQUALITY + ORDERING,
    Kind.DECIMAL: EQUALITY + ORDERING,
    Kind.DOUBLE: EQUALITY + ORDERING,
    Kind.BOOLEAN: (Op.EQ, Op.NE, Op.IS_NULL),
    Kind.DATE: EQUALITY + ORDERING,
    Kind.TIMESTAMP: EQUALITY + ORDERING,
    Kind.PLACE: EQUALITY,
}
LISTED = (Op.IN, Op.NOT_IN, Op.BETWEEN)
OPERATOR_NAMES: Mapping[str, Op] = {camel(op.value): op for op in Op}
NOTES: Mapping[Op, str] = {
    Op.BETWEEN: "下限与上限，均含。Low and high, both included.",
    Op.IS_NULL: "是否为空。Whether there is no value.",
}


def column_filter(kind: Kind) -> GraphQLInputObjectType:
    """The shared input of every column of a kind: `DecimalFilter`."""
    return COLUMN_FILTERS[kind]


def _column_filter(kind: Kind) -> GraphQLInputObjectType:
    scalar = KIND_SCALARS[kind]
    fields = {
        camel(op.value): GraphQLInputField(_operand(op, scalar), description=NOTES.get(op))
        for op in OPERATORS[kind]
    }
    if kind is Kind.PLACE:
        fields[WITHIN] = GraphQLInputField(
            PLACE_CODE, description="该地及其所辖。The place and everything it governs."
        )
    return GraphQLInputObjectType(f"{scalar.name}Filter", fields)


def _operand(op: Op, scalar: GraphQLScalarType) -> GraphQLInputType:
    if op is Op.IS_NULL:
        return GraphQLBoolean
    return GraphQLList(GraphQLNonNull(scalar)) if op in LISTED else scalar


COLUMN_FILTERS: Mapping[Kind, GraphQLInputObjectType] = {
    kind: _column_filter(kind) for kind in Kind
}


def condition_of(value: object, shape: RowShape, shapes: Shapes) -> Condition | None:
    """What a coerced filter of a data set says. None: no condition."""
    return _Reading(shapes).condition(shape, _object(value, "where"), "where", 0)


class _Reading:
    """One filter being read; it counts, so that no variable can grow a statement without end."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._terms = 0
        self._related = 0
        self._points = 0

    def condition(
        self, shape: RowShape, given: Mapping[str, object], at: str, nesting: int
    ) -> Condition | None:
        if nesting > MAX_NESTING:
            raise _wrong(at, f"嵌套超过 {MAX_NESTING} 层", f"nested deeper than {MAX_NESTING}")
        found: list[Condition] = []
        for name, value in given.items():
            here = f"{at}.{name}"
            if name in LOGIC:
                found.append(self._logic(shape, name, value, here, nesting))
            elif name in shape.columns:
                found += self._column(shape.columns[name], _object(value, here), here)
            elif name in shape.relations:
                found += self._relation(shape, name, _object(value, here), here, nesting)
            else:
                found += self._location(_object(value, here), here)
        if not found:
            return None
        return found[0] if len(found) == 1 else AllOf(tuple(found))

    def _logic(self, shape: RowShape, name: str, value: object, at: str, nesting: int) -> Condition:
        if name == "not":
            return Negated(self._one(shape, value, at, nesting))
        items = _list(value, at)
        terms = tuple(self._one(shape, v, f"{at}.{i}", nesting) for i, v in enumerate(items))
        if not terms:
            raise _wrong(at, *NOTHING_ASKED)
        return AllOf(terms) if name == "and" else AnyOf(terms)

    def _one(self, shape: RowShape, value: object, at: str, nesting: int) -> Condition:
        term = self.condition(shape, _object(value, at), at, nesting + 1)
        if term is None:
            raise _wrong(at, *NOTHING_ASKED)
        return term

    def _column(self, column: str, given: Mapping[str, object], at: str) -> Iterator[Condition]:
        for term in comparisons(column, given, at):
            self._count(at)
            yield term

    def _relation(
        self, shape: RowShape, name: str, given: Mapping[str, object], at: str, nesting: int
    ) -> Iterator[Condition]:
        relation = shape.relations[name]
        target = target_of(relation, self._shapes)
        if relation.many and not given:
            raise _wrong(at, "需要 some、every 或 none", "needs some, every or none")
        asked = given if relation.many else {Quantifier.SOME.value: given}
        for quantifier, value in asked.items():
            here = f"{at}.{quantifier}" if relation.many else at
            self._count(here)
            self._related += 1
            if self._related > MAX_RELATED:
                problem = f"关联条件超过 {MAX_RELATED} 个"
                raise _wrong(here, problem, f"more than {MAX_RELATED} conditions on relations")
            inner = self.condition(target, _object(value, here), here, nesting + 1)
            if inner is None and quantifier == Quantifier.EVERY:
                raise _wrong(here, *NOTHING_ASKED)
            yield Related(relation.name, Quantifier(quantifier), inner)

    def _location(self, given: Mapping[str, object], at: str) -> Iterator[Condition]:
        for here, area in areas_of(given, at):
            self._count(here)
            self._points += len(area.points) if isinstance(area, Polygon) else 0
            if self._points > MAX_POINTS:
                problem = f"all polygons together have more than {MAX_POINTS} points"
                raise _wrong(here, f"各多边形的点合计超过 {MAX_POINTS} 个", problem)
            yield Located(area)

    def _count(self, at: str) -> None:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise _wrong(at, f"条件超过 {MAX_TERMS} 个", f"more than {MAX_TERMS} conditions")


NOTHING_ASKED = ("至少需要一个条件", "needs at least one condition")


def comparisons(column: str, given: Mapping[str, object], at: str) -> Iterator[Compare | Within]:
    """What the operators of one column's filter say."""
    for name, value in given.items():
        here = f"{at}.{name}"
        if value is None:
            raise _wrong(here, "不能为 null，请用 isNull", "must not be null; use isNull")
        yield _comparison(column, name, value, here)


def _comparison(column: str, name: str, value: object, at: str) -> Compare | Within:
    if name == WITHIN:
        return Within(column, (PlaceCode(str(value)),))
    op = OPERATOR_NAMES[name]
    if op not in LISTED or isinstance(value, Slot):
        return Compare(column, op, operand_of(value))
    values = tuple(operand_of(item) for item in _list(value, at))
    if len(values) > MAX_LIST:
        raise _wrong(at, f"列表超过 {MAX_LIST} 项", f"lists more than {MAX_LIST} values")
    if op is Op.BETWEEN and len(values) != 2:  # noqa: PLR2004 - a range has two ends
        raise _wrong(at, "需要下限与上限两个值", "needs two values, low and high")
    return Compare(column, op, values)


def _object(value: object, at: str) -> Mapping[str, object]:
    if isinstance(value, dict):
        return value
    raise _wrong(at, "不能为 null", "must not be null")


def _list(value: object, at: str) -> Sequence[object]:
    if isinstance(value, list):
        return value
    raise _wrong(at, "不能为 null", "must not be null")


def scalar_of(value: object) -> Scalar:
    """graphql-core has coerced it to the operand's type already."""
    return value  # type: ignore[return-value]


def operand_of(value: object) -> Scalar | Slot:
    """The same, where a slot may stand for the value."""
    return value  # type: ignore[return-value]


def _wrong(at: str, problem_zh: str, problem: str) -> FilterInvalid:
    return FilterInvalid(at=at, problem_zh=problem_zh, problem=problem)
