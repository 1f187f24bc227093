"""The tables of a data set: the current rows, and the superseded ones with the span they were served.

The statements of the warehouse are constants in which only quoted identifiers of a contract are put;
values are always bound.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from sqlglot import exp

from catalog.contracts import Column, Contract
from catalog.predicate import Scalar
from query.print import duckdb_text
from query.relation import sql_type
from query.statement import (
    CURRENT_SEQ,
    FROM_SEQ,
    SCHEMA,
    TO_SEQ,
    current_table,
    identifier,
    past_table,
)


class Run(Protocol):
    """Runs one statement inside the publishing transaction and gives its rows."""

    def __call__(
        self, sql: str, parameters: Mapping[str, Scalar] | None = None
    ) -> list[tuple[Scalar, ...]]: ...


CREATE = "CREATE TABLE IF NOT EXISTS {table} ({columns})"
ADD_COLUMN = "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column}"
HELD = """SELECT table_name, string_agg(column_name, ',') FROM duckdb_columns()
    WHERE schema_name = $schema AND NOT internal GROUP BY table_name"""
SETUP = (
    f'CREATE SCHEMA IF NOT EXISTS "{SCHEMA}"',
    "CREATE SCHEMA IF NOT EXISTS hub",
    """CREATE TABLE IF NOT EXISTS hub.publication (
        seq BIGINT PRIMARY KEY, data_set VARCHAR NOT NULL, load_id VARCHAR NOT NULL UNIQUE,
        digest VARCHAR NOT NULL, published_at TIMESTAMPTZ NOT NULL, added BIGINT NOT NULL,
        changed BIGINT NOT NULL, removed BIGINT NOT NULL, rejected BIGINT NOT NULL,
        "rows" BIGINT NOT NULL, checked BIGINT NOT NULL, findings VARCHAR NOT NULL)""",
)


def listed(names: Iterable[str]) -> str:
    """Quoted and joined: `"a", "b"`."""
    return ", ".join(identifier(name) for name in names)


def names_of(contract: Contract) -> dict[str, str]:
    """What the statements of this package are filled with."""
    others = [c.name for c in contract.columns if c.name not in contract.key]
    return {
        "current": duckdb_text(current_table(contract.data_set)),
        "past": duckdb_text(past_table(contract.data_set)),
        "columns": listed(c.name for c in contract.columns),
        "columns_of_c": ", ".join(f"c.{identifier(c.name)}" for c in contract.columns),
        "key": listed(contract.key),
        "same_key": " AND ".join(f"s.{identifier(n)} = c.{identifier(n)}" for n in contract.key),
        "differs": " OR ".join(
            f"s.{identifier(n)} IS DISTINCT FROM c.{identifier(n)}" for n in others
        )
        or "FALSE",
    }


def columns_held(run: Run) -> dict[str, set[str]]:
    """The columns of each table that there is, in one look: thousands of tables are told at once."""
    found = run(HELD, {"schema": SCHEMA})
    return {str(table): set(str(columns).split(",")) for table, columns in found}


def definitions(contract: Contract, held: Mapping[str, Collection[str]]) -> list[str]:
    """The statements that make the tables, or bring older ones up to the contract."""
    own = {column.name: column for column in contract.columns}
    tables: Sequence[tuple[exp.Table, Sequence[str]]] = (
        (current_table(contract.data_set), [CURRENT_SEQ]),
        (past_table(contract.data_set), [FROM_SEQ, TO_SEQ]),
    )
    statements = []
    for node, versions in tables:
        there = held.get(node.name)
        missing = [_column(c) for name, c in own.items() if there is None or name not in there]
        if not missing:
            continue
        table = duckdb_text(node)
        if there is None:
            columns = [*missing, *(f"{identifier(name)} BIGINT" for name in versions)]
            statements.append(CREATE.format(table=table, columns=", ".join(columns)))
        else:
            statements += [ADD_COLUMN.format(table=table, column=each) for each in missing]
    return statements


def _column(column: Column) -> str:
    return f"{identifier(column.name)} {sql_type(column.type)}"
