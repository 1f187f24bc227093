"""A definition -> arithmetic over leaves, with every indicator that it names put in its place."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from catalog.ids import IndicatorCode, PlaceCode
from catalog.indicators.calculation import (
    Aggregation,
    Band,
    Calculation,
    Composite,
    Cumulative,
    Derived,
    Duration,
    Measure,
    Movement,
    Of,
    Offset,
    Ratio,
    Rolling,
    Simple,
    ToDate,
)
from catalog.indicators.errors import UnknownIndicator
from catalog.indicators.expression import Binary, Call, Expression, Name, Number, Operator
from catalog.indicators.indicator import Fill, FillKind, Hierarchy, Indicator
from indicators.compiler.errors import NestedWindow
from indicators.compiler.leaf import (
    Applied,
    Constant,
    Expected,
    Frame,
    Leaf,
    Node,
    Operation,
    Quotient,
    Shift,
)

Definitions = Mapping[IndicatorCode, Indicator]
HUNDRED = Constant(Decimal(100))


@dataclass(frozen=True, slots=True)
class _Around:
    """What holds for the measures below: of the outermost the hierarchy, of the innermost the fill."""

    owner: Indicator
    hierarchy: Hierarchy
    areas: frozenset[tuple[PlaceCode, ...]]
    frame: Frame | None = None
    shifts: tuple[Shift, ...] = ()

    def inside(self, named: Indicator) -> "_Around":
        return replace(self, owner=named, areas=self.areas | _areas(named))


def lowered(indicator: Indicator, definitions: Definitions) -> Node:
    """UnknownIndicator when an ingredient is not in force."""
    around = _Around(indicator, indicator.places.hierarchy, _areas(indicator))
    return _Lowering(definitions).node(indicator.calculation, around)


class _Lowering:
    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    def node(self, calculation: Calculation, around: _Around) -> Node:
        if isinstance(calculation, Measure):
            return _measured(calculation, around)
        match calculation:
            case Of(code):
                return self.named(code, around)
            case Ratio(numerator, denominator, factor):
                over = self.node(denominator, around)
                return Quotient(self.node(numerator, around), over, factor)
            case Derived(formula, terms):
                known = {term.name: self.node(term.of, around) for term in terms}
                return self.formula(formula, known, around)
            case Offset():
                return self.offset(calculation, around)
            case Composite():
                return self.composite(calculation, around)
            case Band(of, bound, seasons, every, width):
                return Expected(self.node(of, around), bound, seasons, every, width)
        return self.window(calculation, around)

    def window(self, window: ToDate | Rolling | Cumulative, around: _Around) -> Node:
        if around.frame is not None:
            raise NestedWindow(indicator=around.owner.code)
        reach: Shift | None = None
        if isinstance(window, ToDate):
            reach = window.grain
        elif isinstance(window, Rolling):
            reach = window.window
        frame = Frame(reach, around.owner.period)
        return self.node(window.of, replace(around, frame=frame))

    def named(self, code: IndicatorCode, around: _Around) -> Node:
        named = self._definitions.get(code)
        if named is None:
            raise UnknownIndicator(indicator=code)
        return self.node(named.calculation, around.inside(named))

    def formula(self, formula: Expression, terms: Mapping[str, Node], around: _Around) -> Node:
        match formula:
            case Name(name):
                return terms[name] if name in terms else self.named(IndicatorCode(name), around)
            case Number(value):
                return Constant(value)
            case Binary(operator, left, right):
                over = self.formula(right, terms, around)
                return Operation(operator, self.formula(left, terms, around), over)
            case Call(function, arguments):
                return Applied(
                    function, tuple(self.formula(each, terms, around) for each in arguments)
                )

    def offset(self, offset: Offset, around: _Around) -> Node:
        then = self.node(offset.of, replace(around, shifts=(*around.shifts, offset.by)))
        if offset.movement is Movement.VALUE:
            return then
        difference = Operation(Operator.MINUS, self.node(offset.of, around), then)
        if offset.movement is Movement.DIFFERENCE:
            return difference
        return Quotient(difference, then)

    def composite(self, composite: Composite, around: _Around) -> Node:
        total: Node | None = None
        for part in composite.parts:
            worth = self.node(part.of, around)
            if part.zero is not None and part.full is not None:
                above = Operation(Operator.MINUS, worth, Constant(part.zero))
                span = Constant(part.full - part.zero)
                worth = Operation(Operator.BY, Operation(Operator.TIMES, above, HUNDRED), span)
            weighed = Operation(Operator.TIMES, worth, Constant(part.weight))
            total = weighed if total is None else Operation(Operator.PLUS, total, weighed)
        assert total is not None  # noqa: S101 - a composite has parts
        return Operation(
            Operator.BY, total, Constant(sum((p.weight for p in composite.parts), Decimal(0)))
        )


def _measured(measure: Measure, around: _Around) -> Node:
    fill = around.owner.fill
    match measure:
        case (
            Simple(aggregation=Aggregation.AVERAGE)
            | Duration(aggregation=Aggregation.AVERAGE, fraction=None)
        ):
            unfilled = Fill(FillKind.NONE)
            total = replace(measure, aggregation=Aggregation.SUM)
            count = replace(measure, aggregation=Aggregation.COUNT)
            return Quotient(_leaf(total, around, unfilled), _leaf(count, around, unfilled))
    return _leaf(measure, around, fill)


def _leaf(measure: Measure, around: _Around, fill: Fill) -> Leaf:
    """What was then is not carried on from before: an offset tells of that very period."""
    if around.shifts and fill.kind is FillKind.CARRY:
        fill = Fill(FillKind.NONE)
    return Leaf(measure, fill, around.hierarchy, around.areas, around.frame, around.shifts)


def _areas(indicator: Indicator) -> frozenset[tuple[PlaceCode, ...]]:
    areas = indicator.places.areas
    return frozenset({areas}) if areas else frozenset()
