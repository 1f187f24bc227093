"""Statement -> text, at the last moment and per engine."""

from sqlglot import exp

DUCKDB = "duckdb"


def duckdb_text(tree: exp.Expr) -> str:
    """Every identifier quoted, so that no name is ever a keyword or folded."""
    return tree.sql(dialect=DUCKDB, identify=True, comments=False)
