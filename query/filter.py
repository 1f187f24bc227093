"""Predicate -> SQL node over one relation, with every value bound as a parameter."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlglot import exp

from catalog.contracts import ColumnType, Kind, camel
from catalog.ids import PlaceCode
from catalog.places import Range, padded
from catalog.predicate import And, Compare, Not, Op, Or, Predicate, Scalar, Within
from query.errors import WrongValue

COMPARISONS: dict[Op, type[exp.Binary]] = {
    Op.EQ: exp.EQ,
    Op.NE: exp.NEQ,
    Op.LT: exp.LT,
    Op.LTE: exp.LTE,
    Op.GT: exp.GT,
    Op.GTE: exp.GTE,
}
WHOLE_DIGITS, FRACTION_DIGITS = 19, 18
"""A decimal within these has a common type with any other, and with a column's values."""
TEXT_FUNCTIONS = {Op.CONTAINS: "contains", Op.STARTS_WITH: "starts_with"}
ACCEPTED: dict[Kind, tuple[type, ...]] = {
    Kind.STRING: (str,),
    Kind.INTEGER: (int,),
    Kind.BIGINT: (int,),
    Kind.DECIMAL: (Decimal, int),
    Kind.DOUBLE: (float, int),
    Kind.BOOLEAN: (bool,),
    Kind.DATE: (date,),
    Kind.TIMESTAMP: (datetime,),
    Kind.PLACE: (str,),
}


class Parameters:
    """Values bound under names with one prefix: `$p0`, `$p1` ..."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.values: dict[str, Scalar] = {}

    def bind(self, value: Scalar) -> exp.Parameter:
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

    def _bind(self, column: str, kind: ColumnType, value: Scalar) -> exp.Expr:
        accepted = ACCEPTED[kind.kind]
        if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted):
            raise WrongValue(field=camel(column), value=value)
        if kind.kind is Kind.DECIMAL and not _bindable(Decimal(value)):  # type: ignore[arg-type]  # ACCEPTED says what it is
            raise WrongValue(field=camel(column), value=value)
        if kind.kind is Kind.PLACE:
            code = str(value)
            if not code.isascii() or not code.isdigit() or len(code) not in {6, 9, 12, 15}:
                raise WrongValue(field=camel(column), value=value)
            return self._parameters.bind(padded(PlaceCode(code)))
        return self._parameters.bind(value)


def _bindable(value: Decimal) -> bool:
    """Past these digits the engine fails where it should compare."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):  # NaN, infinity
        return False
    return value.adjusted() < WHOLE_DIGITS and exponent >= -FRACTION_DIGITS


def in_ranges(node: exp.Expr, ranges: Sequence[Range]) -> exp.Expr:
    """No range keeps no row. The bounds are our own place codes, so they stand as literals."""
    if not ranges:
        return exp.false()
    terms = [
        exp.Between(this=node.copy(), low=exp.Literal.number(low), high=exp.Literal.number(high))
        for low, high in ranges
    ]
    return exp.paren(exp.or_(*terms))
