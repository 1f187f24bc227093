"""What of a data set is mirrored in rows, for point reads and small pages: as its contract declares it.

`customProperties: mirror` holds `rows: {indexes: [[district, -reported_at], ...]}` (the whole set; `-`
before a column: descending) or `latest: {key: [device_id], by: observed_at}` (the newest row of each key
alone). What no small file could answer faithfully is refused here, with what to write instead.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from catalog.contracts import Column

MAX_INDEXES = 8
MAX_DIGITS = 18
"""Of a decimal: as many as a 64-bit integer holds whatever they are."""
ORDERED = frozenset({"timestamp", "date", "integer", "bigint", "decimal"})
"""Kinds of column that say which row is the latest."""
FORM = (
    "mirror holds rows: {indexes: [[column, -column], ...]} or latest: {key: [column], by: column}"
)


@dataclass(frozen=True, slots=True)
class SortedColumn:
    """A column of an index."""

    name: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class MirroredRows:
    """The whole set, found by its key and by each of these."""

    indexes: tuple[tuple[SortedColumn, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class MirroredLatest:
    """Of each `key` the row with the greatest `by`; never two of them, since both hold the set's key."""

    key: tuple[str, ...]
    by: str


Mirror = MirroredRows | MirroredLatest


class MirrorReader:
    """One walk over a declaration; `refuse` makes the error that says where it stands."""

    def __init__(
        self, columns: Sequence["Column"], key: Sequence[str], refuse: Callable[[str], Exception]
    ) -> None:
        self._held = {column.name: column for column in columns}
        self._key = key
        self._refuse = refuse

    def mirror(self, given: object) -> Mirror:
        if not isinstance(given, dict) or len(given) != 1 or not given.keys() <= {"rows", "latest"}:
            raise self._refuse(f"{FORM}, one of the two.")
        for column in self._held.values():
            self._check_exact(column)
        ((form, body),) = given.items()
        body = {} if body is None else body
        if not isinstance(body, dict):
            raise self._refuse(f"{FORM}.")
        return self._rows(body) if form == "rows" else self._latest(body)

    def _check_exact(self, column: "Column") -> None:
        if column.classification != "core" and column.type.precision > MAX_DIGITS:
            raise self._refuse(
                f"{column.name} is a decimal of {column.type.precision} digits, a mirror holds "
                f"{MAX_DIGITS} of them exactly: give it a smaller precision, or leave the mirror out."
            )

    def _rows(self, body: Mapping[str, object]) -> MirroredRows:
        given = body.get("indexes", [])
        if not body.keys() <= {"indexes"} or not isinstance(given, list):
            raise self._refuse(f"{FORM}.")
        if len(given) > MAX_INDEXES:
            raise self._refuse(
                f"mirror has {len(given)} indexes, and each is written with every row: at most "
                f"{MAX_INDEXES}. Keep those that the most frequent filters and orders begin with."
            )
        indexes: list[tuple[SortedColumn, ...]] = []
        for names in given:
            index = tuple(
                SortedColumn(name.removeprefix("-"), name.startswith("-"))
                for name in self._names(names)
            )
            self._check_names([column.name for column in index])
            if index in indexes:
                raise self._refuse(f"mirror repeats the index {names}: leave one of them out.")
            indexes.append(index)
        return MirroredRows(tuple(indexes))

    def _latest(self, body: Mapping[str, object]) -> MirroredLatest:
        by = body.get("by")
        if body.keys() != {"key", "by"} or not isinstance(by, str):
            raise self._refuse(f"{FORM}.")
        names = self._names(body["key"])
        self._check_names([*names, by])
        if self._held[by].type.kind not in ORDERED:
            raise self._refuse(
                f"mirror: by {by} is no instant, date or exact number, so no row is the latest: "
                "name a column that is."
            )
        for name in (*names, by):
            if not self._held[name].required:
                raise self._refuse(
                    f"mirror: {name} may be null, and a null is no key and no time: "
                    "mark it required."
                )
        missing = [name for name in self._key if name not in {*names, by}]
        if missing:
            raise self._refuse(
                f"mirror: two rows of one {', '.join(names)} and {by} may differ in {missing[0]}, "
                f"and either could be the latest: add {missing[0]} to the mirror's key, or mirror "
                "rows."
            )
        return MirroredLatest(names, by)

    def _names(self, given: object) -> tuple[str, ...]:
        if not isinstance(given, list) or not given or not all(isinstance(n, str) for n in given):
            raise self._refuse(f"{FORM}.")
        return tuple(given)

    def _check_names(self, names: Sequence[str]) -> None:
        for index, name in enumerate(names):
            if name not in self._held:
                raise self._refuse(f"mirror names the column {name}, which the data set has not.")
            if self._held[name].classification == "core":
                raise self._refuse(
                    f"mirror names {name}, which is classified core and never served: leave it out."
                )
            if name in names[:index]:
                raise self._refuse(f"mirror names {name} twice: once is enough.")
