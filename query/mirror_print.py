"""Statement -> text for the row mirror: the second printer of what the second lock has passed.

Rules: the statement is the engine's, node by node, and means the same there; what is not known here is not
guessed but left to the engine. A page's rows are found first, by their bare columns; JSON is made of those
alone. The reply is one row: the JSON, how many rows it has, and the version that the file holds of each data
set, in the order of their codes, so that one statement sees one version and says which.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from sqlglot import exp

from catalog.ids import DatasetCode
from query.listing import ROW, ROWS
from query.mirror_condition import Conditions, check, is_latest
from query.mirror_order import check_one, check_order, check_same_order, first_of_each, ordered
from query.mirror_source import (
    Bind,
    Binds,
    Names,
    PageSource,
    Tables,
    Unmirrored,
    Value,
    literal,
    quoted,
    rows_of,
)
from query.mirror_value import json_value
from query.mirrored import PUBLICATION, READY
from query.statement import LockedStatement

MOST_OUTPUTS = 63
"""With their names, arguments of one function; SQLite's take 127 everywhere."""
SELECT = frozenset(
    {"expressions", "from_", "joins", "where", "qualify", "order", "limit", "offset"}
)


@dataclass(frozen=True, slots=True)
class MirrorStatement:
    """`binds`: the values of `?1`, `?2`... in their order; `data_sets`: whose versions the reply tells."""

    text: str
    binds: tuple[Bind, ...]
    data_sets: tuple[DatasetCode, ...]


def mirror_statement(statement: LockedStatement, tables: Tables) -> MirrorStatement | None:
    """None when the mirror cannot answer it exactly as the engine does."""
    try:
        return mirror_text(statement, tables)
    except Unmirrored:
        return None


def mirror_text(statement: LockedStatement, tables: Tables) -> MirrorStatement:
    """Unmirrored."""
    tree, binds = statement.tree, Binds()
    if not isinstance(tree, exp.Select):
        raise Unmirrored("what is no select")
    outputs = {each.alias: each.this for each in tree.expressions}
    row, from_ = _Printer(tables, binds).listed(tree, outputs, Names({}))
    sets = tuple(sorted(statement.data_sets))
    if not tables.keys() >= statement.data_sets:
        raise Unmirrored("what is not mirrored")
    versions = "".join(f", {_version(code, tables[code].shape)}" for code in sets)
    if statement.single:
        one = f"(SELECT CAST({row} AS BLOB) FROM {from_})"
        return MirrorStatement(f"SELECT {one}, 1{versions}", binds.all(), sets)
    text = f"SELECT CAST({_array(row)} AS BLOB), count(*){versions} FROM {from_}"
    return MirrorStatement(text, binds.all(), sets)


def _array(row: str) -> str:
    """Of rows that are JSON: `concat` takes null for nothing, which is what no rows come to."""
    return f"concat('[', group_concat({row}), ']')"


def _version(code: DatasetCode, shape: str) -> str:
    """That of a set which is whole, and in the shape for which this is printed."""
    asked = {"data_set": code, "state": READY, "shape": shape}
    kept = " AND ".join(f"{name} = {literal(value)}" for name, value in asked.items())
    return f"(SELECT seq FROM {quoted(PUBLICATION)} WHERE {kept})"


class _Printer:
    def __init__(self, tables: Tables, binds: Binds) -> None:
        self._conditions = Conditions(tables, binds)

    def listed(
        self, select: exp.Select, outputs: Mapping[str, exp.Expr], around: Names
    ) -> tuple[str, str]:
        """The JSON of a row, and the FROM clause that has one row for each, in their order."""
        inner = rows_of(select)
        if not isinstance(inner, exp.Subquery):
            raise Unmirrored("rows of no relation")
        if not _is_page(inner.this):
            page = self._page(select, around, None)
            return self._object(outputs, _Level(around.beside(inner.alias, page), {})), page.sql
        check_same_order(select, inner)
        page = self._page(inner.this, around, _outputs(inner.this))
        level, joins = self._joined(select, around.beside(inner.alias, page))
        row = self._object(outputs, level)
        return row, " ".join([page.sql, *joins])

    def _page(
        self, select: exp.Select, around: Names, columns: Mapping[str, exp.Expr] | None
    ) -> PageSource:
        """The rows of a page as a subquery. `columns`: those that it has; None: those of its relation."""
        check(select, SELECT)
        subquery = rows_of(select)
        if not isinstance(subquery, exp.Subquery):
            raise Unmirrored("rows of no relation")
        alias = subquery.alias
        source, where = self._conditions.relation(subquery.this, alias)
        level, joins = self._joined(select, around.beside(alias, source))
        if "where" in select.args:
            where.append(self._conditions.write(select.args["where"].this, level.names))
        names = level.names
        if select.args.get("qualify"):
            if joins:
                raise Unmirrored("the first of each group by what is joined")
            source, where = first_of_each(select.args["qualify"].this, alias, source, where)
            names = around.beside(alias, source)
        elif is_latest(source):
            raise Unmirrored("rows of which there are the newest only")
        kept = f" WHERE {' AND '.join(where)}" if where else ""
        end = f"{kept}{ordered(select.args.get('order'), names)}{_ends(select)}"

        def column_of(name: str) -> Value:
            if columns is None:
                return source.column(name)
            node = columns.get(name)
            if not isinstance(node, exp.Column):
                raise Unmirrored(f"a page's column {name}")
            return names.column(node)

        return PageSource(alias, column_of, lambda: f"FROM {' '.join([source.sql, *joins])}{end}")

    def _joined(self, select: exp.Select, names: Names) -> tuple["_Level", list[str]]:
        """What is joined to the rows: related ones, one at most for each, and lists of them."""
        joins: list[str] = []
        lists: dict[str, exp.Expr] = {}
        for join in select.args.get("joins") or ():
            check(join, {"this", "side", "on"})
            on = join.args["on"]
            if join.side != "LEFT":
                raise Unmirrored("a join that drops rows")
            match join.this:
                case exp.Lateral(this=exp.Subquery() as rows) if on == exp.true():
                    lists[join.this.alias] = rows.this
                case exp.Subquery() as related:
                    source, kept = self._conditions.optional(related.this, related.alias)
                    names = names.beside(related.alias, source)
                    check_one(source, on, related.alias)
                    kept.insert(0, self._conditions.write(on, names))
                    joins.append(f"LEFT JOIN {source.sql} ON {' AND '.join(kept)}")
                case other:
                    raise Unmirrored(f"joined is a {type(other).__name__}")
        return _Level(names, lists), joins

    def _object(self, outputs: Mapping[str, exp.Expr], level: "_Level") -> str:
        if not outputs or len(outputs) > MOST_OUTPUTS:
            raise Unmirrored(f"an object of {len(outputs)} fields")
        parts: list[str] = []
        for name, node in outputs.items():
            parts.append(literal(f"{',' if parts else '{'}{orjson.dumps(name).decode()}:"))
            parts.append(self._json(node, level))
        return f"concat({', '.join(parts)}, '}}')"

    def _json(self, node: exp.Expr, level: "_Level") -> str:
        match node:
            case exp.Coalesce(this=exp.Column() as rows, expressions=[exp.Array(expressions=[])]):
                lateral = level.lists.get(rows.table)
                if lateral is None or rows.name != ROWS:
                    raise Unmirrored("a list that is no page")
                return self._list(lateral, level.names)
            case exp.Case(
                this=None,
                args={
                    "ifs": [exp.If(this=exp.Is() as missing, args={"true": exp.Null()})],
                    "default": exp.Struct() as found,
                },
            ):
                absent = self._conditions.write(missing, level.names)
                there = self._object(_fields(found), level)
                return f"CASE WHEN {absent} THEN 'null' ELSE {there} END"
            case _:
                return json_value(node, level.names)

    def _list(self, lateral: exp.Expr, names: Names) -> str:
        check(lateral, {"expressions", "from_"})
        rows = rows_of(lateral).this
        outputs = _outputs(rows)
        match lateral.expressions:
            case [exp.Alias(this=exp.ArrayAgg(this=exp.Order(this=exp.Column() as of) as order))]:
                check_order(order, rows, outputs, "o")
            case _:
                raise Unmirrored("a list in no order")
        row = outputs.get(of.name)
        if of.name != ROW or not isinstance(row, exp.Struct):
            raise Unmirrored("a list of no objects")
        found, from_ = self.listed(rows, _fields(row), names)
        return f"(SELECT {_array(found)} FROM {from_})"


@dataclass(frozen=True, slots=True)
class _Level:
    """What the outputs of a level may name: columns, and pages by the alias of their lateral."""

    names: Names
    lists: Mapping[str, exp.Expr]


def _is_page(node: exp.Expr) -> bool:
    return isinstance(node, exp.Select) and isinstance(rows_of(node), exp.Subquery)


def _outputs(select: exp.Expr) -> dict[str, exp.Expr]:
    return {each.alias: each.this for each in select.expressions}


def _fields(struct: exp.Struct) -> dict[str, exp.Expr]:
    return {each.this.name: each.expression for each in struct.expressions}


def _ends(select: exp.Select) -> str:
    limit, offset = select.args.get("limit"), select.args.get("offset")
    if limit is None:
        raise Unmirrored("a page without an end")
    end = f" LIMIT {int(limit.expression.name)}"
    return end if offset is None else f"{end} OFFSET {int(offset.expression.name)}"
