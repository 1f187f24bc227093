"""The filter language's own reading of itself."""

from catalog.ids import PlaceCode
from catalog.predicate import And, Compare, Not, Op, Or, Within, columns_of


def test_the_columns_of_a_predicate_are_those_at_its_leaves() -> None:
    predicate = And(
        (
            Compare("level_m", Op.GT, 181),
            Or((Not(Within("place_code", (PlaceCode("500106"),))), Compare("level_m", Op.LT, 190))),
        )
    )
    assert list(columns_of(predicate)) == ["level_m", "place_code", "level_m"]


def test_an_empty_conjunction_names_no_column() -> None:
    assert list(columns_of(And(()))) == []
