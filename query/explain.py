"""A statement as its caller may read it: its own words over the relations it was granted, without values.

Rules: what a grant makes of a table (hidden columns, masks, places, conditions on rows) is the provider's
and shows as the data set's name; every literal and parameter shows as `?`; nothing of the engine, of its
statistics or of its tables is told, so that equal grants over other data read the same.
"""

from collections.abc import Iterator

from sqlglot import exp

from catalog.contracts import camel
from catalog.ids import Seq
from query.errors import UnlockedStatement
from query.print import duckdb_text
from query.relation import Scope
from query.statement import LockedStatement

INDENT = "  "
DIALECT = "duckdb"


def shown(statement: LockedStatement, scope: Scope, at: Seq | None) -> exp.Expr:
    """The statement's tree with names for relations and marks for values."""
    names = {}
    for code in statement.data_sets:
        names[scope.relation(code, at).tree] = camel(code)
        names[scope.counted(code, at).tree] = camel(code)

    def veiled(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Subquery):
            for relation, name in names.items():
                if node.this == relation:
                    table = exp.Table(this=exp.to_identifier(name, quoted=True))
                    table.set("alias", node.args.get("alias"))
                    return table
        if isinstance(node, exp.Literal | exp.Parameter):
            return exp.Placeholder()
        return node

    tree = statement.tree.transform(veiled)
    if any(table.args.get("db") for table in tree.find_all(exp.Table)):
        raise UnlockedStatement("a table outside every relation, in an explanation")
    return tree


def sql_of(tree: exp.Expr) -> str:
    """The shown tree as SQL."""
    return duckdb_text(tree)


def plan_of(tree: exp.Expr) -> str:
    """The shown tree as steps, the last one first, each below what it feeds."""
    return "\n".join(_steps(tree, 0))


def _steps(node: exp.Expr, depth: int) -> Iterator[str]:
    match node:
        case exp.Select():
            yield from _select(node, depth)
        case exp.Subquery() | exp.Lateral():
            yield from _steps(node.this, depth)
        case exp.Table():
            yield f"{INDENT * depth}read {node.name}{_alias(node)}"
        case _:
            yield f"{INDENT * depth}{_text(node)}"


def _select(select: exp.Select, depth: int) -> Iterator[str]:
    for key, word in (("offset", "skip"), ("limit", "at most")):
        if key in select.args and select.args[key] is not None:
            yield f"{INDENT * depth}{word} {_text(select.args[key].expression)} rows"
            depth += 1
    for key, word in (
        ("order", "sort by"),
        ("qualify", "keep of each group"),
        ("having", "keep groups where"),
        ("group", "group by"),
        ("where", "keep rows where"),
    ):
        clause = select.args.get(key)
        if clause is not None:
            inner = clause.expressions if key in {"order", "group"} else [clause.this]
            yield f"{INDENT * depth}{word} {', '.join(map(_text, inner))}"
            depth += 1
    for join in select.args.get("joins") or ():
        yield f"{INDENT * depth}join{_on(join)}"
        yield from _steps(join.this, depth + 1)
    for inner in _nested(select.expressions):
        yield f"{INDENT * depth}for each row"
        yield from _steps(inner, depth + 1)
    source = select.args.get("from_") or select.args.get("from")
    if source is not None:
        yield from _steps(source.this, depth)


def _nested(outputs: list[exp.Expr]) -> Iterator[exp.Expr]:
    """Subqueries that stand among what is selected."""
    for output in outputs:
        found = output.find(exp.Select)
        if found is not None:
            yield found


def _on(join: exp.Join) -> str:
    on = join.args.get("on")
    return "" if on is None or isinstance(on, exp.Boolean) else f" where {_text(on)}"


def _alias(node: exp.Expr) -> str:
    return f" as {node.alias}" if node.alias else ""


def _text(node: exp.Expr) -> str:
    return str(node.sql(dialect=DIALECT, comments=False))
