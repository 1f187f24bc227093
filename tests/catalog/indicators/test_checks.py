"""Definitions against contracts, places and each other: refused with line and remedy."""

import pytest

from catalog.errors import DeclarationError
from catalog.indicators.checks import check_indicators
from tests.indicator_data import COUNT, around, read, text

OWN = "data_set: event_fact, time: opened_on"
BY_DISPATCH = "simple: {data_set: dispatch, time: sent_on, aggregation: count"


def refusal(*written: str, others: tuple[str, ...] = ()) -> DeclarationError:
    known = [read(other).indicator for other in others]
    with pytest.raises(DeclarationError) as refused:
        check_indicators([read(each) for each in written], around(*known))
    return refused.value


@pytest.mark.parametrize(
    ("calculation", "says"),
    [
        ("simple: {data_set: nowhere, time: x, aggregation: count}", "no data set"),
        (COUNT.replace("opened_on", "opened"), "event_fact with the column opened"),
        (COUNT.replace("opened_on", "kind"), "time is a date"),
        (COUNT.replace("opened_on", "secret"), "with the column secret"),
        (f"simple: {{{OWN}, aggregation: sum, value: kind}}", "not a number"),
        (f"simple: {{{OWN}, aggregation: sum, value: dispatch.dept}}", "dispatch.event has many"),
        (f"simple: {{{OWN}, aggregation: count, place: kind}}", "no place code"),
        (f"simple: {{{OWN}, aggregation: count, where: {{dispatch.dept: {{eq: a}}}}}}", "many rows"),
        (f"simple: {{{OWN}, aggregation: count, where: {{minutes: {{eq: a}}}}}}", "'a' is no value"),
        (f"simple: {{{OWN}, aggregation: count, where: {{opened_at: {{gt: 2026-01-01 00:00:00}}}}}}", "no value"),
        (f"simple: {{{OWN}, aggregation: count, where: {{place_code: {{within: ['999999']}}}}}}", "no place"),
        (f"semi_additive: {{{OWN}, value: minutes, entity: [device]}}", "column device"),
        (f"duration: {{{OWN}, start: opened_on, end: closed_at, unit: hour}}", "take two alike"),
        ("IN99", "no indicator IN99"),
        ("derived: {formula: IN98 + 1}", "no indicator IN98"),
        ("derived: {formula: 3}", "names what it is made of"),
        ("ratio: {numerator: IN20, denominator: IN20}", "a cycle: IN20 -> IN20"),
        (f"rolling: {{window: {{count: 7, unit: day}}, of: {{to_date: {{grain: month, of: {{{COUNT}}}}}}}}}", "window over a window"),
        (f"cumulative: {{of: {{semi_additive: {{{OWN}, value: minutes, entity: [grid_id]}}}}}}", "stock"),
        (f"rolling: {{window: {{count: 7, unit: hour}}, of: {{{COUNT}}}}}", "no whole number"),
        (f"offset: {{start_of: hour, of: {{{COUNT}}}}}", "do not lie within"),
    ],
)  # fmt: skip
def test_what_a_calculation_may_not_name_is_refused_where_it_stands(
    calculation: str, says: str
) -> None:
    error = refusal(text(calculation=calculation))

    head, first = 16, 17
    whole = ":" not in calculation or "cycle" in says
    assert error.details["line"] == (head if whole else first)
    assert says in str(error.details["problem"])


def test_a_column_that_is_reached_many_to_one_may_be_named() -> None:
    by_kind = f"{BY_DISPATCH}, where: {{event_fact.kind: {{eq: fire}}, grid.area: {{gt: 1.5}}}}, place: event_fact.place_code}}"

    check_indicators([read(text(calculation=by_kind))], around())


def test_a_period_finer_than_its_data_is_refused() -> None:
    error = refusal(text(period="hour"))

    assert error.details["line"] == 17
    assert "finer than the data" in str(error.details["problem"])


def test_an_indicator_that_is_worked_out_less_often_cannot_be_an_ingredient() -> None:
    monthly = text("IN21", period="month")

    error = refusal(text(calculation="IN21"), others=(monthly,))

    assert "a grain finer than its data" in str(error.details["problem"])


def test_weeks_cut_through_months() -> None:
    error = refusal(text(calculation="IN21", period="month"), others=(text("IN21", period="week"),))

    assert "cuts through" in str(error.details["problem"])


def test_a_cycle_is_told_with_its_way() -> None:
    error = refusal(
        text("IN21", "derived: {formula: IN22 * 2}"), text("IN22", "cumulative: {of: IN21}")
    )

    assert "IN21 -> IN22 -> IN21" in str(error.details["problem"])


def test_a_window_is_not_hidden_behind_a_name() -> None:
    to_date = text("IN21", f"to_date: {{grain: month, of: {{{COUNT}}}}}")

    error = refusal(text(calculation="cumulative: {of: IN21}"), others=(to_date,))

    assert "window over a window" in str(error.details["problem"])


def test_two_files_of_one_code_are_refused_whatever_their_case() -> None:
    assert "is also" in str(refusal(text("in20"), text("IN20")).details["problem"])
    assert "IN20 is written so" in str(
        refusal(text("in20"), others=(text("IN20"),)).details["problem"]
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("lead: cq_water", "lead: nobody", "no known organisation"),
        ("{lowest: township}", "{lowest: township, areas: ['500999']}", "no place has the code"),
        ("period: day", "period: day\nparent: IN99", "no indicator IN99"),
        (
            "period: day",
            "period: day\nthresholds: {levels: {red: {enter: {above: 1}}}, overrides: [{places: ['1']}]}",
            "no place has the code 1",
        ),
        ("period: day", "period: day\nadditivity: {dispatch.dept: none}", "counted several times"),
    ],
)
def test_unknown_names_are_refused(old: str, new: str, says: str) -> None:
    assert says in str(refusal(text().replace(old, new)).details["problem"])


def test_a_change_is_held_against_all_that_is_made_of_it_however_far() -> None:
    between = text("IN21", "derived: {formula: IN20 + 1}")
    rolling = text("IN22", "rolling: {of: IN21, window: {count: 7, unit: day}}")
    to_date = text("IN20", f"to_date: {{grain: month, of: {{{COUNT}}}}}")

    error = refusal(to_date, others=(text("IN20"), between, rolling))

    assert "IN22 is made of it and would not hold" in str(error.details["problem"])


def test_what_is_not_put_together_along_time_has_no_window_and_no_coarser_use() -> None:
    counted = text("IN21", more="additivity: {time: none}")
    between = text("IN22", "derived: {formula: IN21 + 1}")
    rolling = text(calculation="rolling: {of: IN22, window: {count: 7, unit: day}}")

    window = refusal(rolling, others=(counted, between))
    monthly = refusal(text(calculation="IN21", period="month"), others=(counted,))

    assert window.details["line"] == 17
    assert "IN21 is never put together along time" in str(window.details["problem"])
    assert "work IN20 out by day, too" in str(monthly.details["problem"])
