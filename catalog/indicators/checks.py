"""Definitions against what they name: contracts, places, organisations, other indicators.

Refused at the first problem, with file, line and what to do: a column that is missing or of the wrong
kind, a way that fans out, a cycle, a grain finer than the data, a window over a stock or over a window,
a place nobody knows. A ratio over zero is no mistake of a definition: its value is missing, and says so.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from catalog.errors import UserError
from catalog.ids import IndicatorCode, OrganisationCode, PlaceCode
from catalog.indicators.calculation import (
    Calculation,
    Derived,
    Measure,
    Of,
    ingredients,
    parts_of,
)
from catalog.indicators.columns import Resolver
from catalog.indicators.expression import names_of
from catalog.indicators.indicator import Additivity, Indicator
from catalog.indicators.joins import Contracts
from catalog.indicators.measures import Problem, Wrong, measure_problem
from catalog.indicators.overrides import override_problems
from catalog.indicators.period import lies_within
from catalog.indicators.reading import DeclaredIndicator
from catalog.indicators.windows import window_problems
from catalog.places import Places
from catalog.predicate import And, Compare, Not, Or, Predicate, Within

Users = Mapping[IndicatorCode, Sequence[IndicatorCode]]
"""What is made of each indicator directly."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What definitions may name. `indicators`: those in force, and later ones that wait for it."""

    contracts: Contracts
    places: Places
    organisations: AbstractSet[OrganisationCode]
    indicators: Mapping[IndicatorCode, Indicator]


def check_indicators(declared: Sequence[DeclaredIndicator], around: Surroundings) -> None:
    """DeclarationError at the first that cannot stand beside the others."""
    every = dict(around.indicators)
    written: dict[str, DeclaredIndicator] = {}
    for each in declared:
        code = each.indicator.code
        other = written.setdefault(code.lower(), each)
        if other is not each:
            raise each.document.error(("indicator",), f"{code} is also {other.document.file.name}.")
        every[code] = each.indicator
    users = _users(every)
    new = {each.indicator.code for each in declared}
    known = {code.lower(): code for code in around.indicators}
    for each in declared:
        code = each.indicator.code
        if known.get(code.lower(), code) != code:
            raise each.document.error(("indicator",), f"{known[code.lower()]} is written so.")
        for path, problem in _problems(each.indicator, around, every):
            raise each.document.error(path, problem)
        for user in _made_of(code, users):
            if user in new:
                continue  # is checked where it stands
            for _, problem in _problems(every[user], around, every):
                raise each.document.error(
                    ("calculation",), f"{user} is made of it and would not hold: {problem}"
                )


def cycle(
    start: IndicatorCode, indicators: Mapping[IndicatorCode, Indicator]
) -> tuple[IndicatorCode, ...] | None:
    """The way from an indicator back to itself; None where there is none."""
    done: set[IndicatorCode] = set()

    def look(
        at: IndicatorCode, trail: tuple[IndicatorCode, ...]
    ) -> tuple[IndicatorCode, ...] | None:
        if at == start and trail:
            return (*trail, at)
        if at in done or at not in indicators:
            return None
        done.add(at)
        for named in sorted(ingredients(indicators[at].calculation)):
            found = look(named, (*trail, at))
            if found is not None:
                return found
        return None

    return look(start, ())


def _problems(
    indicator: Indicator, around: Surroundings, every: Mapping[IndicatorCode, Indicator]
) -> Iterator[Problem]:
    yield from _organisation_problems(indicator, around)
    yield from _place_problems(indicator, around.places)
    yield from _reference_problems(indicator, every)
    for where, part in parts_of(indicator.calculation, ("calculation",)):
        if isinstance(part, Measure):
            yield from _measure_problems(indicator, part, where, around)
        if isinstance(part, Derived) and not any(True for _ in names_of(part.formula)):
            yield (*where, "formula"), "a formula names what it is made of; this one is a constant."
    yield from window_problems(indicator, every)
    yield from _additivity_problems(indicator, around)


def _users(every: Mapping[IndicatorCode, Indicator]) -> Users:
    found: dict[IndicatorCode, list[IndicatorCode]] = {}
    for code, indicator in every.items():
        for named in ingredients(indicator.calculation):
            found.setdefault(named, []).append(code)
    return found


def _made_of(code: IndicatorCode, users: Users) -> Iterator[IndicatorCode]:
    """What is made of it, and what is made of that."""
    seen, pending = {code}, [code]
    while pending:
        for user in users.get(pending.pop(), ()):
            if user not in seen:
                seen.add(user)
                pending.append(user)
                yield user


def _organisation_problems(indicator: Indicator, around: Surroundings) -> Iterator[Problem]:
    if indicator.lead not in around.organisations:
        yield ("lead",), f"{indicator.lead} is no known organisation; declare it or name another."
    for number, code in enumerate(indicator.sources):
        if code not in around.organisations:
            yield (
                ("sources", number),
                f"{code} is no known organisation; declare it or name another.",
            )


def _place_problems(indicator: Indicator, places: Places) -> Iterator[Problem]:
    named: list[tuple[tuple[str | int, ...], Iterable[PlaceCode]]] = [
        (("places", "areas"), indicator.places.areas)
    ]
    if indicator.thresholds is not None:
        named += [
            (("thresholds", "overrides", i, "places"), override.places)
            for i, override in enumerate(indicator.thresholds.overrides)
        ]
    unknown = False
    for path, codes in named:
        for number, code in enumerate(codes):
            if code not in places:
                unknown = True
                yield (*path, number), f"no place has the code {code}; use one of the place list."
    if indicator.thresholds is not None and not unknown:
        for path, problem in override_problems(indicator.thresholds.overrides, places):
            yield ("thresholds", "overrides", *path), problem


def _reference_problems(
    indicator: Indicator, every: Mapping[IndicatorCode, Indicator]
) -> Iterator[Problem]:
    for where, named in _named(indicator.calculation):
        other = every.get(named)
        if other is None:
            yield where, f"there is no indicator {named}; check its code, or declare it first."
        elif not lies_within(other.period, indicator.period) and named != indicator.code:
            problem = (
                f"{named} is worked out by {other.period}, so {indicator.code} cannot be by"
                f" {indicator.period}: a grain finer than its data, or one that cuts through it."
            )
            yield where, problem
        elif other.along("time") is Additivity.NONE and other.period is not indicator.period:
            problem = (
                f"{named} is told by {other.period} and never put together along time; work"
                f" {indicator.code} out by {other.period}, too."
            )
            yield where, problem
    for key, code in (("parent", indicator.parent), ("supersedes", indicator.supersedes)):
        if code is not None and code not in every:
            yield (key,), f"there is no indicator {code}; check its code."
    trail = cycle(indicator.code, every)
    if trail is not None:
        yield ("calculation",), f"a cycle: {' -> '.join(trail)}; take one of them out."


def _named(calculation: Calculation) -> Iterator[tuple[tuple[str | int, ...], IndicatorCode]]:
    for where, part in parts_of(calculation, ("calculation",)):
        match part:
            case Of(code):
                yield where[:-1], code
            case Derived(terms=terms):
                inner = {name for term in terms for name in ingredients(term.of)}
                for code in sorted(ingredients(part) - inner):
                    yield (*where, "formula"), code
            case _:
                pass


def _measure_problems(
    indicator: Indicator, measure: Measure, where: tuple[str | int, ...], around: Surroundings
) -> Iterator[Problem]:
    try:
        measure_problem(measure, indicator, around.contracts)
        if measure.rows.where is not None:
            _check_within(measure.rows.where, around.places)
    except Wrong as wrong:
        yield (*where, *wrong.path), wrong.problem


def _check_within(predicate: Predicate, places: Places) -> None:
    match predicate:
        case Within(places=codes):
            for code in codes:
                if code not in places:
                    raise Wrong(("where",), f"no place has the code {code}.")
        case And(terms) | Or(terms):
            for term in terms:
                _check_within(term, places)
        case Not(term):
            _check_within(term, places)
        case Compare():
            pass


def _additivity_problems(indicator: Indicator, around: Surroundings) -> Iterator[Problem]:
    measures = [p for _, p in parts_of(indicator.calculation) if isinstance(p, Measure)]
    for along in indicator.additivity:
        if along.dimension in {"time", "place"}:
            continue
        for measure in measures:
            try:
                Resolver(measure.rows, around.contracts).find(along.dimension)
            except UserError as wrong:
                yield ("additivity", along.dimension), wrong.message_en
