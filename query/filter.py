"""Predicate -> SQL node over one relation, with every value bound as a parameter.

A slot becomes a parameter as its value would; what the value must be is asked when it is there.
"""

from collections.abc import Callable, Sequence

from sqlglot import exp

from catalog.contracts import ColumnType, Kind, camel
from catalog.ids import PlaceCode
from catalog.places import Range
from catalog.predicate import And, Compare, Not, Op, Or, Predicate, Scalar, Within
from catalog.slot import Slot
from query.errors import WrongValue
from query.slots import Taken, bindable

COMPARISONS: dict[Op, type[exp.Binary]] = {
    Op.EQ: exp.EQ,
    Op.NE: exp.NEQ,
    Op.LT: exp.LT,
    Op.LTE: exp.LTE,
    Op.GT: exp.GT,
    Op.GTE: exp.GTE,
}
LISTS = (Op.IN, Op.NOT_IN)
TEXT_FUNCTIONS = {Op.CONTAINS: "contains", Op.STARTS_WITH: "starts_with"}


class Parameters:
    """Values bound under names with one prefix: `$p0`, `$p1` ..."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.values: dict[str, Scalar | Taken] = {}

    def bind(self, value: Scalar | Taken) -> exp.Parameter:
        """To a value, or to what is put into a slot."""
        name = f"{self._prefix}{len(self.values)}"
        self.values[name] = value
        return exp.Parameter(this=exp.var(name))


class FilterCompiler:
    """Compiles predicates of one relation. `column` gives the node and type of a name, or refuses."""

    def __init__(
        self,
        column: Callable[[str], tuple[exp.Expr, ColumnType]],
        parameters: Parameters,
        ranges: Callable[[Sequence[PlaceCode]], tuple[Range, ...]],
    ) -> None:
        self._column = column
        self._parameters = parameters
        self._ranges = ranges

    def compile(self, predicate: Predicate) -> exp.Expr:
        match predicate:
            case And(terms=()):
                return exp.true()
            case Or(terms=()):
                return exp.false()
            case And(terms=terms):
                return exp.and_(*(self.compile(term) for term in terms))
            case Or(terms=terms):
                return exp.paren(exp.or_(*(self.compile(term) for term in terms)))
            case Not(term=term):
                return exp.Not(this=exp.paren(self.compile(term)))
            case Within(column=name, places=places):
                node, kind = self._column(name)
                if kind.kind is not Kind.PLACE:
                    raise WrongValue(field=camel(name), value=", ".join(places))
                return in_ranges(node, self._ranges(places))
            case Compare():
                return self._compare(predicate)

    def _compare(self, compare: Compare) -> exp.Expr:
        node, kind = self._column(compare.column)
        if compare.op is Op.IS_NULL:
            empty = exp.Is(this=node, expression=exp.null())
            return empty if compare.operand else exp.Not(this=empty)
        if compare.op in TEXT_FUNCTIONS and kind.kind is not Kind.STRING:
            raise WrongValue(field=camel(compare.column), value=compare.op)
        if isinstance(compare.operand, Slot) and compare.op in LISTS:
            return self._any_of(compare, node, kind, compare.operand)
        values = compare.operand if isinstance(compare.operand, tuple) else (compare.operand,)
        bound = [self._bind(compare.column, kind, value) for value in values]
        if compare.op in COMPARISONS:
            return COMPARISONS[compare.op](this=node, expression=bound[0])
        if compare.op in TEXT_FUNCTIONS:
            return exp.Anonymous(this=TEXT_FUNCTIONS[compare.op], expressions=[node, bound[0]])
        if compare.op is Op.BETWEEN:
            return exp.Between(this=node, low=bound[0], high=bound[1])
        if not bound:
            return exp.false() if compare.op is Op.IN else exp.true()
        listed = exp.In(this=node, expressions=bound)
        return listed if compare.op is Op.IN else exp.Not(this=listed)

    def _any_of(self, compare: Compare, node: exp.Expr, kind: ColumnType, slot: Slot) -> exp.Expr:
        """One parameter for the list: a thousand of them are four times as slow."""
        values = self._parameters.bind(
            Taken(slot.index, camel(compare.column), kind.kind, whole=True)
        )
        equal = exp.EQ(this=node, expression=exp.Any(this=values))
        return equal if compare.op is Op.IN else exp.Not(this=exp.paren(equal))

    def _bind(self, column: str, kind: ColumnType, value: Scalar | Slot) -> exp.Expr:
        if isinstance(value, Slot):
            return self._parameters.bind(Taken(value.index, camel(column), kind.kind))
        return self._parameters.bind(bindable(camel(column), kind.kind, value))


def in_ranges(node: exp.Expr, ranges: Sequence[Range]) -> exp.Expr:
    """No range keeps no row. The bounds are our own place codes, so they stand as literals."""
    if not ranges:
        return exp.false()
    terms = [
        exp.Between(this=node.copy(), low=exp.Literal.number(low), high=exp.Literal.number(high))
        for low, high in ranges
    ]
    return exp.paren(exp.or_(*terms))
