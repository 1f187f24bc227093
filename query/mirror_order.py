"""Orders of a statement for the row mirror, and that rows in one order stay in it.

Rules: where nulls come is only said where there may be some and SQLite would put them elsewhere, for
indexes serve plain orders. A page is sorted once, where its rows are found: whoever sorts it again by the
same terms, or joins one row at most to each, changes nothing, and that is checked here, not assumed.
"""

from collections.abc import Mapping

from sqlglot import exp

from catalog.contracts import ColumnType, Kind
from query.mirror_condition import check, is_latest
from query.mirror_source import Names, PageSource, Source, TableSource, Unmirrored, Value, named

NUMBER = "$number"
"""The column that counts the rows of a group."""


def ordered(order: exp.Expr | None, names: Names) -> str:
    """` ORDER BY ...`, or nothing."""
    if order is None:
        return ""
    return f" ORDER BY {', '.join(_term(each, names) for each in order.expressions)}"


def _term(term: exp.Expr, names: Names) -> str:
    if not isinstance(term, exp.Ordered) or not isinstance(term.this, exp.Column):
        raise Unmirrored("an order by what is no column")
    value = names.column(term.this)
    desc, nulls_first = bool(term.args.get("desc")), bool(term.args.get("nulls_first"))
    way = f"{value.sql} DESC" if desc else value.sql
    if not value.nullable or nulls_first != desc:
        return way
    return f"{way} NULLS {'FIRST' if nulls_first else 'LAST'}"


def check_same_order(select: exp.Select, page: exp.Subquery) -> None:
    """The rows of a page, with what is joined to them, are as many and in the same order."""
    check(select, {"expressions", "from_", "joins", "order", "limit"})
    inner = page.this
    outputs = {each.alias: each.this for each in inner.expressions}
    check_order(select.args.get("order"), inner, outputs, "_o", page.alias)
    here, there = _limit(select), _limit(inner)
    if here is None or there is None or here < there:
        raise Unmirrored("a page that is cut twice")


def _limit(select: exp.Expr) -> int | None:
    limit = select.args.get("limit")
    return None if limit is None else int(limit.expression.name)


def check_order(
    order: exp.Expr | None,
    rows: exp.Expr,
    outputs: Mapping[str, exp.Expr],
    prefix: str,
    table: str = "",
) -> None:
    """The terms are the columns in which the rows show theirs."""
    asked = order.expressions if order is not None else []
    sorted_by = rows.args["order"].expressions if rows.args.get("order") else []
    if len(asked) != len(sorted_by):
        raise Unmirrored("rows sorted twice")
    for number, (one, other) in enumerate(zip(asked, sorted_by, strict=True)):
        name = f"{prefix}{number}"
        same = (
            isinstance(one.this, exp.Column)
            and (one.this.table, one.this.name) == (table, name)
            and outputs.get(name) == other.this
            and all(
                bool(one.args.get(k)) == bool(other.args.get(k)) for k in ("desc", "nulls_first")
            )
        )
        if not same:
            raise Unmirrored("rows sorted twice")


def check_one(source: TableSource, on: exp.Expr, alias: str) -> None:
    """At most one row fits, since all of its key is compared."""
    terms = on.flatten() if isinstance(on, exp.And) else [on]
    compared = {
        term.expression.name
        for term in terms
        if isinstance(term, exp.EQ)
        and isinstance(term.expression, exp.Column)
        and term.expression.table == alias
    }
    if not compared.issuperset(source.table.key):
        raise Unmirrored("related rows by what is not their key")


def first_of_each(
    qualify: exp.Expr, alias: str, source: Source, where: list[str]
) -> tuple[Source, list[str]]:
    """The rows that are the first of their group, and the conditions that keep them."""
    match qualify:
        case exp.EQ(
            this=exp.Window(this=exp.RowNumber()) as window, expression=exp.Literal() as one
        ):
            check(window, {"this", "partition_by", "order", "over"})
        case _:
            raise Unmirrored("groups of another kind")
    keys = window.args.get("partition_by") or []
    if one.name != "1" or not all(isinstance(k, exp.Column) and k.table == alias for k in keys):
        raise Unmirrored("groups of another kind")
    if isinstance(source, TableSource) and is_latest(source):
        _check_latest(source, {key.name for key in keys}, window.args.get("order"), alias)
        return source, where
    names = Names({alias: source})
    by = ", ".join(names.column(key).sql for key in keys)
    number = f"row_number() OVER (PARTITION BY {by}{ordered(window.args.get('order'), names)})"
    rest = f" WHERE {' AND '.join(where)}" if where else ""
    numbered = PageSource(alias, source.column, lambda: f"FROM {source.sql}{rest}")
    numbered.used[NUMBER] = Value(number, ColumnType(Kind.INTEGER))
    return numbered, [f"{named(alias, NUMBER)} = 1"]


def _check_latest(source: TableSource, keys: set[str], order: exp.Expr | None, alias: str) -> None:
    """The table holds the newest row of each key, so no condition may have kept that one back: whatever
    was asked of a row until now must be of its key.
    """
    table = source.table
    if keys != set(table.key) or not source.used.keys() <= keys:
        raise Unmirrored("rows of which there are the newest of other groups only")
    first = order.expressions[0] if order is not None else None
    newest = (
        isinstance(first, exp.Ordered)
        and isinstance(first.this, exp.Column)
        and (first.this.table, first.this.name) == (alias, table.latest_by)
        and bool(first.args.get("desc"))
    )
    if not newest:
        raise Unmirrored("rows of which there are the newest by another column only")
