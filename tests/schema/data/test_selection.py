"""Field nodes to trees: what a caller wrote is what is read, no more and no less."""

from typing import Any

import pytest
from graphql import get_operation_ast, parse, validate
from graphql.execution.values import VariableValues

from access.roles import CAPABILITIES, Role
from catalog.predicate import And, Compare, Not, Op, Or, Within
from query.relation import Scope
from query.tree import Constant, Leaf, Nested, Order, Read, ReadOne
from schema.data.planning import plan_of, variables_of
from schema.view import build_view
from tests.schema.hub import whole
from tests.shared_data import catalogue

SCOPE = Scope(catalogue(), whole(), "k")
APP = CAPABILITIES[Role.APP]


def trees(query: str, **variables: Any) -> list[Read | ReadOne]:
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
    return [planned.tree for planned in plan.fields.values()]


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
    either = Or((Compare("name", Op.EQ, "x"), Not(Compare("name", Op.IN, ("y",)))))
    assert read.where == And(  # in the schema's order, so that one meaning is one statement
        (either, Compare("code", Op.LTE, "C"), Compare("code", Op.GT, "A"))
    )


def test_an_empty_filter_is_no_condition() -> None:
    (read,) = trees("{ station(where: {}) { code } }")
    assert isinstance(read, Read)
    assert read.where is None
