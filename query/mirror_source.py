"""What the names of a statement stand for in the row mirror, and what kind of value each has.

Rules: a source stands under the alias that the statement gave it; it knows the columns that the grant's
relation shows and no others, and keeps note of those that were asked for. Whatever it cannot tell exactly
is `Unmirrored`: the engine answers then.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from sqlglot import exp

from catalog.contracts import ColumnType, Contract
from catalog.ids import DatasetCode
from query.mirrored import (
    MirroredTable,
    has_text,
    mirrored_table,
    shape_of,
    table_name,
    text_column,
)

Tables = Mapping[DatasetCode, "HeldTable"]
"""What the mirror holds."""


class Unmirrored(Exception):
    """What the row mirror would not answer exactly as the engine does; says what. It never leaves the
    modules that print.
    """


@dataclass(frozen=True, slots=True)
class HeldTable:
    """A mirrored data set as it is read: its table, and the shape in which that must stand in the file."""

    table: MirroredTable
    shape: str


@dataclass(frozen=True, slots=True)
class Value:
    """An expression and the kind of what it gives. `text`: its companion, the text that a reply has
    instead where that is not null.
    """

    sql: str
    type: ColumnType
    text: str | None = None
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Bind:
    """A parameter in its place: converted as values of the column it is compared with."""

    name: str
    type: ColumnType
    whole: bool = False
    """Whether it is a list."""


class Binds:
    """The parameters of a statement, numbered as they are met."""

    def __init__(self) -> None:
        self._numbers: dict[Bind, int] = {}

    def add(self, bind: Bind) -> str:
        return f"?{self._numbers.setdefault(bind, len(self._numbers) + 1)}"

    def all(self) -> tuple[Bind, ...]:
        return tuple(self._numbers)


class Source(Protocol):
    """Rows under an alias; `used` are the columns asked for until now."""

    used: dict[str, Value]

    @property
    def sql(self) -> str:
        """As it stands in FROM; to be written after all that asks for its columns."""
        ...

    def column(self, name: str) -> Value: ...


class TableSource:
    """The rows of a mirrored table that one part of a grant shows. `outputs`: what its columns are made of."""

    def __init__(
        self,
        alias: str,
        table: MirroredTable,
        outputs: Mapping[str, exp.Expr],
        *,
        optional: bool = False,
    ) -> None:
        self.table = table
        self.used: dict[str, Value] = {}
        self._alias = alias
        self._outputs = outputs
        self._optional = optional

    @property
    def sql(self) -> str:
        return f"{quoted(table_name(self.table.data_set))} AS {quoted(self._alias)}"

    def column(self, name: str) -> Value:
        """As the grant shows it; Unmirrored when it is no plain column."""
        match self._outputs.get(name):
            case exp.Column(table="") as column:
                return self.held(column.name)
            case exp.Cast(this=exp.Null()):
                known = self.held(name)
                return Value("NULL", known.type, "NULL" if known.text else None)
            case other:
                raise Unmirrored(f"{name}, which is {type(other).__name__}")

    def bare(self) -> "HeldColumns":
        return HeldColumns(self)

    def held(self, name: str) -> Value:
        """As the table has it, hidden or not: for the relation's own conditions."""
        for column in self.table.columns:
            if column.name == name:
                break
        else:
            raise Unmirrored(f"{name}, which the mirror does not hold")
        text = named(self._alias, text_column(name)) if has_text(column.type) else None
        always = name in self.table.key and not self._optional
        self.used[name] = Value(named(self._alias, name), column.type, text, not always)
        return self.used[name]


class HeldColumns:
    """The columns of a table under no alias: a relation's own conditions name them so."""

    def __init__(self, source: TableSource) -> None:
        self.used = source.used
        self._source = source

    @property
    def sql(self) -> str:
        return self._source.sql

    def column(self, name: str) -> Value:
        return self._source.held(name)


class UnionSource:
    """The rows that several parts of a grant show, one beside the other."""

    def __init__(self, alias: str, arms: list[tuple[TableSource, str]]) -> None:
        self.used: dict[str, Value] = {}
        self._alias = alias
        self._arms = arms

    @property
    def sql(self) -> str:
        arms = [
            f"SELECT {columns_of({n: arm.column(n) for n in self.used})} FROM {arm.sql} WHERE {where}"
            for arm, where in self._arms
        ]
        return f"({' UNION ALL '.join(arms)}) AS {quoted(self._alias)}"

    def column(self, name: str) -> Value:
        held = [arm.column(name) for arm, _ in self._arms]
        if any(value.type != held[0].type for value in held):
            raise Unmirrored(f"{name}, which is of several kinds")
        found = replace(held[0], nullable=any(value.nullable for value in held))
        self.used[name] = under(self._alias, name, found)
        return self.used[name]


class PageSource:
    """The rows of a subquery. `column_of`: what its columns are made of; `rest`: what follows them."""

    def __init__(
        self, alias: str, column_of: Callable[[str], Value], rest: Callable[[], str]
    ) -> None:
        self.used: dict[str, Value] = {}
        self._alias = alias
        self._column_of = column_of
        self._rest = rest

    @property
    def sql(self) -> str:
        return f"(SELECT {columns_of(self.used)} {self._rest()}) AS {quoted(self._alias)}"

    def column(self, name: str) -> Value:
        self.used[name] = self._column_of(name)
        return under(self._alias, name, self.used[name])


@dataclass(frozen=True, slots=True)
class Names:
    """The sources that an expression may name, its own level's and those around it."""

    sources: Mapping[str, Source]

    def column(self, node: exp.Column) -> Value:
        source = self.sources.get(node.table)
        if source is None:
            raise Unmirrored(f"a column of {node.table or 'nothing'}")
        return source.column(node.name)

    def beside(self, alias: str, source: Source) -> "Names":
        return Names({**self.sources, alias: source})


def held_tables(contracts: Iterable[Contract]) -> dict[DatasetCode, HeldTable]:
    """Of those contracts that declare a mirror."""
    return {
        contract.data_set: HeldTable(table, shape_of(contract))
        for contract in contracts
        if (table := mirrored_table(contract)) is not None
    }


def under(alias: str, name: str, value: Value) -> Value:
    """The value as a column of a subquery."""
    text = named(alias, text_column(name)) if value.text else None
    return Value(named(alias, name), value.type, text, value.nullable)


def rows_of(select: exp.Expr) -> exp.Expr:
    """What stands in its FROM."""
    from_ = select.args.get("from_")
    if not isinstance(select, exp.Select) or not isinstance(from_, exp.From):
        raise Unmirrored("a select of nothing")
    found: exp.Expr = from_.this
    return found


def columns_of(used: Mapping[str, Value]) -> str:
    """The columns of a subquery: what was asked for, with its companions."""
    found = []
    for name, value in used.items():
        found.append(f"{value.sql} AS {quoted(name)}")
        if value.text:
            found.append(f"{value.text} AS {quoted(text_column(name))}")
    return ", ".join(found) or "1"


def named(alias: str, name: str) -> str:
    return f"{quoted(alias)}.{quoted(name)}"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    if "\0" in text:
        raise Unmirrored("a text with NUL")
    return "'" + text.replace("'", "''") + "'"
