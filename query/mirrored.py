"""How the row mirror holds a data set: the names and the representation that its writer and its printer
agree on.

Rules: one SQLite file for all mirrored sets; a table is named as its data set, a column as the contract's;
columns classified core are never served and therefore not held. STRING is TEXT; INTEGER, BIGINT and PLACE
are INTEGER; DECIMAL(p, s) is INTEGER, the value times 10^s (p <= 18); BOOLEAN is INTEGER 0 or 1; DATE is
TEXT `YYYY-MM-DD`; TIMESTAMP is INTEGER, microseconds since 1970 UTC; DOUBLE is REAL; null is NULL.
A DOUBLE or TIMESTAMP column has a companion `"<name>$text"`: the value's text as the reply has it, without
quotes, wherever the PLAIN rendering in SQLite would differ, NULL everywhere else (and for null). A DOUBLE is
PLAIN when `printf('%!.15g', x)` is its text in the reply: up to 14 significant digits, from 1e-4 to 1e10. What a 64-bit integer, a
double or a text without NUL cannot hold, and years outside 1 to 9999, make a set unfit: it is not mirrored.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from catalog.contracts import Classification, Column, ColumnType, Contract, Kind
from catalog.ids import DatasetCode
from catalog.mirror import MAX_DIGITS, MirroredLatest

PUBLICATION = "$publication"
"""The table that says which version of each set the file holds: `data_set`, `seq`, `state` (READY: what
stands in the set's table is exactly that version; anything else must not be read), `shape` (of the contract
it was written by, see `shape_of`), and more for the writer. A reader begins a transaction, compares `seq`
and `shape`, reads, and ends it."""
READY = "ready"
FORMAT = 1
"""Of the whole file; another one is written anew."""
TEXT_SUFFIX = "$text"
CITY_OFFSET_SECONDS = 8 * 3600
PLAIN_SINCE_MICROSECONDS = 694_195_200_000_000
"""1992-01-01T00:00:00+08:00: before it the city's zone had other offsets. From here on, to the end of 9999, an
instant of whole seconds is PLAIN: `strftime('%Y-%m-%dT%H:%M:%S', t / 1000000 + 28800, 'unixepoch') || '+08:00'`
is its text (`t` >= 0, so the division is exact)."""
PLAIN_BEFORE_MICROSECONDS = 253_402_272_000_000_000
"""10000-01-01T00:00:00+08:00."""


class Storage(StrEnum):
    """SQLite's type of a column."""

    TEXT = "TEXT"
    INTEGER = "INTEGER"
    REAL = "REAL"


STORAGE = {
    Kind.STRING: Storage.TEXT,
    Kind.INTEGER: Storage.INTEGER,
    Kind.BIGINT: Storage.INTEGER,
    Kind.DECIMAL: Storage.INTEGER,
    Kind.DOUBLE: Storage.REAL,
    Kind.BOOLEAN: Storage.INTEGER,
    Kind.DATE: Storage.TEXT,
    Kind.TIMESTAMP: Storage.INTEGER,
    Kind.PLACE: Storage.INTEGER,
}
WITH_TEXT = frozenset({Kind.DOUBLE, Kind.TIMESTAMP})


@dataclass(frozen=True, slots=True)
class MirroredTable:
    """A set's table in the file; `key` is its primary key, `columns` those of the contract it holds."""

    data_set: DatasetCode
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    latest_by: str | None
    """None: it has all rows of the set. Else: of each `key` the row with the greatest value of this column."""

    def has_column(self, name: str) -> bool:
        return any(column.name == name for column in self.columns)


def mirrored_table(contract: Contract) -> MirroredTable | None:
    """The table of a declared mirror; None when the contract declares none."""
    declared = contract.mirror
    if declared is None or contract.interface is not None:
        return None
    columns = held(contract)
    if isinstance(declared, MirroredLatest):
        return MirroredTable(contract.data_set, columns, declared.key, declared.by)
    return MirroredTable(contract.data_set, columns, contract.key, None)


def shape_of(contract: Contract) -> str:
    """Equal for two versions of a contract that are mirrored by the same table and indexes."""
    columns = [f"{c.name} {c.type.kind} {c.type.precision} {c.type.scale}" for c in held(contract)]
    text = "|".join([str(FORMAT), *columns, *contract.key, repr(contract.mirror)])
    return hashlib.sha256(text.encode()).hexdigest()


def held(contract: Contract) -> tuple[Column, ...]:
    """The columns that a mirror may hold."""
    return tuple(c for c in contract.columns if c.classification is not Classification.CORE)


def table_name(data_set: DatasetCode) -> str:
    return str(data_set)


def text_column(name: str) -> str:
    """The companion of a DOUBLE or TIMESTAMP column."""
    return name + TEXT_SUFFIX


def has_text(kind: ColumnType) -> bool:
    return kind.kind in WITH_TEXT


def storage(kind: ColumnType) -> Storage:
    """Decimals of more than MAX_DIGITS are refused when the mirror is declared."""
    if kind.kind is Kind.DECIMAL and kind.precision > MAX_DIGITS:
        raise ValueError(f"a decimal of {kind.precision} digits has no place in the row mirror")
    return STORAGE[kind.kind]
