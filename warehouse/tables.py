"""The tables of a data set: the current rows, and the superseded ones with the span they were served.

The statements of the warehouse are constants in which only quoted identifiers of a contract are put;
values are always bound.
"""

from collections.abc import Iterable, Sequence

from catalog.contracts import Contract
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

CREATE = "CREATE TABLE IF NOT EXISTS {table} ({columns})"
ADD_COLUMN = "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column}"
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
        "key": listed(contract.key),
        "same_key": " AND ".join(f"s.{identifier(n)} = c.{identifier(n)}" for n in contract.key),
        "differs": " OR ".join(
            f"s.{identifier(n)} IS DISTINCT FROM c.{identifier(n)}" for n in others
        )
        or "FALSE",
    }


def definitions(contract: Contract) -> list[str]:
    """The statements that make the tables, or bring older ones up to the contract."""
    names = names_of(contract)
    own = [f"{identifier(c.name)} {sql_type(c.type)}" for c in contract.columns]
    tables: Sequence[tuple[str, Sequence[str]]] = (
        (names["current"], [CURRENT_SEQ]),
        (names["past"], [FROM_SEQ, TO_SEQ]),
    )
    statements = []
    for table, versions in tables:
        columns = [*own, *(f"{identifier(name)} BIGINT" for name in versions)]
        statements.append(CREATE.format(table=table, columns=", ".join(columns)))
        statements += [ADD_COLUMN.format(table=table, column=column) for column in own]
    return statements
