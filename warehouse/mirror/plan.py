"""What the writer's process needs to know of a set's table, as one line of JSON; and its statements.

Rules: names are quoted wherever they stand; an index is made after the rows of a whole build, before those of
a change; a table that is built has a name of its own until it takes the set's place.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.contracts import Contract
from catalog.mirror import MirroredRows
from query.mirrored import (
    Storage,
    has_text,
    mirrored_table,
    shape_of,
    storage,
    table_name,
    text_column,
)

BUILDING = "$building"
CREATE = "CREATE TABLE {table} ({columns}){without}"
INDEX = "CREATE INDEX {index} ON {table} ({columns})"
DELETE = "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM temp.{keys})"
KEEP_LATEST = """INSERT INTO {table} ({columns}) SELECT {columns} FROM temp.{rows} WHERE true
    ON CONFLICT ({key}) DO UPDATE SET {others} WHERE excluded.{by} > {table}.{by}"""


@dataclass(frozen=True, slots=True)
class PlannedColumn:
    """`text`: its companion's name, None where it has none."""

    name: str
    storage: Storage
    text: str | None = None


@dataclass(frozen=True, slots=True)
class TablePlan:
    """`indexes` are columns with whether they descend; `latest_by` as in `query/mirrored.py`."""

    data_set: str
    shape: str
    columns: tuple[PlannedColumn, ...]
    key: tuple[str, ...]
    latest_by: str | None
    indexes: tuple[tuple[tuple[str, bool], ...], ...]

    @property
    def table(self) -> str:
        return self.data_set

    @property
    def building(self) -> str:
        """The table's name until it is whole."""
        return self.data_set + BUILDING

    def create(self, table: str) -> str:
        """A single integer as key is SQLite's own row number; any other key orders the table itself."""
        key = [column for column in self.columns if column.name in self.key]
        own = len(key) == 1 and key[0].storage is Storage.INTEGER
        columns = [self._definition(column, own=own) for column in self.columns]
        columns += [f"{quoted(c.text)} TEXT" for c in self.columns if c.text is not None]
        if not own:
            columns.append(f"PRIMARY KEY ({listed(self.key)})")
        without = "" if own else " WITHOUT ROWID"
        return CREATE.format(table=quoted(table), columns=", ".join(columns), without=without)

    def create_indexes(self, table: str, mark: str) -> list[str]:
        """`mark` tells them from those of the table whose place they take."""
        return [
            INDEX.format(
                index=quoted(f"{self.data_set}${number}${mark}"),
                table=quoted(table),
                columns=", ".join(quoted(n) + (" DESC" if desc else "") for n, desc in index),
            )
            for number, index in enumerate(self.indexes)
        ]

    def delete_keys(self, keys: str) -> str:
        """The rows whose key stands in the temporary table `keys`."""
        return DELETE.format(table=quoted(self.table), key=listed(self.key), keys=quoted(keys))

    def keep_latest(self, rows: str) -> str:
        """The rows of the temporary table `rows` that are later than what stands in their place."""
        names = [c.name for c in self.columns] + [
            c.text for c in self.columns if c.text is not None
        ]
        others = [quoted(name) for name in names if name not in self.key]
        return KEEP_LATEST.format(
            table=quoted(self.table),
            columns=listed(names),
            rows=quoted(rows),
            key=listed(self.key),
            others=", ".join(f"{name} = excluded.{name}" for name in others),
            by=quoted(self.latest_by or ""),
        )

    def to_json(self) -> dict[str, object]:
        return {
            "data_set": self.data_set,
            "shape": self.shape,
            "columns": [[c.name, c.storage, c.text] for c in self.columns],
            "key": self.key,
            "latest_by": self.latest_by,
            "indexes": self.indexes,
        }

    def _definition(self, column: PlannedColumn, *, own: bool) -> str:
        line = f"{quoted(column.name)} {column.storage}"
        if column.name not in self.key:
            return line
        return f"{line} PRIMARY KEY NOT NULL" if own else f"{line} NOT NULL"


def plan_of(contract: Contract) -> TablePlan | None:
    """None when the contract declares no mirror."""
    table = mirrored_table(contract)
    if table is None:
        return None
    indexes = contract.mirror.indexes if isinstance(contract.mirror, MirroredRows) else ()
    return TablePlan(
        data_set=table_name(contract.data_set),
        shape=shape_of(contract),
        columns=tuple(
            PlannedColumn(
                c.name, storage(c.type), text_column(c.name) if has_text(c.type) else None
            )
            for c in table.columns
        ),
        key=table.key,
        latest_by=table.latest_by,
        indexes=tuple(tuple((c.name, c.descending) for c in index) for index in indexes),
    )


def plan_from(given: Mapping[str, Any]) -> TablePlan:
    """What `to_json` made, after its way through JSON."""
    return TablePlan(
        data_set=given["data_set"],
        shape=given["shape"],
        columns=tuple(PlannedColumn(n, Storage(s), t) for n, s, t in given["columns"]),
        key=tuple(given["key"]),
        latest_by=given["latest_by"],
        indexes=tuple(tuple((n, d) for n, d in index) for index in given["indexes"]),
    )


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def listed(names: Iterable[str] | Sequence[str]) -> str:
    return ", ".join(quoted(name) for name in names)
