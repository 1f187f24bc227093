"""Whether an indicator may be asked so: at these periods, for places of this level, put together thus.

What holds for an indicator holds for all that it is made of, for each tells of its own data.
"""

from collections.abc import Iterator

from catalog.errors import in_english
from catalog.ids import IndicatorCode
from catalog.indicators.calculation import Band, Offset, ingredients, parts_of
from catalog.indicators.columns import Resolver
from catalog.indicators.errors import UnknownIndicator
from catalog.indicators.indicator import Additivity, Indicator
from catalog.indicators.joins import Contracts
from catalog.indicators.period import Grain, Window, finer, lies_within
from catalog.places import OWN_DIGITS, PlaceLevel
from indicators.compiler.errors import GrainUnfit, LevelUnfit, NotAdditive
from indicators.compiler.leaf import Node, leaves_of
from indicators.compiler.lower import Definitions
from indicators.compiler.question import Question


def admit(
    indicator: Indicator,
    node: Node,
    question: Question,
    definitions: Definitions,
    contracts: Contracts,
) -> None:
    """GrainUnfit, LevelUnfit, NotAdditive."""
    for each in _with_ingredients(indicator, definitions):
        _check_grain(each, question.grain)
        for level in question.levels:
            _check_level(each, level)
        _check_additivity(each, question)
    for leaf in leaves_of(node):
        whole = Resolver(leaf.measure.rows, contracts).place() is None
        for level in question.levels:
            if whole and level is not PlaceLevel.CITY:
                raise LevelUnfit(indicator=indicator.code, level=level, lowest=PlaceLevel.CITY)


def _with_ingredients(indicator: Indicator, definitions: Definitions) -> Iterator[Indicator]:
    seen: set[IndicatorCode] = set()
    pending = [indicator]
    while pending:
        each = pending.pop()
        yield each
        for code in sorted(ingredients(each.calculation) - seen):
            seen.add(code)
            if code not in definitions:
                raise UnknownIndicator(indicator=code)
            pending.append(definitions[code])


def _check_grain(indicator: Indicator, grain: Grain) -> None:
    if not lies_within(indicator.period, grain):
        period = in_english(indicator.period)
        raise GrainUnfit(
            indicator=indicator.code,
            grain=in_english(grain),
            reason=f"it is worked out by {period}",
            reason_zh=f"该指标按 {indicator.period} 计算",
        )
    for _, part in parts_of(indicator.calculation):
        if isinstance(part, Band) and grain is not indicator.period:
            raise NotAdditive(indicator=indicator.code, dimension="time")
        if isinstance(part, Offset) and _too_short(part.by, grain):
            raise GrainUnfit(
                indicator=indicator.code,
                grain=in_english(grain),
                reason=f"it looks back by {part.by}, which holds no whole number of such periods",
                reason_zh=f"其回溯 {part.by} 不是整数个周期",
            )


def _too_short(by: Window | Grain, grain: Grain) -> bool:
    unit = by.unit if isinstance(by, Window) else by
    return finer(unit, grain) or not lies_within(grain, unit)


def _check_level(indicator: Indicator, level: PlaceLevel) -> None:
    if OWN_DIGITS[level] > OWN_DIGITS[indicator.places.lowest]:
        raise LevelUnfit(indicator=indicator.code, level=level, lowest=indicator.places.lowest)


def _check_additivity(indicator: Indicator, question: Question) -> None:
    for along in indicator.additivity:
        if along.additivity is Additivity.ADDITIVE:
            continue
        match along.dimension:
            case "time":
                kept = question.grain is indicator.period
            case "place":
                kept = set(question.levels) == {indicator.places.lowest}
            case column:
                kept = column in question.dimensions
        if not kept:
            raise NotAdditive(indicator=indicator.code, dimension=along.dimension)
