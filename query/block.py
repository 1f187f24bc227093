"""A statement being written, level by level.

Rules: a level, a `Block`, is the rows of one granted data set under an alias of its own; it stands in
the statement as the relation that `query/relation.py` made, and nothing else names a table. A block
names visible columns only, and reaches another block only by a relation that the scope has.
"""

from dataclasses import dataclass, field

from sqlglot import exp

from catalog.catalogue import Relation
from catalog.contracts import LOCATION, ColumnType
from catalog.ids import DatasetCode, Seq
from catalog.predicate import Scalar
from query.errors import UnknownField
from query.filter import Parameters
from query.relation import Scope
from query.slots import Taken
from query.tree import MAX_ROWS
from query.value import Shown, json_ready


class Draft:
    """What all levels of one statement share: scope, version, bound values, aliases."""

    def __init__(
        self,
        scope: Scope,
        at: Seq | None,
        shown: Shown = json_ready,
        most: int = MAX_ROWS,
    ) -> None:
        """`shown`: in what form values leave; `most`: rows of the outer list."""
        self.scope = scope
        self.at = at
        self.shown = shown
        self.most = most
        self.parameters = Parameters("p")
        self.data_sets: set[DatasetCode] = set()
        self.columns: set[tuple[DatasetCode, str]] = set()
        """Every column that the answer shows or depends on."""
        self.small: set[DatasetCode] = set()
        """Those whose groups have a least size."""
        self._constants: dict[str, Scalar | Taken] = {}
        self._aliases = 0

    def bound(self) -> dict[str, Scalar | Taken]:
        return self._constants | self.parameters.values

    def constant(self, name: str, value: Scalar) -> exp.Parameter:
        """A value bound under a name of its own, however often."""
        self._constants[name] = value
        return exp.Parameter(this=exp.var(name))

    def block(self, data_set: DatasetCode, *, counted: bool = False) -> "Block":
        """`counted`: its rows are only told of in groups. UnknownField when nothing is granted."""
        self.data_sets.add(self.scope.grant(data_set).data_set)
        if counted and self.scope.least_group(data_set) > 1:
            self.small.add(data_set)
        self._aliases += 1
        return Block(self, data_set, self._aliases, counted)

    def relation(self, block: "Block") -> exp.Subquery:
        of = self.scope.counted if block.counted else self.scope.relation
        relation = of(block.data_set, self.at)
        self._constants.update(relation.parameters)
        return relation.tree.subquery(exp.to_identifier(block.alias), copy=False)


@dataclass(slots=True, eq=False)
class Block:
    """Rows of a data set under an alias, and what is joined to them."""

    draft: Draft
    data_set: DatasetCode
    number: int
    counted: bool = False
    """Whether it stands there as the relation that aggregates read."""
    joins: list[exp.Join] = field(default_factory=list)
    """Those of the one related rows, too."""
    named: dict[str, None] = field(default_factory=dict)
    """The columns that were asked for."""
    _ones: dict[str, "Block"] = field(default_factory=dict)

    @property
    def alias(self) -> str:
        return f"r{self.number}"

    def column(self, name: str, *, asked: bool = True) -> exp.Column:
        """UnknownField when it is not visible. `asked`: not merely what makes an order total."""
        scope = self.draft.scope
        usable = scope.grouped if self.counted else scope.columns
        if name not in usable(self.data_set):
            raise UnknownField(data_set=self.data_set, field=name)
        if asked:
            self.draft.columns.add((self.data_set, name))
        self.named[name] = None
        return exp.column(exp.to_identifier(name, quoted=True), table=self.alias)

    def measured(self, name: str) -> exp.Column:
        """For a measure of a counted block. UnknownField when no aggregate may read it."""
        if not self.counted or name not in self.draft.scope.measured(self.data_set):
            raise UnknownField(data_set=self.data_set, field=name)
        self.draft.columns.add((self.data_set, name))
        return exp.column(exp.to_identifier(name, quoted=True), table=self.alias)

    def location(self) -> tuple[str, str]:
        """Its columns of longitude and latitude. UnknownField where rows have no visible location."""
        found = self.draft.scope.coordinates(self.data_set)
        if found is None:
            raise UnknownField(data_set=self.data_set, field=LOCATION)
        return found.longitude, found.latitude

    def column_type(self, name: str) -> ColumnType:
        return self.draft.scope.column_type(self.data_set, name)

    def related(self, name: str) -> Relation:
        """UnknownField when the scope has no such relation."""
        relation = self.draft.scope.relations(self.data_set).get(name)
        if relation is None:
            raise UnknownField(data_set=self.data_set, field=name)
        return relation

    def pairs(self, inner: "Block", relation: Relation) -> exp.Expr:
        """The inner block's rows that belong to a row of this one."""
        return exp.and_(
            *(
                exp.EQ(this=self.column(own), expression=inner.column(other))
                for own, other in relation.pairs
            )
        )

    def join_one(self, relation: Relation) -> "Block":
        """The block of the one related row, joined once however often it is asked for."""
        inner = self._ones.get(relation.name)
        if inner is None:
            inner = self._ones[relation.name] = self.draft.block(relation.target)
            on = self.pairs(inner, relation)
            self.joins.append(exp.Join(this=self.draft.relation(inner), side="LEFT", on=on))
            inner.joins = self.joins
        return inner

    def join_lateral(self, rows: exp.Select, alias: str) -> None:
        """A subquery that is worked out for each row of this block."""
        named = exp.TableAlias(this=exp.to_identifier(alias))
        lateral = exp.Lateral(this=rows.subquery(), alias=named)
        self.joins.append(exp.Join(this=lateral, side="LEFT", on=exp.true()))

    def take_joins(self) -> list[exp.Join]:
        """What is joined until now; whatever is asked for later is joined anew."""
        joins, self.joins, self._ones = self.joins, [], {}
        return joins

    def select(
        self,
        outputs: list[exp.Expr],
        *conditions: exp.Expr | None,
        joins: list[exp.Join] | None = None,
    ) -> exp.Select:
        """The block's rows with what is joined to them; what joins must be asked for before."""
        select = exp.select(*outputs, copy=False).from_(self.draft.relation(self), copy=False)
        for join in self.joins if joins is None else joins:
            select = select.join(join, copy=False)
        for condition in conditions:
            if condition is not None:
                select = select.where(condition, copy=False)
        return select
