"""Parts and predicates as JSON, exactly: a decimal stays a decimal, an instant keeps its zone."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from catalog.ids import PlaceCode
from catalog.predicate import And, Compare, Not, Op, Or, Predicate, Scalar, Within
from catalog.sharing.grant import GrantedColumn, Part, Quota, Visibility
from catalog.slot import Slot

Json = dict[str, object]


def canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def parts_to_json(parts: Sequence[Part]) -> list[object]:
    return [
        {
            "columns": [[c.name, c.visibility.value] for c in part.columns],
            "places": None if part.places is None else list(part.places),
            "filter": None if part.row_filter is None else predicate_to_json(part.row_filter),
        }
        for part in parts
    ]


def limits_to_json(quota: Quota, minimum_group: int) -> Json:
    """Only what is limited, so that a wording without limits keeps the digest it always had."""
    limits = {"calls": quota.calls, "rows": quota.rows, "bytes": quota.bytes}
    found: Json = {name: limit for name, limit in limits.items() if limit is not None}
    return found | ({"minimum_group": minimum_group} if minimum_group > 1 else {})


def parts_from_json(value: Sequence[object]) -> tuple[Part, ...]:
    return tuple(map(_part, value))


def predicate_to_json(predicate: Predicate) -> Json:
    match predicate:
        case Compare(column, op, operand):
            many = isinstance(operand, tuple)
            values = operand if isinstance(operand, tuple) else (operand,)
            return {
                "column": column,
                "op": op.value,
                "many": many,
                "values": [*map(_plain, values)],
            }
        case Within(column, places):
            return {"column": column, "within": list(places)}
        case And(terms):
            return {"and": [predicate_to_json(term) for term in terms]}
        case Or(terms):
            return {"or": [predicate_to_json(term) for term in terms]}
        case Not(term):
            return {"not": predicate_to_json(term)}


def predicate_from_json(value: object) -> Predicate:
    body = _object(value)
    if "and" in body:
        return And(tuple(map(predicate_from_json, _list(body["and"]))))
    if "or" in body:
        return Or(tuple(map(predicate_from_json, _list(body["or"]))))
    if "not" in body:
        return Not(predicate_from_json(body["not"]))
    column = str(body["column"])
    if "within" in body:
        return Within(column, tuple(PlaceCode(str(p)) for p in _list(body["within"])))
    values = tuple(map(_scalar, _list(body["values"])))
    return Compare(column, Op(str(body["op"])), values if body["many"] else values[0])


def _part(value: object) -> Part:
    body = _object(value)
    places, row_filter = body["places"], body["filter"]
    columns = [_list(column) for column in _list(body["columns"])]
    return Part(
        columns=tuple(GrantedColumn(str(n), Visibility(str(v))) for n, v in columns),
        places=None if places is None else tuple(PlaceCode(str(p)) for p in _list(places)),
        row_filter=None if row_filter is None else predicate_from_json(row_filter),
    )


def _plain(value: Scalar | Slot) -> object:
    match value:
        case Slot():
            message = "a grant's condition has its values"
            raise TypeError(message)
        case Decimal():
            return {"decimal": str(value)}
        case datetime():
            return {"instant": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
    return value


def _scalar(value: object) -> Scalar:
    match value:
        case {"decimal": str(text)}:
            return Decimal(text)
        case {"instant": str(text)}:
            return datetime.fromisoformat(text)
        case {"date": str(text)}:
            return date.fromisoformat(text)
        case str() | bool() | int() | float():
            return value
    message = f"not a value of a predicate: {value!r}"
    raise ValueError(message)


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        message = f"not an object: {value!r}"
        raise TypeError(message)
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        message = f"not a list: {value!r}"
        raise TypeError(message)
    return value
