"""In what form values leave: as JSON takes them, or in their own types."""

import pytest
from sqlglot import exp

from catalog.contracts import ColumnType, Kind
from query.value import json_ready, typed

COLUMN = exp.column("c")


@pytest.mark.parametrize(
    ("kind", "json", "own"),
    [
        (ColumnType(Kind.STRING), "c", "c"),
        (ColumnType(Kind.INTEGER), "c", "c"),
        (ColumnType(Kind.BIGINT), "CAST(c AS TEXT)", "c"),
        (ColumnType(Kind.DECIMAL, 9, 3), "CAST(c AS TEXT)", "CAST(c AS DECIMAL(9, 3))"),
        (ColumnType(Kind.TIMESTAMP), "c", "c"),
    ],
)
def test_a_value_leaves_as_text_for_json_where_its_numbers_would_lose_digits(
    kind: ColumnType, json: str, own: str
) -> None:
    assert json_ready(COLUMN.copy(), kind).sql("duckdb") == json
    assert typed(COLUMN.copy(), kind).sql("duckdb") == own


def test_a_place_leaves_as_its_shortest_code_in_every_form() -> None:
    place = ColumnType(Kind.PLACE)
    assert json_ready(COLUMN.copy(), place) == typed(COLUMN.copy(), place)
