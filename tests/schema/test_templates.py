"""A kept plan is the plan that would be made anew, whatever the variables hold."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from graphql.execution.values import VariableValues
from hypothesis import given, settings
from hypothesis import strategies as st

from access.roles import CAPABILITIES, Role
from catalog.errors import UserError
from catalog.predicate import Values
from catalog.slot import Slot
from query.compile import compile_read
from query.price import Sizes
from query.relation import Scope
from schema.data.planning import Plan, plan_of, priced, variables_of
from schema.document import Prepared
from schema.templates import Templates
from schema.view import build_view
from tests.schema.hub import whole
from tests.shared_data import catalogue

SCOPE = Scope(catalogue(), whole(), "k")
VIEW = build_view(CAPABILITIES[Role.APP], SCOPE)
TEMPLATES = Templates()
"""One for all examples, so that most of them meet a plan that was kept for another."""
SIZES: Sizes = {code: 10 * (i + 1) for i, code in enumerate(SCOPE.data_sets)}

DECIMALS = st.sampled_from(["1", "181.24", "-0.5", "1.50", 181, 2.5])
TEXTS = st.sampled_from(["", "A", "B", "磁", "%", "A'--"])
TIMES = st.sampled_from(
    ["2026-08-01T08:00:00+08:00", "2026-08-01T00:00:00Z", "2026-07-01T00:00:00Z"]
)
PLACES = st.sampled_from(["500106", "500172", "500106004", "500000"])
COUNTS = st.sampled_from([-1, 0, 1, 2, 5, 1000, 1001])
LISTS = st.lists(TEXTS, max_size=4)
FLAGS = st.booleans()
ORDERS = st.sampled_from(["ASC", "DESC", "DESC_NULLS_FIRST"])


def members(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An input with some of its members, sometimes null."""
    return st.fixed_dictionaries({}, optional={n: st.none() | s for n, s in known.items()})


TEXT_FILTER = members(
    eq=TEXTS, ne=TEXTS, contains=TEXTS, isNull=FLAGS, between=LISTS, notIn=LISTS, **{"in": LISTS}
)
DECIMAL_FILTER = members(
    gt=DECIMALS, between=st.lists(DECIMALS, max_size=3), **{"in": st.lists(DECIMALS, max_size=3)}
)
TIME_FILTER = members(gte=TIMES, lt=TIMES, **{"in": st.lists(TIMES, max_size=2)})
PLACE_FILTER = members(eq=PLACES, within=PLACES, **{"in": st.lists(PLACES, max_size=2)})
STATION_FILTER = members(code=TEXT_FILTER, name=TEXT_FILTER)
LEVEL_FILTER = members(
    stationCode=TEXT_FILTER,
    levelM=DECIMAL_FILTER,
    observedAt=TIME_FILTER,
    placeCode=PLACE_FILTER,
    station=STATION_FILTER,
)
READING_FILTER = st.recursive(
    LEVEL_FILTER,
    lambda inner: members(
        **{"and": st.lists(inner, max_size=2), "or": st.lists(inner, max_size=2), "not": inner},
        levelM=DECIMAL_FILTER,
    ),
    max_leaves=4,
)
ASKED: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "query ($k: String!) { stationByKey(code: $k) { code name } }": {"k": TEXTS},
    'query ($k: String! = "B", $t: DateTime!) { readingByKey(stationCode: $k, observedAt: $t) { levelM } }': {"k": TEXTS, "t": TIMES},
    "query ($w: ReadingFilter) { reading(where: $w) { levelM station { code } } }": {"w": READING_FILTER},
    "query ($w: [ReadingFilter!]!) { reading(where: {or: $w}) { levelM } }": {"w": st.lists(READING_FILTER, max_size=3)},
    'query ($f: DecimalFilter) { reading(where: {levelM: $f, stationCode: {eq: "A"}}) { levelM } }': {"f": DECIMAL_FILTER},
    "query ($l: Decimal, $h: Decimal!) { reading(where: {levelM: {between: [1, $h], gt: $l}}) { levelM } }": {"l": DECIMALS, "h": DECIMALS},
    "query ($s: [String!], $n: Int) { reading(where: {stationCode: {in: $s}}, limit: $n) { levelM } }": {"s": LISTS, "n": COUNTS},
    "query ($s: [String!]) { reading(where: {stationCode: {in: $s, between: $s}}) { levelM } }": {"s": LISTS},
    "query ($d: [Decimal!]) { reading(where: {levelM: {in: $d}}) { levelM } }": {"d": st.lists(DECIMALS, max_size=3)},
    'query ($a: String!, $b: String!) { station(where: {code: {in: [$a, "A", $b]}}) { name } }': {"a": TEXTS, "b": TEXTS},
    "query ($p: PlaceCode) { reading(where: {placeCode: {within: $p}}) { levelM } }": {"p": PLACES},
    "query ($p: PlaceCode) { reading(where: {placeCode: {within: $p, eq: $p}}) { levelM } }": {"p": PLACES},
    "query ($x: String) { station(where: {code: {eq: $x}, name: {contains: $x, isNull: false}}) { name } }": {"x": TEXTS},
    "query ($b: Boolean) { station(where: {name: {isNull: $b}}) { name } }": {"b": FLAGS},
    "query ($b: Boolean!, $x: String) { station @include(if: $b) { code } s: station(where: {code: {eq: $x}}) { name @skip(if: $b) code } }": {"b": FLAGS, "x": TEXTS},
    "query ($o: [StationOrder!], $n: Int, $m: Int) { station(orderBy: $o, limit: $n, offset: $m) { code } }": {"o": st.lists(st.fixed_dictionaries({"code": ORDERS}), max_size=2), "n": COUNTS, "m": COUNTS},
    "query ($n: Int! = 3, $x: Decimal) { station { readings(limit: $n, where: {levelM: {lt: $x}}) { levelM } } }": {"n": COUNTS, "x": DECIMALS},
    "query ($t: DateTime, $x: String) { station(asOf: $t, where: {code: {ne: $x}}) { code } }": {"t": TIMES, "x": TEXTS},
    'query ($t: DateTime!) { readingByKey(stationCode: "A", observedAt: $t, asOf: $t) { levelM } }': {"t": TIMES},
    "query ($w: ReadingFilter, $n: Int, $c: String) { readingConnection(where: $w, first: $n, after: $c) { totalCount nodes { levelM } } }": {"w": READING_FILTER, "n": COUNTS, "c": TEXTS},
    "query ($x: Decimal, $n: Int) { readingAggregate(groupBy: [{column: STATION_CODE}], having: {levelM: {max: {gt: $x}}, count: {gte: $n}}, where: {levelM: {lt: $x}}, limit: $n) { count levelM { max } } }": {"x": DECIMALS, "n": COUNTS},
    "query ($x: Decimal, $p: Float! = 0.5) { readingAggregate { only(where: {levelM: {gt: $x}}) { count } levelM { percentile(p: $p) } } }": {"x": DECIMALS, "p": st.sampled_from([0, 0.25, 1, 2])},
    "query ($x: String) { ...f } fragment f on Query { station(where: {readings: {some: {stationCode: {eq: $x}}}}) { code } }": {"x": TEXTS},
}  # fmt: skip


def with_values(node: Any, values: Values) -> Any:
    """The part with what belongs in its slots."""
    if isinstance(node, Slot):
        return values[node.index]
    if isinstance(node, tuple):
        return tuple(with_values(item, values) for item in node)
    if is_dataclass(node) and not isinstance(node, type):
        made = {f.name: with_values(getattr(node, f.name), values) for f in fields(node)}
        return replace(node, **made)
    return node


def told(plan: Plan, values: Values) -> object:
    """A plan as something that is equal where the answer is."""
    return (
        {name: (with_values(f.tree, values), f.as_of) for name, f in plan.fields.items()},
        {name: (type(wrong), str(wrong)) for name, wrong in plan.refused.items()},
        [(root.name, root.nullable, root.text) for root in plan.whole or ()],
    )


def refusals(plan: Plan) -> dict[str, object]:
    """What the compiler has to say to each field. A slot in a wrong place is no UserError."""
    found: dict[str, object] = {}
    for name, planned in plan.fields.items():
        try:
            compile_read(planned.tree, SCOPE).bound(plan.values)
        except UserError as wrong:
            found[name] = wrong.message_en
    return found


def both(query: str, given_values: Mapping[str, object]) -> tuple[Plan, Plan] | None:
    """The kept plan and a new one; None where the variables are refused."""
    prepared = _prepared(query)
    operation = prepared.operation(None)
    values = variables_of(VIEW.schema, operation, given_values)
    ours = TEMPLATES.coerced(prepared, operation, given_values, VIEW)
    if isinstance(values, list):
        assert [str(wrong) for wrong in values] == [str(wrong) for wrong in ours]
        return None
    assert isinstance(ours, VariableValues)
    assert repr(ours.coerced) == repr(values.coerced)
    assert {n: s.value for n, s in ours.sources.items()} == {
        n: s.value for n, s in values.sources.items()
    }
    assert isinstance(values, VariableValues)
    kept = TEMPLATES.filled(prepared, operation, values, VIEW, SCOPE).plan
    return kept, plan_of(VIEW.schema, VIEW.shapes, prepared.document, operation, values)


def _prepared(query: str) -> Prepared:
    prepared = VIEW.documents.known(query) or VIEW.documents.prepare(query)
    assert not prepared.errors, prepared.errors
    return prepared


@pytest.mark.parametrize("query", ASKED)
def test_a_kept_plan_is_the_one_that_would_be_made_anew(query: str) -> None:
    @settings(deadline=None, max_examples=40)
    @given(members(**ASKED[query]))
    def asked(variables: dict[str, Any]) -> None:
        plans = both(query, variables)
        if plans is not None:
            kept, new = plans
            assert told(kept, kept.values) == told(new, ())
            assert priced(kept, SCOPE, SIZES) == priced(new, SCOPE, SIZES)
            assert refusals(kept) == refusals(new)

    asked()


def shapes(query: str, *given_values: Mapping[str, object]) -> int:
    """How many plans these variables need."""
    templates, prepared = Templates(), _prepared(query)
    operation = prepared.operation(None)
    for each in given_values:
        values = variables_of(VIEW.schema, operation, each)
        assert isinstance(values, VariableValues)
        templates.filled(prepared, operation, values, VIEW, SCOPE)
    return len(templates)


@pytest.mark.parametrize(
    ("query", "given_values", "plans"),
    [
        ("query ($k: String!) { stationByKey(code: $k) { code } }", [{"k": "A"}, {"k": "B"}], 1),
        (
            "query ($s: [String!]) { station(where: {code: {in: $s}}) { code } }",
            [{"s": ["A"]}, {"s": ["A", "B"]}, {"s": []}, {"s": ["C"] * 1_000}],
            2,
        ),
        (
            "query ($w: StationFilter) { station(where: $w) { code } }",
            [
                {"w": {"code": {"eq": "A"}}},
                {"w": {"code": {"eq": "B"}}},
                {"w": {"code": {"ne": "B"}}},
            ],
            2,
        ),
        ("query ($n: Int) { station(limit: $n) { code } }", [{"n": 1}, {"n": 2}, {}], 3),
    ],
)
def test_values_that_are_only_compared_share_a_plan(
    query: str, given_values: list[Mapping[str, object]], plans: int
) -> None:
    assert shapes(query, *given_values) == plans


def test_a_plan_is_of_one_scope() -> None:
    other = Scope(catalogue(), whole(), "k")
    prepared = _prepared("{ station { code } }")
    operation = prepared.operation(None)
    templates = Templates()
    nothing = VariableValues({}, {})
    first, second = (
        templates.filled(prepared, operation, nothing, VIEW, scope).template
        for scope in (SCOPE, other)
    )
    assert first is not second
    again = templates.filled(prepared, operation, nothing, VIEW, SCOPE).template
    assert again is first


def test_a_plan_is_of_one_longest_page() -> None:
    prepared, templates = _prepared("query ($n: Int) { station(limit: $n) { code } }"), Templates()
    operation = prepared.operation(None)
    values = variables_of(VIEW.schema, operation, {"n": 2_000})
    assert isinstance(values, VariableValues)
    plans = [
        templates.filled(prepared, operation, values, VIEW, SCOPE, longest).plan
        for longest in (1_000, 2_000)
    ]
    assert [len(plan.refused) for plan in plans] == [1, 0]


def test_the_plans_asked_for_least_recently_go_and_long_shapes_are_not_kept() -> None:
    templates, prepared = (
        Templates(kept=2),
        _prepared("query ($n: Int) { station(limit: $n) { code } }"),
    )
    operation = prepared.operation(None)

    def template(n: int) -> object:
        values = variables_of(VIEW.schema, operation, {"n": n})
        assert isinstance(values, VariableValues)
        return templates.filled(prepared, operation, values, VIEW, SCOPE).template

    first, second = template(1), template(2)
    assert template(1) is first
    template(3)
    assert template(1) is first
    assert template(2) is not second
    assert len(templates) == 2
    long = "query ($c: String) { stationConnection(after: $c) { totalCount } }"
    assert shapes(long, {"c": "x" * 5_000}) == 0


def test_a_price_is_worked_out_once_for_the_sizes_there_are() -> None:
    prepared = _prepared("{ station { code } }")
    operation = prepared.operation(None)
    template = Templates().filled(prepared, operation, VariableValues({}, {}), VIEW, SCOPE).template
    assert template.priced(SIZES) is template.priced(SIZES)
    assert template.priced(dict(SIZES)) == template.priced(SIZES)
    assert (
        template.priced(dict.fromkeys(SIZES, 1_000)).whole.total
        > template.priced(SIZES).whole.total
    )
