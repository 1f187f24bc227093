"""What an indicator comes to, worked out by looking at every row: slow, plain, and nothing of SQL."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from catalog.ids import IndicatorCode
from catalog.indicators.calculation import (
    Aggregation,
    Band,
    Bound,
    Calculation,
    Composite,
    Cumulative,
    Derived,
    Distinct,
    Duration,
    Measure,
    Movement,
    Of,
    Offset,
    Percentile,
    Pick,
    Ratio,
    Reported,
    Rolling,
    SemiAdditive,
    Simple,
    ToDate,
)
from catalog.indicators.expression import (
    Binary,
    Call,
    Expression,
    Function,
    Name,
    Number,
    Operator,
)
from catalog.indicators.indicator import FillKind, Indicator
from catalog.indicators.period import Grain, Window
from catalog.predicate import Compare, Op, Predicate
from indicators.compiler.calendar import ahead, back, start_of

Row = Mapping[str, Any]
Value = float | None
Span = tuple[datetime, datetime]
"""From, until before."""
Frame = ToDate | Rolling | Cumulative
EVER = datetime(1, 1, 1)


@dataclass(frozen=True)
class Oracle:
    """`kept` says whether a row counts for the key that is asked for, `same` whether it is of exactly that
    place. `rows` of each data set have what is joined to them under its own name.
    """

    known: Mapping[IndicatorCode, Indicator]
    rows: Mapping[str, Sequence[Row]]
    grain: Grain
    as_of: datetime
    kept: Callable[[Row], bool]
    same: Callable[[Row], bool]
    carrying: bool = True
    """Not in offsets: they tell of that very period."""

    def told(self, code: IndicatorCode, period: datetime) -> Value:
        indicator = self.known[code]
        return self.value(indicator.calculation, indicator, period, None)

    def value(
        self,
        calculation: Calculation,
        owner: Indicator,
        period: datetime,
        frame: tuple[Frame, Grain] | None,
    ) -> Value:
        if isinstance(calculation, Measure):
            return self.measured(calculation, owner, period, frame)
        match calculation:
            case Of(code):
                return self.value(self.known[code].calculation, self.known[code], period, frame)
            case Ratio(numerator, denominator, factor):
                above = self.value(numerator, owner, period, frame)
                part = divided(above, self.value(denominator, owner, period, frame))
                return None if part is None else part * float(factor)
            case Derived(formula, terms):
                inner = {t.name: self.value(t.of, owner, period, frame) for t in terms}

                def term(name: str) -> Value:
                    if name in inner:
                        return inner[name]
                    other = self.known[IndicatorCode(name)]
                    return self.value(other.calculation, other, period, frame)

                return worked_out(formula, term)
            case Offset(of, by, movement):
                then = back(period, by) if isinstance(by, Window) else start_of(period, by)
                before = replace(self, carrying=False).value(of, owner, then, frame)
                now = self.value(of, owner, period, frame)
                difference = None if None in {before, now} else now - before  # type: ignore[operator]
                return {
                    Movement.VALUE: before,
                    Movement.DIFFERENCE: difference,
                    Movement.CHANGE: divided(difference, before),
                }[movement]
            case Composite(parts):
                return self.composite(parts, owner, period, frame)
            case Band():
                return self.band(calculation, owner, period)
            case ToDate() | Rolling() | Cumulative():
                return self.value(calculation.of, owner, period, (calculation, owner.period))
        raise TypeError(calculation)

    def composite(self, parts: Any, owner: Indicator, period: datetime, frame: Any) -> Value:
        total = 0.0
        for part in parts:
            value = self.value(part.of, owner, period, frame)
            if value is None:
                return None
            if part.zero is not None:
                value = (value - float(part.zero)) * 100 / float(part.full - part.zero)
            total += value * float(part.weight)
        return total / float(sum(part.weight for part in parts))

    def band(self, band: Band, owner: Indicator, period: datetime) -> Value:
        unit = Window(1, self.grain)
        earlier = [
            self.value(band.of, owner, back(period, unit, band.every * n), None)
            for n in range(1, band.seasons + 1)
        ]
        found = [value for value in earlier if value is not None]
        if not found:
            return None
        mean = statistics.fmean(found)
        if band.bound is Bound.EXPECTED:
            return mean
        if len(found) == 1:
            return None
        wide = float(band.width) * statistics.stdev(found)
        return mean - wide if band.bound is Bound.LOWER else mean + wide

    def measured(
        self,
        measure: Measure,
        owner: Indicator,
        period: datetime,
        frame: tuple[Frame, Grain] | None,
    ) -> Value:
        if isinstance(measure, SemiAdditive):
            return self.stock(measure, period)
        if isinstance(measure, Reported):
            return self.reported(measure, period)
        average = getattr(measure, "aggregation", None) is Aggregation.AVERAGE
        value = aggregated(measure, self.within(measure, period, frame))
        if value is None and owner.fill.kind is FillKind.ZERO and not average:
            known = [
                r for r in self.rows[measure.rows.data_set] if r[measure.rows.time] is not None
            ]
            begun = [at for at in (moment(row, measure) for row in known) if at <= self.as_of]
            if begun and period >= start_of(min(begun), self.grain):
                return 0.0
        if value is None and owner.fill.kind is FillKind.CARRY and self.carrying and not average:
            for n in range(1, owner.fill.periods + 1):
                before = back(period, Window(1, self.grain), n)
                value = aggregated(measure, self.within(measure, before, frame))
                if value is not None:
                    return value
        return value

    def within(
        self, measure: Measure, period: datetime, frame: tuple[Frame, Grain] | None
    ) -> list[Row]:
        since, until = self.span(period, frame)
        return [row for row in self.eligible(measure) if since <= moment(row, measure) < until]

    def span(self, period: datetime, frame: tuple[Frame, Grain] | None) -> Span:
        end = ahead(period, self.grain)
        if frame is None:
            return period, end
        window, step = frame
        at = start_of(min(end - datetime.resolution, self.as_of), step)
        until = ahead(at, step)
        match window:
            case Rolling(window=reach):
                return ahead(back(at, reach), step), until
            case ToDate(grain=grain):
                return start_of(at, grain), until
        return EVER, until

    def eligible(self, measure: Measure) -> list[Row]:
        return [
            row
            for row in self.rows[measure.rows.data_set]
            if row[measure.rows.time] is not None
            and moment(row, measure) <= self.as_of
            and self.kept(row)
            and holds(measure.rows.where, row)
        ]

    def stock(self, measure: SemiAdditive, period: datetime) -> Value:
        """The key of a carried reading is that of the reading, wherever the entity was before."""
        end = ahead(period, self.grain)
        readings: dict[Any, list[Row]] = {}
        for row in self.rows[measure.rows.data_set]:
            worth = worked_out(measure.value, row.__getitem__)
            if (
                worth is not None
                and row[measure.rows.time] is not None
                and holds(measure.rows.where, row)
            ):
                at = moment(row, measure)
                if at <= self.as_of and at < end:
                    entity = tuple(row[name] for name in measure.entity)
                    readings.setdefault(entity, []).append(row)
        values = []
        for rows in readings.values():
            in_order = sorted(rows, key=lambda row: (moment(row, measure), row["event_id"]))
            own = [row for row in in_order if moment(row, measure) >= period]
            if measure.pick is Pick.LAST:
                last = in_order[-1]
                fresh = measure.carry is not None and (
                    moment(last, measure) >= min(end, self.as_of) - measure.carry
                )
                if (own or fresh) and self.kept(last):
                    values.append(worked_out(measure.value, last.__getitem__))
            elif measure.pick is Pick.FIRST:
                if own and self.kept(own[0]):
                    values.append(worked_out(measure.value, own[0].__getitem__))
            else:
                mine = [row for row in own if self.kept(row)]
                found = [worked_out(measure.value, row.__getitem__) for row in mine]
                if found:
                    values.append(folded(Aggregation(measure.pick.value), found))
        return folded(measure.across, values) if values else None

    def reported(self, measure: Reported, period: datetime) -> Value:
        end = ahead(period, self.grain)
        rows = [
            row
            for row in self.rows[measure.rows.data_set]
            if row[measure.rows.time] is not None
            and row[measure.value] is not None
            and period <= moment(row, measure) < end
            and moment(row, measure) <= self.as_of
            and self.same(row)
            and holds(measure.rows.where, row)
        ]
        last = max(rows, key=lambda row: (moment(row, measure), row["event_id"]), default=None)
        return None if last is None else float(last[measure.value])


def moment(row: Row, measure: Measure) -> datetime:
    at = row[measure.rows.time]
    if at is None:
        return EVER
    if isinstance(at, datetime):
        return at.replace(tzinfo=None)  # a row's instants are written by the city's clocks
    assert isinstance(at, date)
    return datetime.combine(at, time())


def aggregated(measure: Measure, rows: Sequence[Row]) -> Value:
    match measure:
        case Simple(aggregation=how, value=value):
            found = [1.0 if value is None else worked_out(value, r.__getitem__) for r in rows]
            return folded(how, [v for v in found if v is not None])
        case Distinct(value=Name(name)):
            return float(len({row[name] for row in rows if row[name] is not None})) or None
        case Percentile(value=value, fraction=fraction):
            found = [worked_out(value, r.__getitem__) for r in rows]
            return percentile([v for v in found if v is not None], float(fraction))
        case Duration(start=start, end=end, aggregation=how):
            spans = [r[end] - r[start] for r in rows if r[start] is not None and r[end] is not None]
            return folded(how, [span / timedelta(minutes=1) for span in spans])
    raise TypeError(measure)


def folded(how: Aggregation, values: Sequence[Value]) -> Value:
    found = [float(v) for v in values if v is not None]
    if not found:
        return None
    return {
        Aggregation.COUNT: float(len(found)),
        Aggregation.SUM: math.fsum(found),
        Aggregation.MIN: min(found),
        Aggregation.MAX: max(found),
        Aggregation.AVERAGE: statistics.fmean(found),
    }[how]


def percentile(values: Sequence[float], fraction: float) -> Value:
    if not values:
        return None
    ordered = sorted(values)
    place = (len(ordered) - 1) * fraction
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def divided(above: Value, below: Value) -> Value:
    return None if above is None or not below else above / below


def worked_out(formula: Expression, name: Callable[[str], Any]) -> Value:
    match formula:
        case Name(written):
            value = name(written)
            return None if value is None else float(value)
        case Number(number):
            return float(number)
        case Binary(operator, left, right):
            a, b = worked_out(left, name), worked_out(right, name)
            if a is None or b is None:
                return None
            if operator is Operator.BY:
                return divided(a, b)
            return {Operator.PLUS: a + b, Operator.MINUS: a - b, Operator.TIMES: a * b}[operator]
        case Call(function, arguments):
            values = [worked_out(each, name) for each in arguments]
            known = [value for value in values if value is not None]
            match function:
                case Function.ABSOLUTE:
                    return None if values[0] is None else abs(values[0])
                case Function.FIRST_KNOWN:
                    return known[0] if known else None
                case Function.GREATEST:
                    return max(known, default=None)
                case Function.LEAST:
                    return min(known, default=None)


def holds(predicate: Predicate | None, row: Row) -> bool:
    match predicate:
        case None:
            return True
        case Compare(name, Op.EQ, operand):
            return bool(row[name] == operand)
        case Compare(name, Op.GT, operand):
            return row[name] is not None and row[name] > operand
        case Compare(name, Op.IS_NULL, operand):
            return (row[name] is None) is operand
    raise TypeError(predicate)
