"""Windows, offsets and bands: what they may stand over, and at which period.

A window adds up what flows: it stands over no stock (a last reading), no reported value, no other
window. An indicator that is named counts with all that stands in it.
"""

from collections.abc import Iterator, Mapping

from catalog.ids import IndicatorCode
from catalog.indicators.calculation import (
    Band,
    Calculation,
    Cumulative,
    Derived,
    Of,
    Offset,
    Reported,
    Rolling,
    SemiAdditive,
    ToDate,
    ingredients,
    parts_of,
)
from catalog.indicators.indicator import Additivity, Indicator
from catalog.indicators.period import Grain, Window, finer, lies_within, steps_in

Path = tuple[str | int, ...]
Indicators = Mapping[IndicatorCode, Indicator]
WINDOWS = (ToDate, Rolling, Cumulative)


def window_problems(indicator: Indicator, every: Indicators) -> Iterator[tuple[Path, str]]:
    for where, part in parts_of(indicator.calculation, ("calculation",)):
        if isinstance(part, (*WINDOWS, Band)):
            for under in _all_under(part.of, every, frozenset()):
                problem = _over(part, under)
                if problem is not None:
                    yield where, problem
        if isinstance(part, WINDOWS):
            for code in sorted(_names_under(part.of, every)):
                if every[code].along("time") is Additivity.NONE:
                    problem = f"{code} is never put together along time; no window stands over it."
                    yield where, problem
        problem = _at(part, indicator.period)
        if problem is not None:
            yield where, problem


def _over(window: ToDate | Rolling | Cumulative | Band, under: Calculation) -> str | None:
    if isinstance(under, Band):
        return "a band stands over nothing that has a band; take the value itself."
    if isinstance(window, Band):
        return None
    if isinstance(under, SemiAdditive):
        return "a stock does not add up over time; its reading at the end of a period is the value."
    if isinstance(under, Reported):
        return "a reported value does not add up over time; report the window's own value."
    if isinstance(under, WINDOWS):
        return "a window over a window would count rows twice; name what the inner one counts."
    return None


def _at(part: Calculation, period: Grain) -> str | None:
    """Whether windows and offsets hold whole periods."""
    match part:
        case ToDate(grain=grain) | Offset(by=Grain() as grain) if not lies_within(period, grain):
            return f"periods of a {period} do not lie within a {grain}; take a coarser grain."
        case Rolling(window=window) if not _whole(window, period):
            return f"{window} hold no whole number of periods by {period}; take a longer window."
        case Offset(by=Window() as window) if not _whole(window, period):
            return f"{window} are no whole number of periods by {period}; take a longer offset."
    return None


def _whole(window: Window, period: Grain) -> bool:
    """A month holds whole days, though not always as many."""
    if steps_in(window, period) is not None:
        return True
    return lies_within(period, window.unit) and finer(period, window.unit)


def _all_under(
    calculation: Calculation, every: Indicators, seen: frozenset[IndicatorCode]
) -> Iterator[Calculation]:
    """With what stands in the indicators that are named; a cycle is told of elsewhere."""
    for _, part in parts_of(calculation):
        yield part
        codes = ingredients(part) if isinstance(part, Of | Derived) else frozenset()
        for code in sorted(codes - seen):
            if code in every:
                yield from _all_under(every[code].calculation, every, seen | {code})


def _names_under(calculation: Calculation, every: Indicators) -> set[IndicatorCode]:
    """The known indicators that it names, and those that these name."""
    found: set[IndicatorCode] = set()
    pending = [calculation]
    while pending:
        new = {c for c in ingredients(pending.pop()) if c in every} - found
        found |= new
        pending += [every[code].calculation for code in new]
    return found
