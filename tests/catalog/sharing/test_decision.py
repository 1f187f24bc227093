"""Whatever a provider decides, the grant shows nothing that was not asked for."""

from dataclasses import astuple, replace
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.catalogue import Catalogue
from catalog.contracts import Contract
from catalog.domain import Derivation
from catalog.ids import DatasetCode, OrganisationCode
from catalog.odcs import read_contract
from catalog.predicate import Compare, Op
from catalog.sharing.decision import Approve, award, deciders
from catalog.sharing.errors import ContractMoved, DecisionTooWide
from catalog.sharing.grant import GrantedColumn, Part, Quota, Visibility
from catalog.sharing.provision import base_inputs, consenting, provider_of, sharing_kind
from catalog.sharing.request import Request, RequestAction, RequestState, Terms
from catalog.sharing.scope import important_columns, masked_by_default, with_key
from tests.catalog.conftest import NOW, contract_text, organisations
from tests.catalog.sharing.test_request import request_in
from tests.catalog.sharing.test_scope import CODES, PLACES, parts, shown

DAY = timedelta(days=1)


def contract(code: str, **values: object) -> Contract:
    return read_contract(Path(code), contract_text(code, **values))  # type: ignore[arg-type]


def derivation(code: str, owner: str, *inputs: str) -> Derivation:
    codes = tuple(map(DatasetCode, inputs))
    return Derivation(DatasetCode(code), OrganisationCode(owner), "防汛", "SELECT 1", codes, {})


RIVER = contract("river", extra=("a", "b"))
RIVER_COLUMNS = with_key((Part((), None),), RIVER)[0].columns
CATALOGUE = Catalogue(
    {
        c.data_set: c
        for c in (
            RIVER,
            contract("open_set", kind="unconditional"),
            contract("secret_set", kind="withheld"),
            contract("premises", provider="cq_shapingba"),
            contract("flood", provider="cq_shapingba", kind="unconditional"),
            contract("deep", provider="cq_hightech", kind="unconditional"),
            contract("dark", provider="cq_shapingba"),
            contract("free", provider="cq_shapingba", kind="unconditional"),
        )
    },
    {o.code: o for o in organisations()},
    PLACES,
    derivations={
        d.data_set: d
        for d in (
            derivation("flood", "cq_shapingba", "premises", "river", "open_set"),
            derivation("deep", "cq_hightech", "flood"),
            derivation("dark", "cq_shapingba", "flood", "secret_set"),
            derivation("free", "cq_shapingba", "open_set"),
        )
    },
)


def asked_for(scope: tuple[Part, ...], *, derivation: bool = True, days: int = 100) -> Request:
    asked = with_key(scope, RIVER)
    request = request_in(RequestState.UNDER_REVIEW)
    wording = Terms(
        data_set=RIVER.data_set,
        purpose="防汛",
        basis="依据",
        scenario="场景",
        parts=asked,
        mode="接口",
        expires=NOW + days * DAY,
        derivation=derivation,
    )
    return replace(request, terms=wording)


limits = st.none() | st.integers(0, 9)
quotas = st.builds(Quota, limits, limits, limits)
approvals = st.builds(
    Approve,
    parts=st.none() | st.lists(parts, max_size=2).map(tuple),
    not_before=st.none() | st.integers(-5, 120).map(lambda n: NOW + n * DAY),
    expires=st.none() | st.integers(-5, 120).map(lambda n: NOW + n * DAY),
    derivation=st.none() | st.booleans(),
    quota=quotas,
    minimum_group=st.none() | st.integers(-1, 12),
)


@settings(max_examples=50, deadline=None)
@given(
    scope=parts,
    decision=approvals,
    derivation=st.booleans(),
    quota=quotas,
    group=st.integers(1, 9),
)
def test_a_grant_never_exceeds_its_request(
    scope: Part, decision: Approve, quota: Quota, group: int, *, derivation: bool
) -> None:
    request = asked_for((scope,), derivation=derivation)
    request = replace(request, terms=replace(request.terms, quota=quota, minimum_group=group))
    try:
        given_ = award(request, decision, CATALOGUE, NOW)
    except DecisionTooWide:
        return
    assert request.terms.expires is not None
    assert NOW <= given_.not_before < given_.expires <= request.terms.expires
    assert derivation or not given_.derivation
    assert given_.minimum_group >= group
    for most, asked_most in zip(astuple(given_.quota), astuple(quota), strict=True):
        assert asked_most is None or most is not None
        assert most is None or 0 < most <= (asked_most or most)
    for place, a, b in product(CODES, (1, 0), (2, 0)):
        row = {"a": a, "b": b}
        asked = set().union(*(shown(one, place, row) for one in request.terms.parts))
        for granted in given_.parts:
            assert shown(granted, place, row) <= asked
            assert granted.visibility("code") is not None


@given(scope=parts)
def test_approving_as_asked_grants_what_was_asked(scope: Part) -> None:
    request = asked_for((scope,))
    given_ = award(request, Approve(), CATALOGUE, NOW)
    assert (given_.action, given_.parts) == (RequestAction.APPROVE, request.terms.parts)
    assert given_.approvals == 1


def test_a_shorter_period_or_no_derivation_is_a_partial_approval() -> None:
    request = asked_for((Part(RIVER_COLUMNS, (CODES[1],)),))
    for decision in (
        Approve(expires=NOW + DAY),
        Approve(derivation=False),
        Approve(not_before=NOW + DAY),
    ):
        assert award(request, decision, CATALOGUE, NOW).action is RequestAction.APPROVE_PARTLY


def test_a_new_major_version_stops_the_decision() -> None:
    request = asked_for((Part(RIVER_COLUMNS, (CODES[1],)),))
    newer = contract("river", version="2.0.0", extra=("a", "b"))
    moved = Catalogue({newer.data_set: newer}, {}, PLACES)
    with pytest.raises(ContractMoved, match="now version 2"):
        award(request, Approve(), moved, NOW)


def test_what_two_approve_is_known_by_wording_scope_and_period() -> None:
    request = asked_for((Part(RIVER_COLUMNS, (CODES[1],)),))
    one = award(request, Approve(), CATALOGUE, NOW).digest
    assert award(request, Approve(), CATALOGUE, NOW + DAY).digest == one
    assert award(request, Approve(expires=NOW + DAY), CATALOGUE, NOW).digest != one
    assert award(request, Approve(not_before=NOW + DAY), CATALOGUE, NOW).digest != one
    assert award(request, Approve(derivation=False), CATALOGUE, NOW).digest != one


def test_parts_whose_places_overlap_would_show_a_row_twice_and_are_refused() -> None:
    request = asked_for((Part((*RIVER_COLUMNS, GrantedColumn("a")), (CODES[1],)),))
    bare, more = (Part(c, (CODES[1],)) for c in (RIVER_COLUMNS, request.terms.parts[0].columns))
    with pytest.raises(DecisionTooWide, match="overlap"):
        award(request, Approve(parts=(bare, more)), CATALOGUE, NOW)


@pytest.mark.parametrize("name", ["nowhere", "secret"])
def test_a_row_filter_over_what_may_not_be_seen_is_refused(name: str) -> None:
    request = asked_for((Part(RIVER_COLUMNS, (CODES[1],)),))
    hidden = replace(request.terms.parts[0], row_filter=Compare(name, Op.EQ, "x"))
    with pytest.raises(DecisionTooWide, match="row filter"):
        award(request, Approve(parts=(hidden,)), CATALOGUE, NOW)


def test_a_row_filter_on_an_important_column_needs_two_approvals() -> None:
    asking = Part(RIVER_COLUMNS, (CODES[1],), Compare("phone", Op.STARTS_WITH, "138"))
    assert important_columns((asking,), RIVER) == {"phone"}
    assert award(asked_for((asking,)), Approve(), CATALOGUE, NOW).approvals == 2


def test_the_authority_answers_only_what_is_overdue_or_needs_a_second() -> None:
    request = asked_for((Part(RIVER_COLUMNS, (CODES[1],)),))
    assert deciders(request, CATALOGUE, NOW) == {"cq_water"}
    assert deciders(request, CATALOGUE, NOW, second=True) == {"cq_water", "cq_bigdata"}


@pytest.mark.parametrize(
    ("data_set", "provider", "kind", "consents"),
    [
        ("river", "cq_water", "conditional", set[str]()),
        ("flood", "cq_shapingba", "conditional", {"cq_water"}),
        ("deep", "cq_hightech", "conditional", {"cq_water", "cq_shapingba"}),
        ("dark", "cq_shapingba", "withheld", {"cq_water"}),
        ("free", "cq_shapingba", "unconditional", set[str]()),
    ],
)
def test_a_derived_set_is_shared_as_strictly_as_its_inputs(
    data_set: str, provider: str, kind: str, consents: set[str]
) -> None:
    code = DatasetCode(data_set)
    assert provider_of(CATALOGUE, code) == provider
    assert sharing_kind(CATALOGUE, code) == kind
    assert consenting(CATALOGUE, code, OrganisationCode("mwr")) == consents


def test_a_derived_set_over_an_unknown_input_is_withheld() -> None:
    broken = Catalogue(
        {RIVER.data_set: RIVER},
        {},
        PLACES,
        derivations={RIVER.data_set: derivation("river", "x", "y")},
    )
    assert sharing_kind(broken, RIVER.data_set) == "withheld"


def test_inputs_are_followed_to_what_is_collected() -> None:
    deep = DatasetCode("deep")
    assert base_inputs(CATALOGUE, deep) == {"premises", "river", "open_set"}
    assert base_inputs(CATALOGUE, deep, within=True) == {"premises", "river", "open_set", "flood"}


def test_important_columns_are_masked_unless_said_otherwise() -> None:
    scope = (Part((*RIVER_COLUMNS, GrantedColumn("phone")), None),)
    assert important_columns(scope, RIVER) == {"phone"}
    (granted,) = masked_by_default(scope, RIVER)
    assert granted.columns == (*RIVER_COLUMNS, GrantedColumn("phone", Visibility.MASKED))


def test_what_is_left_out_of_a_quota_stays_as_asked() -> None:
    request = asked_for((Part(RIVER_COLUMNS, (CODES[1],)),))
    request = replace(request, terms=replace(request.terms, quota=Quota(calls=100, rows=1_000)))
    given_ = award(request, Approve(quota=Quota(calls=10)), CATALOGUE, NOW)
    assert given_.quota == Quota(calls=10, rows=1_000)
    assert given_.action is RequestAction.APPROVE_PARTLY
    with pytest.raises(DecisionTooWide, match="quota"):
        award(request, Approve(quota=Quota(rows=1_001)), CATALOGUE, NOW)
    with pytest.raises(DecisionTooWide, match="quota"):
        award(request, Approve(quota=Quota(calls=0)), CATALOGUE, NOW)


def test_groups_over_important_columns_have_five_rows_unless_said_otherwise() -> None:
    phone = (*RIVER_COLUMNS, GrantedColumn("phone", Visibility.AGGREGATE))
    request = asked_for((Part(phone, (CODES[1],)),))
    usual = award(request, Approve(), CATALOGUE, NOW)
    assert (usual.minimum_group, usual.action) == (5, RequestAction.APPROVE)
    assert usual.parts == request.terms.parts  # aggregates only are no clear values: no mask
    larger = award(request, Approve(minimum_group=20), CATALOGUE, NOW)
    assert (larger.minimum_group, larger.action) == (20, RequestAction.APPROVE_PARTLY)
    assert award(request, Approve(minimum_group=2), CATALOGUE, NOW).minimum_group == 2
    general = asked_for((Part(RIVER_COLUMNS, (CODES[1],)),))
    assert award(general, Approve(), CATALOGUE, NOW).minimum_group == 1
    asked = replace(request, terms=replace(request.terms, minimum_group=8))
    assert award(asked, Approve(), CATALOGUE, NOW).minimum_group == 8
    with pytest.raises(DecisionTooWide, match="smaller groups"):
        award(asked, Approve(minimum_group=7), CATALOGUE, NOW)


def test_two_approvals_of_different_limits_are_different() -> None:
    request = asked_for((Part(RIVER_COLUMNS, (CODES[1],)),))
    one = award(request, Approve(), CATALOGUE, NOW).digest
    assert award(request, Approve(quota=Quota(calls=5)), CATALOGUE, NOW).digest != one
    assert award(request, Approve(minimum_group=5), CATALOGUE, NOW).digest != one


def test_a_key_is_never_for_aggregates_only() -> None:
    request = asked_for((Part(RIVER_COLUMNS, (CODES[1],)),))
    hidden = tuple(replace(c, visibility=Visibility.AGGREGATE) for c in RIVER_COLUMNS)
    with pytest.raises(DecisionTooWide, match="key"):
        award(request, Approve(parts=(Part(hidden, (CODES[1],)),)), CATALOGUE, NOW)
