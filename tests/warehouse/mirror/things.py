"""Data sets of every kind of column, rows of them, grants on them and trees that ask for them.

Things belong to owners and are mirrored whole; of an owner's readings the newest is mirrored.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, partial
from random import Random
from typing import TypeVar

from catalog.catalogue import Catalogue
from catalog.contracts import Column, ColumnType, Contract, ForeignKey, Kind
from catalog.ids import DatasetCode, PlaceCode
from catalog.mirror import MirroredLatest, MirroredRows, SortedColumn
from catalog.places import unpadded
from catalog.predicate import And, Compare, Not, Op, Or, Predicate, Scalar, Within
from catalog.sharing.grant import Grant, GrantedColumn, Part, Visibility
from query.relation import Scope
from query.tree import (
    AllOf,
    AnyOf,
    Condition,
    Constant,
    FirstOf,
    Leaf,
    Negated,
    Nested,
    Order,
    OrderTerm,
    OrderThrough,
    Quantifier,
    Read,
    ReadOne,
    Related,
    Selection,
    Tree,
)
from tests.shared_data import PLACES, grant, reading, station

T = TypeVar("T")
Row = Mapping[str, Scalar | None]
THINGS, OWNERS, READINGS = DatasetCode("thing"), DatasetCode("owner"), DatasetCode("owner_reading")
CODES = ("A", "B", "甲", "a")
INSTANTS = tuple(
    datetime.fromisoformat(text)
    for text in (
        "2026-08-01T00:00:00+00:00",
        "2026-08-01T00:00:00.500000+00:00",
        "2026-08-01T00:00:00.000001+00:00",
        "0001-01-02T00:00:00+00:00",
        "1880-03-04T05:06:07.250000+00:00",
        "1900-12-31T15:54:16+00:00",
        "1900-12-31T15:54:17+00:00",
        "1941-03-15T00:00:00+00:00",
        "1969-12-31T23:59:59.500000+00:00",
        "1970-01-01T00:00:00+00:00",
        "1986-05-04T00:00:00+00:00",
        "1988-07-01T12:00:00+00:00",
        "1991-09-14T16:00:00+00:00",
        "1991-12-31T15:59:59+00:00",
        "1991-12-31T16:00:00+00:00",
        "9999-12-31T15:59:59+00:00",
        "9999-12-31T15:59:59.999999+00:00",
    )
)
TEXTS = ("", "a", "A", "ab", "aB", "甲", "乙", "渝中区", "é", '"', "\\", "a'b", "/", "\u2028", "😀")
VALUES: Mapping[Kind, Sequence[Scalar]] = {
    Kind.STRING: (*TEXTS, *(chr(n) for n in (*range(1, 32), 0x7F, 0x9F, 0xFEFF, 0xFFFF))),
    Kind.INTEGER: (0, 1, -1, 7, 2**31 - 1, -(2**31)),
    Kind.BIGINT: (0, -1, 2**53 - 1, 2**53 + 1, 2**63 - 1, 1 - 2**63),
    Kind.DOUBLE: (
        *(0.0, -0.0, 5e-324, 2.2250738585072014e-308, 1e16, 1e15, 1e21, 1e-5, 1e-4, 1e10, 0.1),
        *(1 / 3, 0.1 + 0.2, 100.0, -1.5, 123456789.123, 99999999999999.9, 9007199254740993.0),
        *(1.7976931348623157e308, 106.551556, 29.563009, 123456.789012345),
    ),
    Kind.BOOLEAN: (False, True),
    Kind.DATE: tuple(
        date.fromisoformat(text)
        for text in ("0001-01-01", "1582-10-10", "1900-01-01", "2026-08-01", "9999-12-31")
    ),
    Kind.TIMESTAMP: INSTANTS,
    Kind.PLACE: (
        *(500106004000000, 500106016000000, 500106000000000, 500106004001000, 500106004001002),
        *(500000000000000, 500199001000000, 500172000000000),
    ),
}
DECIMALS: Mapping[tuple[int, int], Sequence[Decimal]] = {
    (9, 3): tuple(Decimal(t) for t in ("0", "0.001", "-0.005", "12.5", "999999.999", "-1", "100")),
    (3, 3): tuple(Decimal(t) for t in ("0", "0.5", "-0.5", "0.001", "-0.999")),
    (4, 0): tuple(Decimal(t) for t in ("0", "-7", "9999")),
    (18, 2): tuple(Decimal(t) for t in ("0.01", "-9999999999999999.99", "9007199254740993.5")),
}
THING_COLUMNS = (
    ("id", ColumnType(Kind.BIGINT)),
    ("owner_code", ColumnType(Kind.STRING)),
    ("name", ColumnType(Kind.STRING)),
    ("count_of", ColumnType(Kind.INTEGER)),
    ("far", ColumnType(Kind.BIGINT)),
    ("level_m", ColumnType(Kind.DECIMAL, 9, 3)),
    ("share", ColumnType(Kind.DECIMAL, 3, 3)),
    ("year_of", ColumnType(Kind.DECIMAL, 4, 0)),
    ("price", ColumnType(Kind.DECIMAL, 18, 2)),
    ("longitude", ColumnType(Kind.DOUBLE)),
    ("open", ColumnType(Kind.BOOLEAN)),
    ("day", ColumnType(Kind.DATE)),
    ("seen_at", ColumnType(Kind.TIMESTAMP)),
    ("place_code", ColumnType(Kind.PLACE)),
)
OWNER_COLUMNS = (
    ("code", ColumnType(Kind.STRING)),
    ("name", ColumnType(Kind.STRING)),
    ("rank", ColumnType(Kind.INTEGER)),
    ("phone", ColumnType(Kind.STRING)),
)
READING_COLUMNS = (
    ("owner_code", ColumnType(Kind.STRING)),
    ("at", ColumnType(Kind.TIMESTAMP)),
    ("value", ColumnType(Kind.DOUBLE)),
    ("remark", ColumnType(Kind.STRING)),
)
KEYS = {THINGS: ("id",), OWNERS: ("code",), READINGS: ("owner_code", "at")}


@cache
def contracts() -> dict[DatasetCode, Contract]:
    belongs = (
        ForeignKey("owner", OWNERS, ("owner_code",), ("code",), "things"),
        ForeignKey("owner", OWNERS, ("owner_code",), ("code",), "readings"),
    )
    by_owner = (SortedColumn("owner_code"), SortedColumn("seen_at", descending=True))
    things = MirroredRows((by_owner, (SortedColumn("level_m"),)))
    return {
        THINGS: replace(
            _contract(reading("snapshot"), THINGS, THING_COLUMNS),
            foreign_keys=belongs[:1],
            mirror=things,
        ),
        OWNERS: replace(_contract(station(), OWNERS, OWNER_COLUMNS), mirror=MirroredRows()),
        READINGS: replace(
            _contract(station(), READINGS, READING_COLUMNS),
            foreign_keys=belongs[1:],
            mirror=MirroredLatest(("owner_code",), "at"),
        ),
    }


def _contract(
    of: Contract, code: DatasetCode, columns: Sequence[tuple[str, ColumnType]]
) -> Contract:
    made = tuple(Column(name, kind, name, name) for name, kind in columns)
    return replace(of, data_set=code, columns=made, key=KEYS[code], rules=())


@cache
def city() -> Catalogue:
    return Catalogue(contracts=contracts(), organisations={}, places=PLACES)


def any_rows(rng: Random, data_set: DatasetCode) -> list[Row]:
    contract = contracts()[data_set]
    kept: dict[tuple[Scalar | None, ...], Row] = {}
    for number in range(rng.choice((0, 3, 20, 30, 40))):
        row = {c.name: _held(rng, contract, c, number) for c in contract.columns}
        kept[tuple(row[name] for name in contract.key)] = row
    return list(kept.values())


def _held(rng: Random, contract: Contract, column: Column, number: int) -> Scalar | None:
    match column.name:
        case "id":
            return number * rng.choice((1, -1, 2**40))
        case "code" | "owner_code":
            return rng.choice(CODES)
        case name if name not in contract.key and rng.randrange(4) == 0:
            return None
    return any_value(rng, column.type)


def any_value(rng: Random, kind: ColumnType) -> Scalar:
    if kind.kind is Kind.DECIMAL:
        return rng.choice(DECIMALS[kind.precision, kind.scale])
    found = rng.choice(VALUES[kind.kind])
    if rng.randrange(3):
        return found
    match kind.kind:
        case Kind.STRING:
            return "".join(rng.choice((chr(_point(rng)), str(found))) for _ in range(4))
        case Kind.DOUBLE:
            return rng.choice((rng.uniform(-200, 200), round(rng.uniform(0, 1e6), 3)))
        case Kind.TIMESTAMP:
            return datetime(1870, 1, 1, tzinfo=UTC) + timedelta(
                microseconds=rng.randrange(6 * 10**15)
            )
        case _:
            return found


def _point(rng: Random) -> int:
    """Of a character; there are no halves of a pair in a text."""
    point = rng.choice(
        (rng.randrange(1, 256), rng.randrange(0x4E00, 0x9FFF), rng.randrange(1, 0x110000))
    )
    return 0x4E2D if 0xD800 <= point < 0xE000 else point


def any_scope(rng: Random) -> Scope:
    held = []
    for contract in contracts().values():
        if rng.randrange(12) == 0:
            continue
        held.append(_grant(rng, contract))
    return Scope(city(), held, "key")


PLACES_OF_PARTS: Sequence[tuple[tuple[PlaceCode, ...], ...]] = (
    *(((PlaceCode("500000"),),),) * 6,
    ((PlaceCode("500106"),),),
    ((PlaceCode("500106"),), (PlaceCode("500172"),)),
    ((),),
)


def _grant(rng: Random, contract: Contract) -> Grant:
    where: Sequence[tuple[PlaceCode, ...] | None] = (None,)
    if contract.place_column is not None:
        where = rng.choice(PLACES_OF_PARTS)
    filtered = rng.randrange(6) == 0
    masked = rng.choice((Visibility.MASKED, Visibility.CLEAR))
    parts = []
    for places in where:
        seen = [
            GrantedColumn(c.name, masked if c.name == "phone" else Visibility.CLEAR)
            for c in contract.columns
            if c.name in contract.key or c.name == "owner_code" or rng.randrange(8)
        ]
        asks = Asking(rng, None) if filtered else None
        kept = asks.compare(contract.data_set, row_filter=True) if asks else None
        parts.append(Part(tuple(seen), places, kept))
    return replace(grant(contract.data_set, ()), parts=tuple(parts))


class Asking:
    """Makes trees inside a scope; without one, the conditions of grants."""

    def __init__(self, rng: Random, scope: Scope | None) -> None:
        self._rng = rng
        self._scope = scope

    def tree(self) -> Tree:
        assert self._scope is not None
        data_set = self._of(self._scope.data_sets)
        selection = self._selection(data_set, 0)
        if self._one_in(5) and data_set != READINGS:
            contract = contracts()[data_set]
            key = tuple((n, self._value(contract.column(n))) for n in contract.key)
            return ReadOne(data_set, selection, key)
        first = self._first(data_set)
        where = self._condition(data_set, 0, newest=first is not None) if self._one_in(3) else None
        order = tuple(self._order(data_set) for _ in range(self._of((0, 0, 1, 2))))
        limit, offset = self._of((100, 100, 1, 3)), self._of((0, 0, 0, 0, 1))
        return Read(data_set, selection, where, order, limit, offset, first)

    def compare(self, data_set: DatasetCode, *, row_filter: bool = False) -> Predicate:
        contract = contracts()[data_set]
        names = [
            c.name for c in contract.columns if row_filter or c.name in self._visible(data_set)
        ]
        column = contract.column(self._of(names))
        value: Callable[[], Scalar] = partial(self._value, column)
        kind = column.type.kind
        if kind is Kind.PLACE and self._one_in(2):
            return Within(column.name, (self._of(tuple(p.code for p in PLACES)),))
        ops = [op for op in Op if op not in {Op.CONTAINS, Op.STARTS_WITH} or kind is Kind.STRING]
        if kind in {Kind.PLACE, Kind.BOOLEAN}:
            ops = [Op.EQ, Op.NE, Op.IN, Op.NOT_IN, Op.IS_NULL]
        op = self._of(ops)
        match op:
            case Op.IS_NULL:
                return Compare(column.name, op, self._one_in(2))
            case Op.IN | Op.NOT_IN:
                return Compare(
                    column.name, op, tuple(value() for _ in range(self._rng.randrange(4)))
                )
            case Op.BETWEEN:
                return Compare(column.name, op, (value(), value()))
            case _:
                return Compare(column.name, op, value())

    def _condition(self, data_set: DatasetCode, depth: int, *, newest: bool = False) -> Condition:
        if newest and not self._one_in(12):
            return Compare("owner_code", Op.IN, (self._of(CODES), self._of(CODES)))
        inner = partial(self._condition, data_set, depth + 1)
        match self._of(
            ("plain", "plain", "and", "or", "not", "related") if depth < 3 else ("plain",)
        ):
            case "and":
                return AllOf((inner(), inner()))
            case "or":
                return AnyOf((inner(), inner()))
            case "not":
                return Negated(inner())
            case "related":
                relation, target = self._relation(data_set)
                if relation is not None and (target != READINGS or self._one_in(9)):
                    where = self._condition(target, depth + 1) if self._one_in(2) else None
                    return Related(relation, self._of(tuple(Quantifier)), where)
        plain = self.compare(data_set)
        return self._of((plain, Not(plain), And((plain, self.compare(data_set))), Or((plain,))))

    def _selection(self, data_set: DatasetCode, depth: int) -> Selection:
        names = self._rng.sample(
            ("a", "b", "c", "d", "r1", "row_", "o0", "código"), self._of((1, 3, 6))
        )
        return tuple(self._item(data_set, name, depth) for name in names)

    def _item(self, data_set: DatasetCode, alias: str, depth: int) -> Leaf | Constant | Nested:
        relation, target = self._relation(data_set)
        if relation is None or depth == 2 or not self._one_in(3):
            visible = [n for n in self._visible(data_set) if n != "phone" or self._one_in(9)]
            return Constant(alias, "T'") if self._one_in(9) else Leaf(alias, self._of(visible))
        inner = self._selection(target, depth + 1)
        if relation == "owner":
            return Nested(alias, relation, inner)
        first = self._first(target)
        where = self._condition(target, 2, newest=first is not None) if self._one_in(2) else None
        order = (self._order(target),) if self._one_in(2) else ()
        return Nested(
            alias, relation, inner, where, order, self._of((None, 1, 2)), self._of((0, 1)), first
        )

    def _first(self, data_set: DatasetCode) -> FirstOf | None:
        if data_set == READINGS and not self._one_in(15) and "at" in self._visible(data_set):
            return FirstOf(("owner_code",), "at")
        if data_set == THINGS and self._one_in(8):
            return FirstOf(
                ("owner_code",),
                self._of((None, *(n for n in self._visible(data_set) if n == "far"))),
            )
        return None

    def _order(self, data_set: DatasetCode) -> OrderTerm:
        plain = Order(self._of(self._visible(data_set)), self._one_in(2), self._one_in(3))
        relation, target = self._relation(data_set)
        if relation == "owner" and data_set != READINGS and self._one_in(4):
            return OrderThrough("owner", Order(self._of(self._visible(target)), self._one_in(2)))
        return plain

    def _relation(self, data_set: DatasetCode) -> tuple[str | None, DatasetCode]:
        assert self._scope is not None
        relations = self._scope.relations(data_set)
        if not relations:
            return None, data_set
        names = [n for n in sorted(relations) if n != "readings" or self._one_in(2)]
        name = self._of(names or sorted(relations))
        return name, relations[name].target

    def _visible(self, data_set: DatasetCode) -> Sequence[str]:
        return () if self._scope is None else tuple(self._scope.columns(data_set))

    def _value(self, column: Column) -> Scalar:
        if column.name in {"code", "owner_code"}:
            return self._of(CODES)
        if column.name == "id":
            return self._rng.randrange(30)
        found = any_value(self._rng, column.type)
        if column.type.kind is Kind.PLACE:
            return str(unpadded(int(str(found))))
        if isinstance(found, Decimal) and self._one_in(6):
            return found + Decimal("0.0001")
        return found

    def _one_in(self, many: int) -> bool:
        return self._rng.randrange(many) == 0

    def _of(self, choices: Sequence[T]) -> T:
        return self._rng.choice(choices)
