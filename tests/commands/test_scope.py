"""A narrowed scope is never wider than what was asked."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.contracts import camel
from catalog.ids import PlaceCode
from catalog.predicate import Op
from catalog.sharing.encoding import canonical, predicate_to_json
from catalog.sharing.grant import Part
from commands.client import HubClient
from commands.errors import WrongUsage
from commands.scope import narrowed
from schema.core.scope_input import PartInput, RowCondition, parts_of
from tests.shared_data import reading

NOWHERE = HubClient("http://127.0.0.1:9", "steward", "secret")
"""Where columns are named, no hub is asked."""
CONDITIONS = (
    RowCondition(column="station_code", op=Op.IN, values=["A", "B"]),
    RowCondition(column="level_m", op=Op.GTE, values=["180.25"]),
    RowCondition(column="level_m", op=Op.BETWEEN, values=["150", "181.5"]),
    RowCondition(column="observed_at", op=Op.LT, values=["2027-01-01T00:00:00+08:00"]),
    RowCondition(column="place_code", op=Op.EQ, values=["500106004"]),
    RowCondition(column="level_m", op=Op.IS_NULL, values=["false"]),
)
COLUMNS = ["station_code", "observed_at", "level_m"]


def asked(conditions: list[RowCondition], masked: list[str]) -> Part:
    part = PartInput(
        columns=[name for name in COLUMNS if name not in masked],
        masked=masked,
        places=[PlaceCode("500106"), PlaceCode("500109")],
        conditions=conditions,
    )
    return parts_of([part], reading())[0]


def shown(part: Part) -> dict[str, object]:
    """As the API shows it."""
    row_filter = part.row_filter
    return {
        "columns": [{"name": camel(c.name), "visibility": c.visibility.name} for c in part.columns],
        "places": list(part.places or ()),
        "rowFilter": canonical(predicate_to_json(row_filter)).decode() if row_filter else None,
    }


def answered(part: dict[str, object]) -> Part:
    """As the API reads what the command sends."""
    conditions = [
        RowCondition(column=c["column"], op=Op[c["op"]], values=c["values"])
        for c in part["conditions"]  # type: ignore[attr-defined]  # a list of mappings
    ]
    given = PartInput(**(part | {"conditions": conditions}))  # type: ignore[arg-type]
    return parts_of([given], reading())[0]


@given(
    st.lists(st.sampled_from(CONDITIONS), max_size=4),
    st.lists(st.sampled_from(COLUMNS), unique=True),
)
@settings(max_examples=50, deadline=None)
def test_naming_everything_asks_for_exactly_what_was_asked(
    conditions: list[RowCondition], masked: list[str]
) -> None:
    part = asked(conditions, masked)
    (sent,) = narrowed(NOWHERE, {"scope": [shown(part)]}, COLUMNS, None)
    assert answered(sent).places == part.places
    assert answered(sent).row_filter == part.row_filter
    assert set(answered(sent).columns) == set(part.columns)


def test_places_and_columns_that_are_named_replace_those_asked() -> None:
    part = asked([], ["level_m"])
    (sent,) = narrowed(NOWHERE, {"scope": [shown(part)]}, ["stationCode", "level_m"], ["500106004"])
    assert sent["columns"] == ["stationCode"]
    assert sent["masked"] == ["levelM"]
    assert sent["places"] == ["500106004"]


def test_a_column_asked_for_aggregates_only_stays_so() -> None:
    given_ = PartInput(columns=["station_code"], aggregate=["level_m"])
    part = parts_of([given_], reading())[0]
    (sent,) = narrowed(NOWHERE, {"scope": [shown(part)]}, ["station_code", "level_m"], None)
    assert set(answered(sent).columns) == set(part.columns)


def test_places_do_not_fit_a_request_of_several_parts() -> None:
    parts = [shown(asked([], [])), shown(asked([], []))]
    with pytest.raises(WrongUsage, match="several parts"):
        narrowed(NOWHERE, {"scope": parts}, COLUMNS, ["500106"])


def test_a_filter_that_cannot_be_repeated_is_never_dropped() -> None:
    part = shown(asked([], [])) | {"rowFilter": '{"or":[]}'}
    with pytest.raises(WrongUsage, match="row filter"):
        narrowed(NOWHERE, {"scope": [part]}, COLUMNS, ["500106"])
