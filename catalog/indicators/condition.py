"""A filter as a file writes it -> the one filter language (`catalog/predicate.py`).

kind: {eq: flood}                         # all of these hold
closed_at: {is_null: false}
place_code: {within: ["500106"]}
any: [{kind: {eq: fire}}, {not: {level: {lt: 3}}}]
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal

from catalog.declaration import KeyPath
from catalog.ids import PlaceCode
from catalog.predicate import And, Compare, Not, Op, Or, Predicate, Scalar, Within

WITHIN = "within"
LISTS = (Op.IN, Op.NOT_IN, Op.BETWEEN)


class NotACondition(ValueError):
    """`path` is where, below the filter."""

    def __init__(self, path: KeyPath, problem: str) -> None:
        super().__init__(problem)
        self.path = path


def read_condition(value: object, path: KeyPath = ()) -> Predicate:
    """NotACondition says where it is none."""
    if not isinstance(value, Mapping) or not value:
        raise NotACondition(
            path, "a filter names columns, each with a comparison, or any, all, not."
        )
    terms = tuple(_terms(value, path))
    return terms[0] if len(terms) == 1 else And(terms)


def _terms(value: Mapping[object, object], path: KeyPath) -> Iterator[Predicate]:
    for key, body in value.items():
        name = str(key)
        where = (*path, name)
        if name in {"any", "all"}:
            if not isinstance(body, list) or not body:
                raise NotACondition(where, f"{name} holds a list of filters.")
            terms = tuple(read_condition(b, (*where, i)) for i, b in enumerate(body))
            yield Or(terms) if name == "any" else And(terms)
        elif name == "not":
            yield Not(read_condition(body, where))
        else:
            yield from _comparisons(name, body, where)


def _comparisons(column: str, body: object, path: KeyPath) -> Iterator[Predicate]:
    if not isinstance(body, Mapping) or not body:
        raise NotACondition(path, f"{column} needs a comparison: {{eq: ...}}.")
    for key, value in body.items():
        where = (*path, str(key))
        if key == WITHIN:
            places = value if isinstance(value, list) else [value]
            yield Within(column, tuple(PlaceCode(str(place)) for place in places))
        elif key not in list(Op):
            raise NotACondition(where, f"{key!r} is not one of {', '.join(Op)}, {WITHIN}.")
        else:
            yield Compare(column, Op(key), _operand(Op(key), value, where))


def _operand(op: Op, value: object, path: KeyPath) -> Scalar | tuple[Scalar, ...]:
    if op in LISTS:
        if not isinstance(value, list) or (op is Op.BETWEEN and len(value) != 2):  # noqa: PLR2004 - two bounds
            raise NotACondition(
                path, f"{op} holds {'two values' if op is Op.BETWEEN else 'a list'}."
            )
        return tuple(_scalar(each, path) for each in value)
    if op is Op.IS_NULL and not isinstance(value, bool):
        raise NotACondition(path, "is_null is true or false.")
    return _scalar(value, path)


def _scalar(value: object, path: KeyPath) -> Scalar:
    match value:
        case float():
            return Decimal(str(value))
        case str() | bool() | int() | datetime() | date():
            return value
    raise NotACondition(path, "a value is text, a number, true, false, a day or an instant.")
