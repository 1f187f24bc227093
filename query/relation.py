"""Turns a grant into the only relation a client may ever name.

Rules: hidden columns do not exist in it; masks apply inside it, so filters, sorting and aggregates
see the masked value; no place means no rows, never all rows; parts have disjoint places and stand
beside each other as UNION ALL, so that no row ever shows the union of two parts' columns.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sqlglot import exp

from catalog.catalogue import Catalogue, Relation
from catalog.contracts import (
    Classification,
    Column,
    ColumnType,
    Contract,
    Coordinates,
    Kind,
    SharingKind,
)
from catalog.ids import DatasetCode, Seq
from catalog.predicate import Scalar
from catalog.sharing.grant import Grant, GrantedColumn, Part, Visibility
from query.counted import counted_of
from query.errors import UnknownField
from query.filter import FilterCompiler, Parameters, in_ranges
from query.slots import Taken
from query.statement import (
    CURRENT_SEQ,
    FROM_SEQ,
    TO_SEQ,
    LockedStatement,
    current_table,
    past_table,
)
from query.tree import Tree
from query.visible import (
    group_columns,
    least_group,
    measured_columns,
    visible_columns,
    visible_coordinates,
)

MASKED_TYPE = ColumnType(Kind.STRING)
MASK_KEY = "mask_key"
MASK_DIGITS = 16
SQL_TYPES = {
    Kind.STRING: "VARCHAR",
    Kind.INTEGER: "INTEGER",
    Kind.BIGINT: "BIGINT",
    Kind.DOUBLE: "DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.TIMESTAMP: "TIMESTAMPTZ",
    Kind.PLACE: "BIGINT",
}


def sql_type(kind: ColumnType) -> str:
    """The engine's type of a column: `DECIMAL(9, 3)`."""
    if kind.kind is Kind.DECIMAL:
        return f"DECIMAL({kind.precision}, {kind.scale})"
    return SQL_TYPES[kind.kind]


@dataclass(frozen=True, slots=True)
class ScopedRelation:
    """A data set as one client sees it; `tree` binds `parameters` by name."""

    data_set: DatasetCode
    tree: exp.Query
    parameters: Mapping[str, Scalar | Taken] = field(repr=False)  # the mask key among them


def relation_of(
    grant: Grant, catalogue: Catalogue, mask_key: str, at: Seq | None = None
) -> ScopedRelation:
    """The relation of a grant, now or as of version `at`."""
    columns = visible_columns(grant, catalogue.contracts[grant.data_set])
    return _united(grant, catalogue, columns, mask_key, at)


def whole_relation(contract: Contract, at: Seq | None = None) -> ScopedRelation:
    """Every row with every column that may be served at all: what the hub itself works with."""
    columns = [
        exp.alias_(_column(column.name), column.name, quoted=True)
        for column in contract.columns
        if column.classification is not Classification.CORE
    ]
    tree = exp.select(*columns, copy=False).from_(_base(contract, at), copy=False)
    return ScopedRelation(contract.data_set, tree, {})


def counted_relation_of(
    grant: Grant, catalogue: Catalogue, mask_key: str, at: Seq | None = None
) -> ScopedRelation:
    """The relation that the grant's aggregates read: the same one where any group may be told."""
    contract = catalogue.contracts[grant.data_set]
    least = least_group(grant, contract)
    if least == 1:
        return relation_of(grant, catalogue, mask_key, at)
    columns, cells = measured_columns(grant, contract), group_columns(grant, contract)
    whole = _united(grant, catalogue, columns, mask_key, at)
    tree = counted_of(whole.tree, contract, columns, cells, least, catalogue.places)
    return ScopedRelation(whole.data_set, tree, whole.parameters)


def _united(
    grant: Grant,
    catalogue: Catalogue,
    columns: Mapping[str, Visibility],
    mask_key: str,
    at: Seq | None,
) -> ScopedRelation:
    contract = catalogue.contracts[grant.data_set]
    parameters = Parameters(f"{contract.data_set}_")
    selects = [_select(part, contract, columns, catalogue, parameters, at) for part in grant.parts]
    tree: exp.Query = selects[0]
    for select in selects[1:]:
        tree = exp.union(tree, select, distinct=False, copy=False)
    bound = dict(parameters.values)
    if Visibility.MASKED in columns.values():
        bound[MASK_KEY] = mask_key
    return ScopedRelation(contract.data_set, tree, bound)


def _select(
    part: Part,
    contract: Contract,
    columns: Mapping[str, Visibility],
    catalogue: Catalogue,
    parameters: Parameters,
    at: Seq | None,
) -> exp.Select:
    outputs = [
        _output(contract.column(name), visibility, part.visibility(name))
        for name, visibility in columns.items()
    ]
    select = exp.select(*outputs, copy=False).from_(_base(contract, at), copy=False)
    if contract.place_column is not None:
        ranges = catalogue.places.ranges(part.places or ())
        select = select.where(in_ranges(_column(contract.place_column), ranges), copy=False)
    elif part.places is not None:
        select = select.where(exp.false(), copy=False)
    if part.row_filter is not None:

        def resolve(name: str) -> tuple[exp.Expr, ColumnType]:
            return _column(name), contract.column(name).type

        row_filter = FilterCompiler(resolve, parameters, catalogue.places.ranges)
        select = select.where(row_filter.compile(part.row_filter), copy=False)
    return select


def _output(column: Column, whole: Visibility, here: Visibility | None) -> exp.Expr:
    kind = MASKED_TYPE if whole is Visibility.MASKED else column.type
    value: exp.Expr = _column(column.name)
    if here is None or (whole is Visibility.AGGREGATE and here is Visibility.MASKED):
        value = exp.Cast(this=exp.null(), to=exp.DataType.build(sql_type(kind), dialect="duckdb"))
    elif whole is Visibility.MASKED:
        value = _mask(value)
    return exp.alias_(value, column.name, quoted=True)


def _mask(value: exp.Expr) -> exp.Expr:
    """A keyed hash of 16 hex digits: equal values stay equal, nothing else is told."""
    text = exp.Cast(this=value, to=exp.DataType.build("VARCHAR"))
    keyed = exp.DPipe(this=exp.Parameter(this=exp.var(MASK_KEY)), expression=text)
    return exp.Left(
        this=exp.SHA2(this=keyed, length=exp.Literal.number(256)),
        expression=exp.Literal.number(MASK_DIGITS),
    )


def _base(contract: Contract, at: Seq | None) -> exp.Expr:
    """The table now, or what it was at a version: kept rows and those superseded since."""
    current = current_table(contract.data_set)
    if at is None:
        return current
    names = [_column(column.name) for column in contract.columns]
    version = exp.Literal.number(at)
    kept = (
        exp.select(*names)
        .from_(current)
        .where(exp.LTE(this=_column(CURRENT_SEQ), expression=version.copy()))
    )
    ended = (
        exp.select(*names)
        .from_(past_table(contract.data_set))
        .where(exp.LTE(this=_column(FROM_SEQ), expression=version.copy()))
        .where(exp.GT(this=_column(TO_SEQ), expression=version.copy()))
    )
    return exp.union(kept, ended, distinct=False).subquery("versioned")


def _column(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


class Scope:
    """What one client may read now: a relation per granted data set, bound at execution.

    With more than one grant on a data set, for several purposes, the oldest counts.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        grants: Sequence[Grant],
        mask_key: str,
        cursor_key: str | None = None,
    ) -> None:
        """Cursors have a key of their own, made of the masks' when none is given."""
        self.catalogue = catalogue
        self._mask_key = mask_key
        self.cursor_key = mask_key if cursor_key is None else cursor_key
        self.statements: dict[tuple[Tree, Seq | None], LockedStatement] = {}
        """What `query/compile.py` keeps of its work for this scope."""
        self._grants: dict[DatasetCode, Grant] = {}
        for grant in sorted(grants, key=lambda g: (g.not_before, g.id)):
            contract = catalogue.contracts.get(grant.data_set)
            if (
                contract is not None
                and _may_serve(contract, grant)
                and measured_columns(grant, contract)
            ):
                self._grants.setdefault(grant.data_set, grant)

    @property
    def data_sets(self) -> tuple[DatasetCode, ...]:
        """The granted data sets; interfaces, which have no rows, are not among them."""
        return tuple(sorted(self._grants.keys() & self.catalogue.data_sets.keys()))

    @property
    def interfaces(self) -> tuple[DatasetCode, ...]:
        """The granted live services."""
        return tuple(sorted(self._grants.keys() & self.catalogue.interfaces.keys()))

    def grant(self, data_set: DatasetCode) -> Grant:
        """UnknownField when nothing is granted: hidden and missing read the same."""
        try:
            return self._grants[data_set]
        except KeyError:
            raise UnknownField(data_set="Query", field=data_set) from None

    def columns(self, data_set: DatasetCode) -> Mapping[str, Visibility]:
        """The columns that rows show, in contract order; none where all is for aggregates only."""
        return self._columns[self.grant(data_set).data_set]

    def measured(self, data_set: DatasetCode) -> Mapping[str, Visibility]:
        """The columns that aggregates may measure, in contract order."""
        return self._measured[self.grant(data_set).data_set]

    def grouped(self, data_set: DatasetCode) -> tuple[str, ...]:
        """The columns by which aggregates may filter and group."""
        return group_columns(self.grant(data_set), self.catalogue.contracts[data_set])

    def coordinates(self, data_set: DatasetCode) -> Coordinates | None:
        """By which rows may be asked for by where they lie; None where they may not."""
        return visible_coordinates(self.grant(data_set), self.catalogue.contracts[data_set])

    def least_group(self, data_set: DatasetCode) -> int:
        """How many rows a group must have to be told of: 1 where any may."""
        return least_group(self.grant(data_set), self.catalogue.contracts[data_set])

    def order(self, data_set: DatasetCode) -> tuple[str, ...]:
        """The columns that put its rows in one order: the key, or where any part hides some of it,
        all that is visible, so that the place of a row never tells when it was written.
        """
        visible, key = self.columns(data_set), self.catalogue.contracts[data_set].key
        parts = self.grant(data_set).parts
        shown = [name for name in key if name in visible]
        if len(shown) == len(key) and all(part.visibility(n) for part in parts for n in key):
            return key
        return (*shown, *(name for name in visible if name not in key))

    def order_tells(self, data_set: DatasetCode) -> bool:
        """Whether the order in which the engine keeps rows could tell what the scope hides: a row that
        changed in a hidden column stands elsewhere than before. Not where every part shows all columns.
        """
        contract, grant = self.catalogue.contracts[data_set], self.grant(data_set)
        seen = (part.visibility(column.name) for column in contract.columns for part in grant.parts)
        shown = {Visibility.CLEAR, Visibility.MASKED}
        return len(self.columns(data_set)) < len(contract.columns) or not set(seen) <= shown

    def column_type(self, data_set: DatasetCode, name: str) -> ColumnType:
        """The type a client sees: text when masked."""
        visibility = self.measured(data_set).get(name)
        if visibility is None:
            raise UnknownField(data_set=data_set, field=name)
        if visibility is Visibility.MASKED:
            return MASKED_TYPE
        return self.catalogue.contracts[data_set].column(name).type

    def relations(self, data_set: DatasetCode) -> Mapping[str, Relation]:
        """The nested fields whose both sides are granted and whose join columns are clear."""
        return {
            name: relation
            for name, relation in self.catalogue.relations(data_set).items()
            if relation.target in self._grants and self._joinable(data_set, relation)
        }

    def relation(self, data_set: DatasetCode, at: Seq | None = None) -> ScopedRelation:
        return relation_of(self.grant(data_set), self.catalogue, self._mask_key, at)

    def counted(self, data_set: DatasetCode, at: Seq | None = None) -> ScopedRelation:
        """The relation that aggregates read."""
        return counted_relation_of(self.grant(data_set), self.catalogue, self._mask_key, at)

    def mask(self, text: str) -> str:
        """The keyed hash by which a masked value is seen, for values that come from no engine."""
        return hashlib.sha256((self._mask_key + text).encode()).hexdigest()[:MASK_DIGITS]

    @cached_property
    def key(self) -> str:
        """A digest of the visible columns, of whether groups have a least size, and of whether rows
        have a location: two clients with the same one have the same schema.
        """
        text = ";".join(
            f"{code}{'' if self.least_group(code) == 1 else '+'}"
            f"{'' if self.coordinates(code) is None else '@'}:"
            + ",".join(f"{n}={v}" for n, v in self.measured(code).items())
            for code in sorted(self._grants)
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def whole_key(self) -> str:
        """A digest of its grants: within one catalogue, two scopes with the same one are answered alike
        to the last byte. Whose grant it is counts too, for cursors are of one grant.
        """
        told = (repr(self.grant(code)) for code in self.data_sets)
        return hashlib.sha256("\n".join(told).encode()).hexdigest()

    @cached_property
    def _columns(self) -> dict[DatasetCode, dict[str, Visibility]]:
        return {
            code: visible_columns(grant, self.catalogue.contracts[code])
            for code, grant in self._grants.items()
        }

    @cached_property
    def _measured(self) -> dict[DatasetCode, dict[str, Visibility]]:
        return {
            code: measured_columns(grant, self.catalogue.contracts[code])
            for code, grant in self._grants.items()
        }

    def _joinable(self, data_set: DatasetCode, relation: Relation) -> bool:
        own, other = self._columns[data_set], self._columns[relation.target]
        return all(
            own.get(mine) is Visibility.CLEAR and other.get(theirs) is Visibility.CLEAR
            for mine, theirs in relation.pairs
        )


def whole_grant_columns(contract: Contract) -> tuple[GrantedColumn, ...]:
    """Every column that may be served at all, clear: what an owner sees of its own data."""
    return tuple(
        GrantedColumn(column.name)
        for column in contract.columns
        if column.classification is not Classification.CORE
    )


def _may_serve(contract: Contract, grant: Grant) -> bool:
    return (
        grant.contract_major == contract.major
        and contract.sharing.kind is not SharingKind.WITHHELD
        and contract.sharing.classification is not Classification.CORE
        and bool(grant.parts)
        and (contract.interface is None or _whole(grant))
    )


def _whole(grant: Grant) -> bool:
    """An interface is asked by arguments: no row condition or place could be kept to there."""
    parts = grant.parts
    return len(parts) == 1 and parts[0].row_filter is None and parts[0].places is None
