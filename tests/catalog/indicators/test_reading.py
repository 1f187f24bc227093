"""Files of indicators become definitions, or are refused with their line."""

from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from catalog.errors import DeclarationError
from catalog.indicators.calculation import (
    Aggregation,
    Band,
    Bound,
    Composite,
    Cumulative,
    Derived,
    Distinct,
    Duration,
    Movement,
    Of,
    Offset,
    Part,
    Percentile,
    Pick,
    Ratio,
    Reported,
    Rolling,
    Rows,
    SemiAdditive,
    Simple,
    Term,
    TimeUnit,
    ToDate,
)
from catalog.indicators.expression import Binary, Name, Number, Operator
from catalog.indicators.indicator import (
    AccessClass,
    Additivity,
    Direction,
    Fill,
    FillKind,
    IndicatorClass,
)
from catalog.indicators.period import Grain, Window
from catalog.indicators.threshold import (
    AlertLevel,
    Hours,
    Limit,
    MonthDay,
    NoData,
    NoDataPolicy,
    Override,
    Rung,
    Season,
)
from catalog.predicate import And, Compare, Not, Op, Or, Within
from tests.indicator_data import COUNT, EVENTS, code, read, text

ROWS = Rows(EVENTS, "opened_on")
COUNTED = Simple(ROWS, Aggregation.COUNT)
EVERYTHING = """\
access: open
additivity: {place: none}
lag: PT2H
freshness: P1D
fill: {kind: carry, periods: 3}
target: 97.3
advanced: 99.9
sources: [cq_water]
effective_to: 2027-01-01
thresholds:
  scale: fraud
  labels: {red: 一级}
  no_data: {action: raise, after_periods: 3, level: yellow}
  levels:
    yellow: {enter: {below: 95}, exit: {below: 96}, for_periods: 2}
    red: {enter: {below: 90}, keep_periods: 4}
  overrides:
    - places: ["500106"]
      season: {first: "12-01", last: "02-28"}
      hours: {first: "22:00", last: "06:00"}
      levels: {red: {enter: {below: 80, above: 120}}}
"""


def test_an_indicator_reads_as_it_is_written() -> None:
    found = read(text(more=EVERYTHING)).indicator

    assert (found.code, found.version, found.domain) == ("IN20", 1, "trial")
    assert found.theme == ("社会治理", "事件办理")
    assert (found.direction, found.kind) == (Direction.LOWER, IndicatorClass.MONITOR)
    assert found.access is AccessClass.OPEN
    assert found.along("place") is Additivity.NONE
    assert found.along("time") is Additivity.ADDITIVE
    assert (found.lag, found.freshness) == (timedelta(hours=2), timedelta(days=1))
    assert found.fill == Fill(FillKind.CARRY, 3)
    assert (found.target, found.advanced) == (Decimal("97.3"), Decimal("99.9"))
    assert (found.effective_from, found.effective_to) == (date(2026, 1, 1), date(2027, 1, 1))
    assert found.calculation == COUNTED


def test_thresholds_stand_from_the_most_severe_on_and_leave_where_they_enter_unless_told() -> None:
    found = read(text(more=EVERYTHING)).indicator.thresholds

    assert found is not None
    ninety = Limit(below=Decimal(90))
    assert found.rungs == (
        Rung(AlertLevel.RED, ninety, ninety, 1, 4),
        Rung(AlertLevel.YELLOW, Limit(below=Decimal(95)), Limit(below=Decimal(96)), 2, 0),
    )
    both = Limit(Decimal(80), Decimal(120))
    assert found.overrides == (
        Override(
            (Rung(AlertLevel.RED, both, both),),
            (found.overrides[0].places[0],),
            Season(MonthDay(12, 1), MonthDay(2, 28)),
            Hours(time(22), time(6)),
        ),
    )
    assert found.no_data == NoDataPolicy(NoData.RAISE, 3, AlertLevel.YELLOW)
    assert (found.scale, found.labels) == ("fraud", ((AlertLevel.RED, "一级"),))


OWN = "data_set: event_fact, time: opened_on"
MINUTES = Name("minutes")


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        (COUNT, COUNTED),
        (
            f"simple: {{{OWN}, aggregation: sum, value: minutes / 60}}",
            Simple(
                ROWS, Aggregation.SUM, Binary(Operator.BY, MINUTES, Number(Decimal(60)))
            ),
        ),
        (f"distinct: {{{OWN}, value: minutes}}", Distinct(ROWS, MINUTES)),
        (
            f"percentile: {{{OWN}, value: minutes, fraction: 0.95}}",
            Percentile(ROWS, MINUTES, Decimal("0.95")),
        ),
        (
            f"semi_additive: {{{OWN}, value: minutes, entity: [grid_id], carry: P3D}}",
            SemiAdditive(ROWS, MINUTES, ("grid_id",), Pick.LAST, timedelta(days=3)),
        ),
        (
            f"duration: {{{OWN}, start: opened_at, end: closed_at, unit: minute}}",
            Duration(ROWS, "opened_at", "closed_at", TimeUnit.MINUTE),
        ),
        (f"reported: {{{OWN}, value: minutes}}", Reported(ROWS, "minutes")),
        ("ratio: {numerator: IN21, denominator: IN22, factor: 100}",
         Ratio(Of(code("IN21")), Of(code("IN22")), Decimal(100))),
        (
            "derived: {formula: a - IN22, terms: {a: IN21}}",
            Derived(
                Binary(Operator.MINUS, Name("a"), Name("IN22")), (Term("a", Of(code("IN21"))),)
            ),
        ),
        ("to_date: {of: IN21, grain: month}", ToDate(Of(code("IN21")), Grain.MONTH)),
        (
            "rolling: {of: IN21, window: {count: 7, unit: day}}",
            Rolling(Of(code("IN21")), Window(7, Grain.DAY)),
        ),
        ("cumulative: {of: IN21}", Cumulative(Of(code("IN21")))),
        (
            "offset: {of: IN21, window: {count: 1, unit: month}, movement: change}",
            Offset(Of(code("IN21")), Window(1, Grain.MONTH), Movement.CHANGE),
        ),
        ("offset: {of: IN21, start_of: month}", Offset(Of(code("IN21")), Grain.MONTH)),
        (
            "composite: {parts: [{of: IN21, weight: 0.4, zero: 0, full: 10}]}",
            Composite((Part(Of(code("IN21")), Decimal("0.4"), Decimal(0), Decimal(10)),)),
        ),
        (
            "band: {of: IN21, bound: upper, seasons: 4, every: 7}",
            Band(Of(code("IN21")), Bound.UPPER, 4, 7),
        ),
    ],
)  # fmt: skip
def test_every_type_of_calculation_is_read(written: str, read_as: object) -> None:
    assert read(text(calculation=written)).indicator.calculation == read_as


def test_a_filter_is_a_typed_tree() -> None:
    where = "{kind: {eq: fire}, minutes: {gte: 1.5, lt: 9}, any: [{not: {kind: {in: [a, b]}}}, {place_code: {within: ['500106']}}]}"
    found = read(text(calculation=COUNT.replace("}", f", where: {where}}}", 1))).indicator

    assert isinstance(found.calculation, Simple)
    assert found.calculation.rows.where == And(
        (
            Compare("kind", Op.EQ, "fire"),
            Compare("minutes", Op.GTE, Decimal("1.5")),
            Compare("minutes", Op.LT, 9),
            Or(
                (
                    Not(Compare("kind", Op.IN, ("a", "b"))),
                    Within("place_code", ("500106",)),  # type: ignore[arg-type]  # a place code
                )
            ),
        )
    )


LEVELS = "thresholds:\n  levels:\n"


@pytest.mark.parametrize(
    ("written", "line", "says"),
    [
        (text(code="2nd"), 1, "indicator"),
        (text(code="Level"), 1, "the answer's own columns"),
        (text(code="n__status"), 1, "the answer's own columns"),
        (
            text(calculation=f"duration: {{{OWN}, start: a, end: b, unit: day, aggregation: max, fraction: 1}}"),
            17,
            "not both",
        ),
        (
            text(more=f"{LEVELS}    red: {{enter: {{above: 5}}}}\n    orange: {{enter: {{below: 0}}}}\n    yellow: {{enter: {{above: 7}}}}"),
            20,
            "red and yellow overlap",
        ),
        (
            text(more=f"{LEVELS}    red: {{enter: {{above: 5}}}}\n  no_data: {{action: raise, level: blue}}"),
            21,
            "blue is none of the levels",
        ),
        (text(calculation="sum: {}"), 17, "no such key"),
        (text(calculation="{}"), 16, "one type"),
        (text(calculation=COUNT.replace("count", "sum")), 17, "sum of what"),
        (text(calculation=f"distinct: {{{OWN}, value: count(a)}}"), 17, "may hold names"),
        (text(calculation=f"distinct: {{{OWN}, value: 'a; b'}}"), 17, "no arithmetic"),
        (text(calculation=f"distinct: {{{OWN}, value: a, where: {{b: 3}}}}"), 17, "comparison"),
        (text(calculation=f"distinct: {{{OWN}, value: a, where: {{b: {{is: 3}}}}}}"), 17, "'is'"),
        (text(calculation="offset: {of: IN21}"), 17, "window or a start_of"),
        (text(calculation="rolling: {of: IN21, window: {count: 0, unit: day}}"), 17, "count"),
        (text(more="effective_to: 2025-01-01"), 18, "after effective_from"),
        (text(more="fill: {kind: carry}"), 18, "how many periods"),
        (text(more=f"{LEVELS}    green: {{enter: {{above: 1}}}}"), 20, "green"),
        (
            text(more=f"{LEVELS}    red: {{enter: {{above: 5}}}}\n    yellow: {{enter: {{above: 5}}}}"),
            20,
            "red and yellow overlap",
        ),
        (
            text(more=f"{LEVELS}    red: {{enter: {{below: 5}}, exit: {{below: 4}}}}"),
            20,
            "before it begins",
        ),
        (
            text(more=f"{LEVELS}    red: {{enter: {{below: 5, above: 4}}}}"),
            20,
            "below lies above above",
        ),
        (
            text(more=f"{LEVELS}    red: {{enter: {{above: 5}}}}\n  overrides:\n    - hours: {{first: 22:00, last: '06:00'}}"),
            22,
            "in quotes",
        ),
        (
            text(more=f"{LEVELS}    red: {{enter: {{above: 5}}}}\n  overrides:\n    - levels: {{}}"),
            22,
            "where or when",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_in_itself_is_refused_with_its_line(
    written: str, line: int, says: str
) -> None:
    with pytest.raises(DeclarationError) as refused:
        read(written)

    assert refused.value.details["line"] == line
    assert says in str(refused.value.details["problem"])


def test_the_digest_is_of_the_text() -> None:
    assert read(text()).indicator.digest == read(text()).indicator.digest
    assert read(text()).indicator.digest != read(text(more="target: 1")).indicator.digest
