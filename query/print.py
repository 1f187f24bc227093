"""Statement -> text, at the last moment and per engine; a statement that is kept is printed once."""

from functools import lru_cache

from sqlglot import exp

from query.statement import LockedStatement

DUCKDB = "duckdb"


@lru_cache(maxsize=1024)
def duckdb_statement(statement: LockedStatement) -> str:
    return duckdb_text(statement.tree)


def duckdb_text(tree: exp.Expr) -> str:
    """Every identifier quoted, so that no name is ever a keyword or folded."""
    return tree.sql(dialect=DUCKDB, identify=True, comments=False)
