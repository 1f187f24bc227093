"""Cursors: where in an order a row stands, told by the visible values that the order reads.

Rules: the engine writes them and we read them. A cursor is the values as text and an authenticator over
them and over what the list is: its data set, its grant and its order; whatever was made otherwise, or for
another list, is refused. The authenticator is SHA-256 twice with two keys, which the engine can work
out: H(outer || H(inner || list || values)).
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from catalog.contracts import ColumnType, Kind
from catalog.ids import DatasetCode
from query.block import Block, Draft
from query.errors import CursorInvalid, UnknownField
from query.order import undecided
from query.relation import Scope, sql_type
from query.tree import Order, OrderByTotal, OrderTerm, OrderThrough, Total

INNER, OUTER, LIST = "cursor_inner", "cursor_outer", "cursor_list"
NULL, BETWEEN = "-", "."
DIGITS = 32
"""Of the authenticator: 128 bits."""
LONGEST = 49_152
INSTANT = sql_type(ColumnType(Kind.TIMESTAMP))
TEXT = exp.DataType.build("VARCHAR")


@dataclass(frozen=True, slots=True)
class Cursors:
    """Those of one list."""

    types: tuple[str, ...]
    """The engine's type of each value."""
    list: str
    inner: str = field(repr=False)
    outer: str = field(repr=False)

    def node(self, draft: Draft, values: Sequence[exp.Expr]) -> exp.Expr:
        """What writes the cursor of a row."""
        inner, outer, list_ = (
            draft.constant(name, value)
            for name, value in ((INNER, self.inner), (OUTER, self.outer), (LIST, self.list))
        )
        text = _joined(
            [_written(value, kind) for value, kind in zip(values, self.types, strict=True)]
        )
        once = _hash(_joined([exp.DPipe(this=inner, expression=list_), text.copy()]))
        twice = _hash(exp.DPipe(this=outer, expression=once))
        digits = exp.Left(this=twice, expression=exp.Literal.number(DIGITS))
        return _joined([text, digits])

    def values(self, cursor: str, argument: str) -> tuple[str | None, ...]:
        """The texts of its values; CursorInvalid when we never gave it out for this list."""
        text, _, given = cursor.rpartition(BETWEEN)
        fits = len(cursor) <= LONGEST and cursor.isascii()
        if not fits or not hmac.compare_digest(given, self._authenticator(text)):
            raise CursorInvalid(argument=argument)
        return tuple(_read(part) for part in text.split(BETWEEN))

    def _authenticator(self, text: str) -> str:
        once = _digest(f"{self.inner}{self.list}{BETWEEN}{text}")
        return _digest(self.outer + once)[:DIGITS]


def cursors_of(scope: Scope, data_set: DatasetCode, order: tuple[OrderTerm, ...]) -> Cursors:
    whole = (*order, *(Order(name) for name in undecided(scope, data_set, order)))
    types = tuple(_type(scope, data_set, term) for term in whole)
    told = repr((data_set, scope.grant(data_set).id, whole, types))
    inner, outer = (
        hmac.digest(scope.cursor_key.encode(), name.encode(), "sha256").hex()
        for name in (INNER, OUTER)
    )
    return Cursors(types, _digest(told), inner, outer)


def never_null(block: Block, name: str) -> bool:
    """Whether the column makes the order total because it is of the key."""
    scope = block.draft.scope
    key = scope.catalogue.contracts[block.data_set].key
    return name in key and scope.order(block.data_set) == key


def _type(scope: Scope, data_set: DatasetCode, term: OrderTerm) -> str:
    match term:
        case Order(column=name):
            return sql_type(scope.column_type(data_set, name))
        case OrderThrough(relation=relation, term=inner):
            return _type(scope, _target(scope, data_set, relation), inner)
        case OrderByTotal(relation=relation, total=total, column=name):
            if name is None:
                return "BIGINT"
            kind = scope.column_type(_target(scope, data_set, relation), name)
            return _total_type(total, kind)


def _target(scope: Scope, data_set: DatasetCode, name: str) -> DatasetCode:
    relation = scope.relations(data_set).get(name)
    if relation is None:
        raise UnknownField(data_set=data_set, field=name)
    return relation.target


def _total_type(total: Total, kind: ColumnType) -> str:
    if total in {Total.MIN, Total.MAX}:
        return sql_type(kind)
    if total is Total.AVG or kind.kind is Kind.DOUBLE:
        return "DOUBLE"
    return f"DECIMAL(38, {kind.scale})" if kind.kind is Kind.DECIMAL else "HUGEINT"


def value_of(text: exp.Expr, kind: str) -> exp.Expr:
    """What `_written` wrote of a value of that type."""
    if kind != INSTANT:
        return exp.Cast(this=text, to=exp.DataType.build(kind, dialect="duckdb"))
    clock = exp.Cast(this=text, to=exp.DataType.build("TIMESTAMP", dialect="duckdb"))
    return _clock_of(clock)


def _written(value: exp.Expr, kind: str) -> exp.Expr:
    told = _clock_of(value.copy()) if kind == INSTANT else value.copy()
    text = exp.Cast(this=told, to=TEXT.copy())
    coded = exp.Anonymous(
        this="to_base64", expressions=[exp.Anonymous(this="encode", expressions=[text])]
    )
    return exp.Coalesce(this=coded, expressions=[exp.Literal.string(NULL)])


def _clock_of(instant: exp.Expr) -> exp.Expr:
    """An instant as the clock of UTC shows it, and back: the text of an instant lacks the seconds of its
    offset, and before 1901 the city's had some.
    """
    return exp.Anonymous(this="timezone", expressions=[exp.Literal.string("UTC"), instant])


def _read(part: str) -> str | None:
    return None if part == NULL else base64.b64decode(part).decode()


def _joined(parts: Sequence[exp.Expr]) -> exp.Expr:
    whole = parts[0]
    for part in parts[1:]:
        dotted = exp.DPipe(this=whole, expression=exp.Literal.string(BETWEEN))
        whole = exp.DPipe(this=dotted, expression=part)
    return whole


def _hash(node: exp.Expr) -> exp.Expr:
    return exp.SHA2(this=node, length=exp.Literal.number(256))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
