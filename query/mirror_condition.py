"""Relations and conditions of a statement as the row mirror's SQLite has them.

Rules: a relation of one part becomes its table, with the part's own conditions beside those of the query,
so that indexes serve both; none is ever left out. Unknown stays unknown: SQLite's logic has three values
as the engine's has. Values are compared in the form in which the mirror holds them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from sqlglot import exp

from catalog.contracts import ColumnType, Kind
from catalog.ids import DatasetCode
from query.mirror_source import (
    Bind,
    Binds,
    Names,
    Source,
    Tables,
    TableSource,
    UnionSource,
    Unmirrored,
    Value,
    rows_of,
)
from query.statement import SCHEMA

COMPARISONS: Mapping[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
WHOLE = frozenset({Kind.INTEGER, Kind.BIGINT})
CHAIN = 100
"""Terms in a row. An expression may be 1,000 levels deep."""


class Conditions:
    """Writes the conditions of one statement."""

    def __init__(self, tables: Tables, binds: Binds) -> None:
        self._tables = tables
        self._binds = binds

    def relation(self, node: exp.Expr, alias: str) -> tuple[Source, list[str]]:
        """The rows that a grant shows, and the conditions that keep them."""
        if isinstance(node, exp.Union):
            arms = []
            for number, arm in enumerate(_arms(node)):
                source, kept = self._part(arm, f"{alias}_{number}")
                if source.table.latest_by is not None:
                    raise Unmirrored("several parts of what holds the newest rows only")
                arms.append((source, " AND ".join(kept) or "1"))
            return UnionSource(alias, arms), []
        return self._part(node, alias)

    def optional(self, node: exp.Expr, alias: str) -> tuple[TableSource, list[str]]:
        """A relation that is joined where there is a row."""
        if isinstance(node, exp.Union):
            raise Unmirrored("several parts of related rows")
        source, kept = self._part(node, alias, optional=True)
        if source.table.latest_by is not None:
            raise Unmirrored("related rows of which there are the newest only")
        return source, kept

    def write(self, node: exp.Expr, names: Names) -> str:
        """A condition, within parentheses where it needs them."""
        match node:
            case exp.And() | exp.Or():
                word = " AND " if isinstance(node, exp.And) else " OR "
                return chained(word, [self.write(each, names) for each in node.flatten()])
            case exp.Paren():
                return self.write(node.this, names)
            case exp.Not():
                return f"(NOT {self.write(node.this, names)})"
            case exp.Boolean():
                return "1" if node.this else "0"
            case exp.Is(expression=exp.Null()):
                return f"({self._column(node.this, names).sql} IS NULL)"
            case exp.Coalesce(expressions=[exp.Boolean() as other]):
                return f"coalesce({self.write(node.this, names)}, {self.write(other, names)})"
            case exp.Exists():
                return f"EXISTS({self._there(node.this, names)})"
            case _:
                return self._compared(node, names)

    def _compared(self, node: exp.Expr, names: Names) -> str:
        if isinstance(node, exp.Anonymous):
            return self._text_match(node, names)
        column = self._column(node.this, names)
        match node:
            case exp.EQ(expression=exp.Any(this=exp.Parameter() as values)):
                listed = self._binds.add(Bind(values.name, column.type, whole=True))
                return f"({column.sql} IN (SELECT value FROM json_each({listed})))"
            case exp.Between():
                check(node, {"this", "low", "high"})
                ends = (self._operand(node.args[end], column, names) for end in ("low", "high"))
                return f"({column.sql} BETWEEN {' AND '.join(ends)})"
            case exp.In(expressions=[_, *_]):
                check(node, {"this", "expressions"})
                among = ", ".join(self._operand(each, column, names) for each in node.expressions)
                return f"({column.sql} IN ({among}))"
            case _ if type(node) in COMPARISONS:
                other = self._operand(node.expression, column, names)
                return f"({column.sql} {COMPARISONS[type(node)]} {other})"
            case _:
                raise Unmirrored(f"the comparison {type(node).__name__}")

    def _text_match(self, node: exp.Anonymous, names: Names) -> str:
        match node.expressions:
            case [exp.Column() as of, exp.Parameter() as text]:
                column = names.column(of)
            case _:
                raise Unmirrored(f"the function {node.name}")
        if column.type.kind is not Kind.STRING:
            raise Unmirrored(f"{node.name} of what is no text")
        bound = self._binds.add(Bind(text.name, column.type))
        match node.name.lower():
            case "contains":
                return f"(instr({column.sql}, {bound}) > 0)"
            case "starts_with":
                return f"(substr({column.sql}, 1, length({bound})) = {bound})"
            case _:
                raise Unmirrored(f"the function {node.name}")

    def _operand(self, node: exp.Expr, column: Value, names: Names) -> str:
        match node:
            case exp.Parameter():
                return self._binds.add(Bind(node.name, column.type))
            case exp.Literal() if column.type.kind is Kind.PLACE and node.is_int:
                return str(int(node.name))
            case exp.Column():
                other = names.column(node)
                if not comparable(column.type, other.type):
                    raise Unmirrored("columns of different kinds compared")
                return other.sql
            case _:
                raise Unmirrored(f"a comparison with {type(node).__name__}")

    def _column(self, node: exp.Expr, names: Names) -> Value:
        if not isinstance(node, exp.Column):
            raise Unmirrored(f"a condition on {type(node).__name__}")
        return names.column(node)

    def _there(self, select: exp.Expr, names: Names) -> str:
        """The subquery of an EXISTS."""
        check(select, {"expressions", "from_", "where"})
        subquery = rows_of(select)
        if not isinstance(subquery, exp.Subquery) or select.args.get("where") is None:
            raise Unmirrored("a condition on what is no relation")
        source, where = self.relation(subquery.this, subquery.alias)
        if is_latest(source):
            raise Unmirrored("a condition on rows of which there are the newest only")
        where.append(self.write(select.args["where"].this, names.beside(subquery.alias, source)))
        return f"SELECT 1 FROM {source.sql} WHERE {' AND '.join(where)}"

    def _part(
        self, select: exp.Expr, alias: str, *, optional: bool = False
    ) -> tuple[TableSource, list[str]]:
        """What one part of a grant shows of its table."""
        check(select, {"expressions", "from_", "where"})
        base = rows_of(select)
        if not isinstance(base, exp.Table) or base.db != SCHEMA or base.alias:
            raise Unmirrored("what is no table as it stands now")
        held = self._tables.get(DatasetCode(base.name))
        if held is None:
            raise Unmirrored(f"{base.name}, which is not mirrored")
        outputs = {each.alias: each.this for each in select.expressions}
        source = TableSource(alias, held.table, outputs, optional=optional)
        where = select.args.get("where")
        if where is None:
            return source, []
        return source, [self.write(where.this, Names({"": source.bare()}))]


def chained(word: str, terms: Sequence[str]) -> str:
    """In halves where there are many, since SQLite takes a chain for a tree as deep as it is long."""
    if len(terms) > CHAIN:
        half = len(terms) // 2
        terms = [chained(word, terms[:half]), chained(word, terms[half:])]
    return f"({word.join(terms)})"


def check(node: exp.Expr, known: Collection[str]) -> None:
    """Unmirrored when anything else is said of the node."""
    unknown = {name for name, value in node.args.items() if value and name not in known}
    if unknown:
        raise Unmirrored(f"{type(node).__name__} with {', '.join(sorted(unknown))}")


def is_latest(source: Source) -> bool:
    return isinstance(source, TableSource) and source.table.latest_by is not None


def comparable(one: ColumnType, other: ColumnType) -> bool:
    """Whether the mirror's forms of both are compared as their values are."""
    return one == other or (one.kind in WHOLE and other.kind in WHOLE)


def _arms(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Union):
        check(node, {"this", "expression"})
        yield from _arms(node.left)
        yield from _arms(node.right)
    else:
        yield node
