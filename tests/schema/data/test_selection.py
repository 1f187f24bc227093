"""Field nodes to trees: what a caller wrote is what is read, no more and no less."""

from typing import Any

import pytest
from graphql import get_operation_ast, parse, validate
from graphql.execution.values import VariableValues

from access.roles import CAPABILITIES, Role
from catalog.catalogue import Relation
from catalog.ids import DatasetCode
from catalog.predicate import Compare, Op, Within
from query.aggregate import Aggregate
from query.relation import Scope
from query.tree import (
    AllOf,
    AnyOf,
    Constant,
    FirstOf,
    Leaf,
    Negated,
    Nested,
    Order,
    OrderByTotal,
    OrderThrough,
    Quantifier,
    Read,
    ReadOne,
    Related,
    Total,
)
from schema.data.page import order_of
from schema.data.planning import plan_of, variables_of
from schema.data.shape import RowShape
from schema.errors import FilterInvalid
from schema.view import build_view
from tests.schema.hub import whole
from tests.shared_data import catalogue

SCOPE = Scope(catalogue(), whole(), "k")
APP = CAPABILITIES[Role.APP]


def trees(query: str, **variables: Any) -> list[Any]:
    """The trees of a document's data fields, in order; the document must be valid."""
    view = build_view(APP, SCOPE)
    document = parse(query)
    assert validate(view.schema, document) == []
    operation = get_operation_ast(document)
    assert operation is not None
    values = variables_of(view.schema, operation, variables)
    assert isinstance(values, VariableValues)
    plan = plan_of(view.schema, view.shapes, document, operation, values)
    for wrong in plan.refused.values():
        raise wrong
    found = [planned.tree for planned in plan.fields.values()]
    return [tree for tree in found if not isinstance(tree, Aggregate)]


def test_a_page_has_defaults_and_takes_what_is_asked() -> None:
    assert trees("{ station { code } }") == [Read(SCOPE.data_sets[1], (Leaf("code", "code"),))]
    (read,) = trees(
        "{ station(limit: 5, offset: 7, orderBy: [{name: DESC}, {code: ASC}]) { code } }"
    )
    assert isinstance(read, Read)
    assert (read.limit, read.offset) == (5, 7)
    assert read.order == (Order("name", descending=True), Order("code"))


def test_nulls_may_come_first() -> None:
    (read,) = trees("{ station(orderBy: [{name: DESC_NULLS_FIRST}]) { code } }")
    assert isinstance(read, Read)
    assert read.order == (Order("name", descending=True, nulls_first=True),)


def test_fragments_merge_with_the_fields_beside_them() -> None:
    query = """
    query ($no: Boolean = false) {
      station { ...a code ... on Station { readings { levelM } } skipped: name @include(if: $no) }
    }
    fragment a on Station { code readings(limit: 2) { at: observedAt } }
    """
    with pytest.raises(AssertionError):
        trees(query)  # two page sizes in one place: validation refuses
    (read,) = trees(query.replace("readings { l", "readings(limit: 2) { l"))
    assert read.selection == (
        Leaf("code", "code"),
        Nested(
            "readings",
            "readings",
            (Leaf("at", "observed_at"), Leaf("levelM", "level_m")),
            limit=2,
        ),
    )


def test_typename_is_a_constant_under_its_alias() -> None:
    (read,) = trees("{ reading { kind: __typename station { __typename } } }")
    assert read.selection == (
        Constant("kind", "Reading"),
        Nested("station", "station", (Constant("__typename", "Station"),)),
    )


def test_variables_reach_nested_arguments() -> None:
    query = """query ($w: ReadingFilter, $n: Int) {
      station { readings(where: $w, limit: $n) { levelM } }
    }"""
    (read,) = trees(query, w={"placeCode": {"within": "500106"}}, n=3)
    nested = read.selection[0]
    assert isinstance(nested, Nested)
    assert (nested.where, nested.limit) == (Within("place_code", ("500106",)), 3)  # type: ignore[arg-type]
    (absent,) = trees(query)
    nested = absent.selection[0]
    assert isinstance(nested, Nested)
    assert (nested.where, nested.limit) == (None, 100)


def test_a_key_is_read_by_all_its_columns() -> None:
    (one,) = trees(
        '{ readingByKey(stationCode: "A", observedAt: "2026-08-01T08:00:00+08:00") { levelM } }'
    )
    assert isinstance(one, ReadOne)
    assert [name for name, _ in one.key] == ["station_code", "observed_at"]


def test_conditions_beside_each_other_must_all_hold() -> None:
    (read,) = trees(
        '{ station(where: {code: {gt: "A", lte: "C"}, or: [{name: {eq: "x"}}, '
        '{not: {name: {in: ["y"]}}}]}) { code } }'
    )
    assert isinstance(read, Read)
    either = AnyOf((Compare("name", Op.EQ, "x"), Negated(Compare("name", Op.IN, ("y",)))))
    assert read.where == AllOf(  # in the schema's order, so that one meaning is one statement
        (either, Compare("code", Op.LTE, "C"), Compare("code", Op.GT, "A"))
    )


def test_an_empty_filter_is_no_condition() -> None:
    (read,) = trees("{ station(where: {}) { code } }")
    assert isinstance(read, Read)
    assert read.where is None


def test_a_filter_of_a_relation_asks_for_related_rows() -> None:
    (read,) = trees(
        '{ reading(where: {station: {name: {eq: "x"}, readings: {none: {}}}}) { levelM } }'
    )
    assert isinstance(read, Read)
    inner = (Compare("name", Op.EQ, "x"), Related("readings", Quantifier.NONE))
    assert read.where == Related("station", Quantifier.SOME, AllOf(inner))


def test_related_lists_take_some_every_and_none_beside_each_other() -> None:
    (read,) = trees(
        '{ station(where: {readings: {some: {}, every: {levelM: {gt: "1"}}}}) { code } }'
    )
    assert isinstance(read, Read)
    assert isinstance(read.where, AllOf)
    assert {term.quantifier for term in read.where.terms if isinstance(term, Related)} == {
        Quantifier.SOME,
        Quantifier.EVERY,
    }


@pytest.mark.parametrize(
    "where",
    [
        "{readings: {}}",
        "{readings: {every: {}}}",
        "{readings: null}",
        "{readings: {some: null}}",
        "{not: {}}",
        "{or: [" + ", ".join(["{readings: {some: {}}}"] * 11) + "]}",
        "{readings: {some: {station: " * 5 + "{}" + "}}}" * 5,
        "{or: [" + ", ".join(['{code: {eq: "A"}}'] * 201) + "]}",
    ],
)
def test_filters_of_nothing_and_without_end_are_refused(where: str) -> None:
    with pytest.raises(FilterInvalid):
        trees(f"{{ station(where: {where}) {{ code }} }}")


def test_an_order_goes_through_relations_and_by_what_they_come_to() -> None:
    (read,) = trees(
        """{ reading(orderBy: [
          {station: {name: DESC}},
          {station: {readingsAggregate: {levelM: {max: ASC_NULLS_FIRST}}}},
          {station: {readingsAggregate: {count: DESC}}}
        ]) { levelM } }"""
    )
    assert isinstance(read, Read)
    assert read.order == (
        OrderThrough("station", Order("name", descending=True)),
        OrderThrough("station", OrderByTotal("readings", Total.MAX, "level_m", nulls_first=True)),
        OrderThrough("station", OrderByTotal("readings", Total.COUNT, None, descending=True)),
    )


def test_an_order_ends_after_five_relations() -> None:
    up = Relation("up", DatasetCode("hill"), (("up", "code"),), many=False)
    hill = RowShape(DatasetCode("hill"), "Hill", {"code": "code"}, {"up": up}, ())
    term: dict[str, object] = {"code": "asc"}
    for _ in range(5):
        term = {"up": term}
    assert order_of({"orderBy": [term]}, hill, {"Hill": hill})
    with pytest.raises(FilterInvalid):
        order_of({"orderBy": [{"up": term}]}, hill, {"Hill": hill})


def test_one_row_of_each_group_is_the_first_or_the_newest() -> None:
    first, newest, nested = trees(
        """{
          a: reading(distinctOn: [STATION_CODE, STATION_CODE]) { levelM }
          b: reading(latestBy: {keys: [STATION_CODE], at: OBSERVED_AT}) { levelM }
          c: station { readings(latestBy: {keys: [PLACE_CODE], at: OBSERVED_AT}) { levelM } }
        }"""
    )
    assert isinstance(first, Read)
    assert isinstance(newest, Read)
    assert first.first_of == FirstOf(("station_code",))
    assert newest.first_of == FirstOf(("station_code",), newest="observed_at")
    inner = nested.selection[0]
    assert isinstance(inner, Nested)
    assert inner.first_of == FirstOf(("place_code",), newest="observed_at")


@pytest.mark.parametrize(
    "arguments",
    [
        "distinctOn: []",
        "latestBy: {keys: [], at: OBSERVED_AT}",
        "distinctOn: [LEVEL_M], latestBy: {keys: [LEVEL_M], at: OBSERVED_AT}",
    ],
)
def test_groups_of_nothing_and_two_kinds_of_groups_are_refused(arguments: str) -> None:
    with pytest.raises(FilterInvalid):
        trees(f"{{ reading({arguments}) {{ levelM }} }}")
