"""An indicator's file -> an `Indicator`; every complaint names file and line.

What only its own text can tell is checked here; `checks.py` looks at the contracts, places and other
indicators that it names.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from catalog.declaration import Declared, Document, KeyPath, checked, read_document
from catalog.ids import DomainCode, IndicatorCode
from catalog.indicators.calculation import (
    Band,
    Calculation,
    Composite,
    Cumulative,
    Derived,
    Distinct,
    Duration,
    Of,
    Offset,
    Part,
    Percentile,
    Ratio,
    Reported,
    Rolling,
    Rows,
    SemiAdditive,
    Simple,
    Term,
    ToDate,
)
from catalog.indicators.condition import NotACondition, read_condition
from catalog.indicators.declaration import (
    TAKEN,
    BandBody,
    CalculationBody,
    CompositeBody,
    CumulativeBody,
    DerivedBody,
    DistinctBody,
    DurationBody,
    IndicatorFile,
    OffsetBody,
    PercentileBody,
    RatioBody,
    ReportedBody,
    RollingBody,
    RowsBody,
    SemiAdditiveBody,
    SimpleBody,
    ToDateBody,
    WindowBody,
)
from catalog.indicators.expression import Expression, parse_expression
from catalog.indicators.indicator import Along, Fill, Indicator, PlaceScope
from catalog.indicators.ladder import read_thresholds
from catalog.indicators.period import Window


@dataclass(frozen=True, slots=True)
class DeclaredIndicator:
    """An indicator and the document that states it, for complaints that come later."""

    indicator: Indicator
    document: Document


def indicator_files(domain: Path) -> tuple[Path, ...]:
    """Those of a domain's folder."""
    return tuple(sorted((domain / "indicators").glob("*.yaml")))


def read_indicator(file: Path, domain: DomainCode, text: str | None = None) -> DeclaredIndicator:
    """The indicator in `file`; DeclarationError names the line of the first problem."""
    document = read_document(file, text)
    declared = checked(document, IndicatorFile)
    indicator = _Reader(document).indicator(declared, domain)
    return DeclaredIndicator(indicator, document)


class _Reader:
    """One walk over a file that has passed its model."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def indicator(self, declared: IndicatorFile, domain: DomainCode) -> Indicator:
        until, code = declared.effective_to, declared.indicator
        if re.fullmatch(TAKEN, code):
            problem = f"{code} is a name of the answer's own columns; take another code."
            raise self._document.error(("indicator",), problem)
        if until is not None and until <= declared.effective_from:
            raise self._document.error(("effective_to",), "effective_to is after effective_from.")
        scope, fill = declared.places, declared.fill
        return Indicator(
            code=IndicatorCode(code),
            version=declared.version,
            name=declared.name,
            name_en=declared.name_en,
            domain=domain,
            theme=declared.theme,
            definition=declared.definition,
            unit=declared.unit,
            decimals=declared.decimals,
            direction=declared.direction,
            kind=declared.kind,
            lead=declared.lead,
            sources=declared.sources,
            steward=declared.steward,
            calculation=self.calculation(declared.calculation, ("calculation",)),
            period=declared.period,
            places=PlaceScope(scope.lowest, scope.hierarchy, scope.areas),
            effective_from=declared.effective_from,
            digest=hashlib.sha256(self._document.text.encode()).hexdigest(),
            additivity=tuple(Along(name, how) for name, how in declared.additivity.items()),
            lag=declared.lag,
            freshness=declared.freshness,
            fill=Fill(fill.kind, fill.periods),
            parent=declared.parent,
            target=declared.target,
            advanced=declared.advanced,
            thresholds=read_thresholds(declared.thresholds, self._document),
            access=declared.access,
            effective_to=until,
            supersedes=declared.supersedes,
        )

    def calculation(self, body: CalculationBody, path: KeyPath) -> Calculation:
        if body.indicator is not None:
            return Of(IndicatorCode(body.indicator))
        within = (*path, body.kind)
        chosen = getattr(body, body.kind)
        measure = self.measure(chosen, within)
        return self.made(chosen, within) if measure is None else measure

    def measure(self, body: Declared, path: KeyPath) -> Calculation | None:
        """None where it is no measure of rows."""
        match body:
            case SimpleBody(aggregation=how, value=value):
                if value is None and how != "count":
                    raise self._document.error(path, f"{how} of what? Give the value.")
                found = None if value is None else self.expression(value, (*path, "value"))
                return Simple(self.rows(body, path), how, found)
            case DistinctBody(value=value, sketch=sketch):
                return Distinct(self.rows(body, path), self.value(value, path), sketch)
            case PercentileBody(value=value, fraction=fraction):
                return Percentile(self.rows(body, path), self.value(value, path), fraction)
            case SemiAdditiveBody():
                return SemiAdditive(
                    self.rows(body, path),
                    self.value(body.value, path),
                    body.entity,
                    body.pick,
                    body.carry,
                    body.across,
                )
            case DurationBody(start=start, end=end, unit=unit):
                rows = self.rows(body, path)
                return Duration(rows, start, end, unit, body.aggregation, body.fraction)
            case ReportedBody(value=value):
                return Reported(self.rows(body, path), value)
        return None

    def made(self, body: Declared, path: KeyPath) -> Calculation:
        match body:
            case RatioBody(numerator=numerator, denominator=denominator, factor=factor):
                over = self.calculation(denominator, (*path, "denominator"))
                return Ratio(self.calculation(numerator, (*path, "numerator")), over, factor)
            case DerivedBody(formula=formula, terms=terms):
                return Derived(
                    self.expression(formula, (*path, "formula")), self.terms(terms, path)
                )
            case ToDateBody(of=of, grain=grain):
                return ToDate(self.calculation(of, (*path, "of")), grain)
            case RollingBody(of=of, window=window):
                return Rolling(self.calculation(of, (*path, "of")), _window(window))
            case CumulativeBody(of=of):
                return Cumulative(self.calculation(of, (*path, "of")))
            case OffsetBody(of=of, window=back, start_of=start, movement=movement):
                by = start if back is None else _window(back)
                assert by is not None  # noqa: S101 - its model has one of both
                return Offset(self.calculation(of, (*path, "of")), by, movement)
            case BandBody(of=of, bound=bound, seasons=seasons, every=every, width=width):
                return Band(self.calculation(of, (*path, "of")), bound, seasons, every, width)
        assert isinstance(body, CompositeBody)  # noqa: S101 - the model knows no other
        return Composite(
            tuple(
                Part(
                    self.calculation(part.of, (*path, "parts", i, "of")),
                    part.weight,
                    part.zero,
                    part.full,
                )
                for i, part in enumerate(body.parts)
            )
        )

    def rows(self, body: RowsBody, path: KeyPath) -> Rows:
        try:
            where = None if body.where is None else read_condition(body.where, (*path, "where"))
        except NotACondition as wrong:
            raise self._document.error(wrong.path, f"where: {wrong}") from wrong
        return Rows(body.data_set, body.time, where, body.place, body.via)

    def terms(self, terms: Mapping[str, CalculationBody], path: KeyPath) -> tuple[Term, ...]:
        return tuple(
            Term(name, self.calculation(body, (*path, "terms", name)))
            for name, body in terms.items()
        )

    def value(self, text: str, path: KeyPath) -> Expression:
        return self.expression(text, (*path, "value"))

    def expression(self, text: str, path: KeyPath) -> Expression:
        try:
            return parse_expression(text)
        except ValueError as wrong:
            raise self._document.error(path, f"{path[-1]}: {wrong}.") from wrong


def _window(body: WindowBody) -> Window:
    return Window(body.count, body.unit)
