"""What may be asked: trees that stay inside a grant but for at most one reference.

A reference is any name that a tree holds: a data set, a column shown, filtered or sorted by, a key's
column, a relation. The one outside is hidden, or exists nowhere, or is the engine's own.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from random import Random
from typing import TypeVar

from catalog.contracts import Contract, Kind
from catalog.ids import DatasetCode, PlaceCode
from catalog.places import unpadded
from catalog.predicate import And, Compare, Not, Op, Or, Predicate, Scalar, Within
from catalog.sharing.grant import Visibility
from query.relation import Scope
from query.tree import Constant, Leaf, Nested, Order, Read, ReadOne, Selection
from tests.noninterference.city import VALUES, mask, stripped
from tests.noninterference.stage import SECOND, STATIONS_THIRD, TOO_EARLY
from tests.shared_data import READINGS, STATIONS

T = TypeVar("T")
NOWHERE = ("no_such_column", "_seq", "_from_seq", "rowid")
RELATIONS = {STATIONS: ("readings", READINGS), READINGS: ("station", STATIONS)}
ALIASES = ("a", "b", "c", "r1", "row_", "rows_", "page", "l2", "o0", "código")
"""Some that the compiler uses itself."""
EQUAL = (Op.EQ, Op.NE, Op.IN, Op.NOT_IN, Op.IS_NULL)
SORTED = (*EQUAL, Op.LT, Op.LTE, Op.GT, Op.GTE, Op.BETWEEN)
TEXTS = (*SORTED, Op.CONTAINS, Op.STARTS_WITH)
OPERATORS: Mapping[Kind, Sequence[Op]] = {Kind.STRING: TEXTS, Kind.PLACE: EQUAL}
PLACES = tuple(PlaceCode(p) for p in ("500106", "500172", "500106004", "500106016", "500000"))
AS_OF = (*(None,) * 9, *(SECOND,) * 6, *(STATIONS_THIRD,) * 4, TOO_EARLY)
OUTSIDE = ("data set", "selection", "where", "where", "order", "relation", "relation", "key")
DEEPEST = 2


def any_question(
    rng: Random, scope: Scope, contracts: Mapping[DatasetCode, Contract]
) -> tuple[Read | ReadOne, datetime | None]:
    outside = rng.choice(OUTSIDE) if rng.random() < 0.4 else None
    return Asking(rng, scope, contracts, outside).tree(), rng.choice(AS_OF)


class Asking:
    """`outside`: where the one reference stands that leaves the grant, if any does."""

    def __init__(
        self,
        rng: Random,
        scope: Scope,
        contracts: Mapping[DatasetCode, Contract],
        outside: str | None,
    ) -> None:
        self._rng = rng
        self._scope = scope
        self._contracts = contracts
        self._outside = outside

    def tree(self) -> Read | ReadOne:
        granted = self._scope.data_sets
        beyond = [c for c in self._contracts if c not in granted] * 3 + [DatasetCode("no_such")]
        data_set = self._of(granted if granted and not self._leaves("data set") else beyond)
        if data_set not in self._contracts:
            return Read(data_set, (Leaf("a", "code"),))
        by_key = self._outside == "key" or (self._outside is None and self._one_in(6))
        selection = self._selection(data_set, depth=0)
        if by_key:
            return ReadOne(data_set, selection, self._key(data_set))
        where, order, limit, offset = self._page(data_set)
        return Read(data_set, selection, where, order, 100 if limit is None else limit, offset)

    def _key(self, data_set: DatasetCode) -> tuple[tuple[str, Scalar], ...]:
        names = self._contracts[data_set].key
        if self._leaves("key"):
            names = (*names[1:], self._of(self._hidden(data_set)))
        return tuple((name, self._value(data_set, name)) for name in names)

    def _page(
        self, data_set: DatasetCode
    ) -> tuple[Predicate | None, tuple[Order, ...], int | None, int]:
        filtered = self._outside == "where" or self._one_in(4)
        where = self._predicate(data_set, depth=0) if filtered else None
        terms = 1 if self._outside == "order" else self._of((0, 0, 1, 1, 2))
        order = tuple(self._order(data_set) for _ in range(terms))
        return where, order, self._of((None, None, 1, 2, 3)), int(self._one_in(6))

    def _order(self, data_set: DatasetCode) -> Order:
        descending, nulls_first = self._one_in(2), self._one_in(2)
        return Order(self._column(data_set, "order"), descending, nulls_first)

    def _selection(self, data_set: DatasetCode, depth: int) -> Selection:
        aliases = self._rng.sample(ALIASES, self._rng.randint(1, 4))
        return tuple(self._item(data_set, alias, depth) for alias in aliases)

    def _item(self, data_set: DatasetCode, alias: str, depth: int) -> Leaf | Constant | Nested:
        if self._leaves("relation"):
            name, target = RELATIONS[data_set]
            beyond = Leaf("a", self._of(self._visible(target) or ["code"]))
            return Nested(alias, self._of((name, name, name, "no_such")), (beyond,))
        relations = self._scope.relations(data_set) if data_set in self._scope.data_sets else {}
        if relations and depth < DEEPEST and self._one_in(2):
            relation = relations[RELATIONS[data_set][0]]
            inner = self._selection(relation.target, depth + 1)
            if not relation.many:
                return Nested(alias, relation.name, inner)
            return Nested(alias, relation.name, inner, *self._page(relation.target))
        if self._one_in(6):
            return Constant(alias, "T")
        return Leaf(alias, self._column(data_set, "selection"))

    def _predicate(self, data_set: DatasetCode, depth: int) -> Predicate:
        shape = self._of(("compare",) * 4 + ("and", "or", "not") if depth < DEEPEST else ("",))
        inner = partial(self._predicate, data_set, depth + 1)
        match shape:
            case "and":
                return And((inner(), inner()))
            case "or":
                return Or((inner(), inner()))
            case "not":
                return Not(inner())
            case _:
                return self._compare(data_set, self._column(data_set, "where"))

    def _compare(self, data_set: DatasetCode, name: str) -> Predicate:
        kind = self._kind(data_set, name)
        if kind is Kind.PLACE and self._one_in(2):
            return Within(name, (self._of(PLACES),))
        op = self._of(OPERATORS.get(kind, SORTED))
        value: Callable[[], Scalar] = partial(self._value, data_set, name)
        if op is Op.IS_NULL:
            return Compare(name, op, self._one_in(2))
        if op in {Op.IN, Op.NOT_IN, Op.BETWEEN}:
            return Compare(name, op, (value(), value()))
        return Compare(name, op, value())

    def _value(self, data_set: DatasetCode, name: str) -> Scalar:
        """One that the column may hold in either world, as it is or masked."""
        held = [v for v in VALUES[data_set].get(name, ("1A",)) if v is not None]
        kind = self._kind(data_set, name)
        if kind is Kind.PLACE:
            return self._of([unpadded(int(str(value))) for value in held])
        if kind is Kind.STRING:
            texts = [str(value) for value in held]
            return self._of([*texts, *(mask(v) or "" for v in held), *(t[1:] for t in texts)])
        either = [*held, *(stripped(value) for value in held if isinstance(value, int | Decimal))]
        return self._of([value for value in either if value is not None])

    def _kind(self, data_set: DatasetCode, name: str) -> Kind:
        """What a client takes the column for; of a hidden one, what it is."""
        granted = data_set in self._scope.data_sets
        if granted and self._scope.columns(data_set).get(name) is Visibility.MASKED:
            return Kind.STRING
        contract = self._contracts[data_set]
        return contract.column(name).type.kind if contract.has_column(name) else Kind.STRING

    def _column(self, data_set: DatasetCode, where: str) -> str:
        visible = self._visible(data_set)
        return self._of(self._hidden(data_set) if self._leaves(where) or not visible else visible)

    def _visible(self, data_set: DatasetCode) -> list[str]:
        if data_set not in self._scope.data_sets:
            return [column.name for column in self._contracts[data_set].columns]
        return list(self._scope.columns(data_set))

    def _hidden(self, data_set: DatasetCode) -> list[str]:
        names = [column.name for column in self._contracts[data_set].columns]
        hidden = [name for name in names if name not in self._visible(data_set)]
        return [*hidden * 6, *NOWHERE]

    def _leaves(self, where: str) -> bool:
        """Whether the reference that stands here is the one; no other will be."""
        if self._outside != where or self._one_in(3):
            return False
        self._outside = None
        return True

    def _one_in(self, many: int) -> bool:
        return self._rng.randrange(many) == 0

    def _of(self, choices: Sequence[T]) -> T:
        return self._rng.choice(choices)
