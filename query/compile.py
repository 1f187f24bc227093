"""Tree x scope -> one SQL statement.

Every relation stands in it as a subquery that `query/relation.py` made; nothing else names a table.
To-one relations are left joins, to-many ones a lateral list with its own filter, order and limit.
Output values are in the form JSON wants: decimals, 64-bit integers and place codes as text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from catalog.catalogue import Relation
from catalog.contracts import ColumnType, Kind
from catalog.ids import DatasetCode, Seq
from catalog.predicate import And, Compare, Op, Predicate, Scalar
from query.errors import AliasClash, UnknownField
from query.filter import FilterCompiler, Parameters
from query.lock import lock
from query.relation import Scope
from query.statement import LockedStatement
from query.tree import MAX_ROWS, Constant, Leaf, Nested, Order, Read, ReadOne, Selection

TEXT = exp.DataType.build("VARCHAR")
KEPT_STATEMENTS = 256


def compile_read(tree: Read | ReadOne, scope: Scope, at: Seq | None = None) -> LockedStatement:
    """The statement that answers the tree within the scope, now or as of version `at`.

    A scope never changes, so what was compiled for it is kept with it.
    """
    known = scope.statements.get((tree, at))
    if known is None:
        if len(scope.statements) >= KEPT_STATEMENTS:
            scope.statements.clear()
        known = scope.statements[tree, at] = _compiled(tree, scope, at)
    return known


def _compiled(tree: Read | ReadOne, scope: Scope, at: Seq | None) -> LockedStatement:
    compilation = _Compilation(scope, at)
    single = isinstance(tree, ReadOne)
    read = _by_key(tree) if isinstance(tree, ReadOne) else tree
    statement = compilation.rows(read)
    return lock(
        statement,
        scope=scope,
        at=at,
        data_sets=frozenset(compilation.data_sets),
        parameters=compilation.bound(),
        single=single,
    )


def _by_key(one: ReadOne) -> Read:
    terms = tuple(Compare(column, Op.EQ, value) for column, value in one.key)
    return Read(one.data_set, one.selection, And(terms), limit=1)


@dataclass(slots=True)
class _Block:
    """One level of the tree under compilation: rows of a data set under an alias."""

    data_set: DatasetCode
    alias: str
    joins: list[exp.Join] = field(default_factory=list)


class _Compilation:
    def __init__(self, scope: Scope, at: Seq | None) -> None:
        self._scope = scope
        self._at = at
        self._parameters = Parameters("p")
        self._relation_parameters: dict[str, Scalar] = {}
        self._aliases = 0
        self.data_sets: set[DatasetCode] = set()

    def bound(self) -> dict[str, Scalar]:
        return self._relation_parameters | self._parameters.values

    def rows(self, read: Read) -> exp.Select:
        block = self._block(read.data_set)
        outputs = [
            exp.alias_(node, name, quoted=True)
            for name, node in self._outputs(block, read.selection)
        ]
        select = self._from(block, outputs, read.where)
        select = select.order_by(*self._order(block, read.order), copy=False)
        select = select.limit(min(read.limit, MAX_ROWS), copy=False)
        return select.offset(read.offset, copy=False) if read.offset else select

    def _block(self, data_set: DatasetCode) -> _Block:
        self.data_sets.add(self._scope.grant(data_set).data_set)
        self._aliases += 1
        return _Block(data_set, f"r{self._aliases}")

    def _from(self, block: _Block, outputs: list[exp.Expr], where: Predicate | None) -> exp.Select:
        select = exp.select(*outputs, copy=False).from_(self._relation(block), copy=False)
        for join in block.joins:
            select = select.join(join, copy=False)
        if where is not None:
            select = select.where(self._filter(block).compile(where), copy=False)
        return select

    def _relation(self, block: _Block) -> exp.Subquery:
        relation = self._scope.relation(block.data_set, self._at)
        self._relation_parameters.update(relation.parameters)
        return relation.tree.subquery(exp.to_identifier(block.alias), copy=False)

    def _filter(self, block: _Block) -> FilterCompiler:
        def resolve(name: str) -> tuple[exp.Expr, ColumnType]:
            return self._column(block, name), self._scope.column_type(block.data_set, name)

        return FilterCompiler(resolve, self._parameters, self._scope.catalogue.places.ranges)

    def _column(self, block: _Block, name: str) -> exp.Column:
        if name not in self._scope.columns(block.data_set):
            raise UnknownField(data_set=block.data_set, field=name)
        return exp.column(exp.to_identifier(name, quoted=True), table=block.alias)

    def _order(self, block: _Block, order: tuple[Order, ...]) -> list[exp.Ordered]:
        asked = {term.column for term in order}
        rest = (Order(n) for n in self._scope.order(block.data_set) if n not in asked)
        return [
            exp.Ordered(
                this=self._column(block, term.column),
                desc=term.descending,
                nulls_first=term.nulls_first,
            )
            for term in (*order, *rest)
        ]

    def _outputs(self, block: _Block, selection: Selection) -> Iterator[tuple[str, exp.Expr]]:
        _refuse_clashes(selection)
        for item in selection:
            match item:
                case Leaf(alias=alias, column=name):
                    kind = self._scope.column_type(block.data_set, name)
                    yield alias, json_ready(self._column(block, name), kind)
                case Constant(alias=alias, value=value):
                    yield alias, exp.Literal.string(value)
                case Nested():
                    yield item.alias, self._nested(block, item)

    def _nested(self, block: _Block, nested: Nested) -> exp.Expr:
        relation = self._scope.relations(block.data_set).get(nested.relation)
        if relation is None:
            raise UnknownField(data_set=block.data_set, field=nested.relation)
        if relation.many:
            return self._to_many(block, nested, relation)
        return self._to_one(block, nested, relation)

    def _to_one(self, block: _Block, nested: Nested, relation: Relation) -> exp.Expr:
        inner = self._block(relation.target)
        outputs = dict(self._outputs(inner, nested.selection))
        block.joins.append(
            exp.Join(
                this=self._relation(inner), side="LEFT", on=self._pairs(block, inner, relation)
            )
        )
        block.joins += inner.joins
        missing = exp.Is(this=self._column(inner, relation.pairs[0][1]), expression=exp.null())
        return exp.Case(ifs=[exp.If(this=missing, true=exp.null())], default=_struct(outputs))

    def _to_many(self, block: _Block, nested: Nested, relation: Relation) -> exp.Expr:
        inner = self._block(relation.target)
        outputs = dict(self._outputs(inner, nested.selection))
        order = self._order(inner, nested.order)
        columns = [exp.alias_(_struct(outputs), "row_", quoted=True)] + [
            exp.alias_(term.this.copy(), f"o{i}", quoted=True) for i, term in enumerate(order)
        ]
        page = self._from(inner, columns, nested.where)
        page = page.where(self._pairs(block, inner, relation), copy=False)
        page = page.order_by(*order, copy=False)
        wanted = MAX_ROWS if nested.limit is None else nested.limit
        page = page.limit(min(wanted, MAX_ROWS), copy=False)
        if nested.offset:
            page = page.offset(nested.offset, copy=False)
        alias = f"l{inner.alias[1:]}"
        listed = exp.ArrayAgg(
            this=exp.Order(
                this=exp.column("row_", quoted=True),
                expressions=[
                    exp.Ordered(
                        this=exp.column(f"o{i}", quoted=True),
                        desc=term.args["desc"],
                        nulls_first=term.args["nulls_first"],
                    )
                    for i, term in enumerate(order)
                ],
            )
        )
        rows = exp.select(exp.alias_(listed, "rows_", quoted=True)).from_(page.subquery("page"))
        block.joins.append(
            exp.Join(
                this=exp.Lateral(
                    this=rows.subquery(), alias=exp.TableAlias(this=exp.to_identifier(alias))
                ),
                side="LEFT",
                on=exp.true(),
            )
        )
        return exp.Coalesce(
            this=exp.column("rows_", table=alias, quoted=True), expressions=[exp.Array()]
        )

    def _pairs(self, block: _Block, inner: _Block, relation: Relation) -> exp.Expr:
        return exp.and_(
            *(
                exp.EQ(this=self._column(block, own), expression=self._column(inner, other))
                for own, other in relation.pairs
            )
        )


def json_ready(node: exp.Expr, kind: ColumnType) -> exp.Expr:
    """The value as the encoder needs it: text where JSON's numbers would lose digits."""
    if kind.kind in {Kind.DECIMAL, Kind.BIGINT}:
        return exp.Cast(this=node, to=TEXT.copy())
    if kind.kind is Kind.PLACE:
        return _place_text(node)
    return node


def _place_text(node: exp.Expr) -> exp.Expr:
    """A padded place code as its shortest code, see `catalog/places.py`."""
    text = exp.Cast(this=node, to=TEXT.copy())
    ifs = [
        exp.If(
            this=exp.EQ(
                this=exp.Mod(this=node.copy(), expression=exp.Literal.number(10**zeros)),
                expression=exp.Literal.number(0),
            ),
            true=exp.Left(this=text.copy(), expression=exp.Literal.number(15 - zeros)),
        )
        for zeros in (9, 6, 3)
    ]
    return exp.Case(ifs=ifs, default=text)


def _struct(outputs: Mapping[str, exp.Expr]) -> exp.Struct:
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=node)
            for name, node in outputs.items()
        ]
    )


def _refuse_clashes(selection: Selection) -> None:
    """The engine folds names; two that differ only in case would be one to it."""
    seen: dict[str, str] = {}
    for item in selection:
        first = seen.setdefault(item.alias.lower(), item.alias)
        if first is not item.alias:
            raise AliasClash(first=first, second=item.alias)
