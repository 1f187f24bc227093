"""An operation's data fields, planned and priced before any of them runs."""

import pytest
from graphql import GraphQLError, get_operation_ast, parse
from graphql.execution.values import VariableValues

from access.roles import CAPABILITIES, Role
from catalog.ids import DatasetCode
from query.price import Price
from query.relation import Scope
from schema.data.planning import Plan, check_price, plan_of, priced, variables_of
from schema.errors import AnswerTooLarge, FilterInvalid, PageOutOfRange, QueryTooExpensive
from schema.view import build_view
from tests.schema.hub import whole
from tests.shared_data import catalogue

SCOPE = Scope(catalogue(), whole(), "k")
SIZES = {DatasetCode("station"): 40, DatasetCode("reading"): 1_000}
VIEW = build_view(CAPABILITIES[Role.APP], SCOPE)


def plan(query: str, **variables: object) -> Plan:
    document = parse(query)
    operation = get_operation_ast(document)
    assert operation is not None
    values = variables_of(VIEW.schema, operation, variables)
    assert isinstance(values, VariableValues)
    return plan_of(VIEW.schema, VIEW.shapes, document, operation, values)


def test_data_fields_are_planned_under_their_names_in_the_reply_and_core_fields_are_not() -> None:
    planned = plan(
        "{ b: station { code } me { clientId } ...f } fragment f on Query { reading { levelM } }"
    )
    assert list(planned.fields) == ["b", "reading"]


def test_a_field_that_is_skipped_has_no_price() -> None:
    query = "query ($no: Boolean!) { station { code } reading @include(if: $no) { levelM } }"
    prices = [priced(plan(query, no=no), SCOPE, SIZES).whole for no in (False, True)]
    assert prices == [Price(40, 100), Price(1_040, 200)]


def test_variables_decide_the_price() -> None:
    query = "query ($n: Int!) { station(limit: $n) { readings(limit: $n) { levelM } } }"
    assert priced(plan(query, n=3), SCOPE, SIZES).whole == Price(1_040, 3 * (1 + 3))


def test_a_field_that_cannot_be_planned_keeps_its_error_and_the_others_their_plan() -> None:
    planned = plan(
        "{ a: station(limit: -1) { code } b: station { code } c: station(where: {or: []}) { code } }"
    )
    assert list(planned.fields) == ["b"]
    for name, wrong in (("a", PageOutOfRange), ("c", FilterInvalid)):
        with pytest.raises(wrong):
            planned.take(name)


def test_an_operation_over_its_budget_is_refused_at_its_dearest_field() -> None:
    planned = plan("{ cheap: station { code }\n  dear: station { readings(limit: 1) { levelM } } }")
    price = priced(planned, SCOPE, SIZES)
    check_price(price, planned, budget=price.whole.total)
    with pytest.raises(GraphQLError) as refused:
        check_price(price, planned, budget=price.whole.total - 1)
    cause = refused.value.original_error
    assert isinstance(cause, QueryTooExpensive)
    assert cause.details == {"price": 1_380, "budget": 1_379, "field": "dear", "part": 1_240}
    assert [place.line for place in refused.value.locations or ()] == [2]


def test_too_many_rows_are_refused_whatever_they_cost() -> None:
    planned = plan("{ a: station(limit: 500) { readings(limit: 500) { levelM } } }")
    with pytest.raises(AnswerTooLarge):
        check_price(priced(planned, SCOPE, {}), planned, budget=10**9)
