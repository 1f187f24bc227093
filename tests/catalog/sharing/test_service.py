"""Requests, decisions and grants on a real registry."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from catalog import writing
from catalog.actor import Person
from catalog.clock import CITY_ZONE
from catalog.errors import ChangedMeanwhile, NotAllowed, UnknownDataSet, UserError
from catalog.ids import ClientId, DatasetCode, GrantId, PlaceCode, RequestId
from catalog.predicate import And, Compare, Op
from catalog.sharing.decision import Approve, Reject
from catalog.sharing.errors import (
    DecisionTooWide,
    DecisionUnfounded,
    GrantStepRefused,
    InputWithdrawn,
    OnlyOnce,
    OwnData,
    RequestIncomplete,
    SignatureMissing,
    StepRefused,
    UnknownGrant,
    UnknownRequest,
)
from catalog.sharing.grant import GrantedColumn, Part, Quota, Visibility
from catalog.sharing.ledger import GrantState
from catalog.sharing.request import RequestAction, RequestState, Side
from catalog.sharing.service import SharingService
from tests.catalog.conftest import NOW, build_world, contract_text, person
from tests.catalog.sharing.conftest import (
    APP,
    AUTHORITY,
    CONTRACTS,
    FLOOD,
    HIGHTECH,
    KEY,
    LEVEL,
    OPEN_SET,
    OWNER,
    OWNER_APP,
    PREMISES,
    RIVER,
    SECRET_SET,
    SHAPINGBA,
    WATER,
    Desk,
    masked,
    part,
    terms,
)


def test_an_approved_request_is_a_grant_its_client_reads_through(desk: Desk) -> None:
    request = desk.approved()

    assert request.state is RequestState.APPROVED
    (grant,) = desk.sharing.grants_of(APP.client)
    assert (grant.request, grant.client, grant.organisation) == (
        request.id,
        APP.client,
        APP.organisation,
    )
    assert grant.parts == (Part((LEVEL, KEY), (HIGHTECH,)),)
    assert grant.legal_basis == "《防洪法》第八条"
    assert desk.sharing.grants_of(OWNER_APP.client) == ()
    assert desk.sharing.grants_of_organisation(APP.organisation) == (grant,)
    assert desk.sharing.granted_data_sets() == {RIVER}


def test_the_clock_of_a_conditional_request_ends_after_ten_working_days(desk: Desk) -> None:
    due = desk.submitted().due_at
    assert due == datetime(2026, 3, 17, tzinfo=CITY_ZONE)


def test_an_unconditional_data_set_is_granted_at_once_as_asked(desk: Desk) -> None:
    request = desk.submitted(OPEN_SET)

    assert request.state is RequestState.APPROVED
    assert request.decided_by is None
    assert [g.data_set for g in desk.sharing.grants_of(APP.client)] == [OPEN_SET]
    actions = [event.action for event in desk.sharing.events(request.id)]
    assert actions == [RequestAction.SUBMIT, RequestAction.GRANT_STANDARD]


def test_important_columns_of_an_open_set_still_go_to_its_provider(desk: Desk) -> None:
    asking = Part((LEVEL, KEY), (HIGHTECH,), Compare("phone", Op.STARTS_WITH, "138"))
    for scope in (part("level_m", "phone"), asking):
        request = desk.submitted(OPEN_SET, parts=(scope,))
        assert request.state is RequestState.SUBMITTED
        assert desk.sharing.grants_of(APP.client) == ()


def test_a_withheld_data_set_is_refused_with_the_law_and_the_refusal_is_kept(desk: Desk) -> None:
    request = desk.submitted(SECRET_SET)

    assert request.state is RequestState.REJECTED
    assert request.legal_basis is not None
    assert "809" in request.legal_basis
    assert desk.sharing.requests(state=RequestState.REJECTED) == (request,)
    assert desk.sharing.grants_of(APP.client) == ()


def test_an_incomplete_request_gets_one_complete_list(desk: Desk) -> None:
    lacking = terms(
        basis=" ",
        scenario="",
        expires=None,
        parts=(part("secret", "nothing", places=(PlaceCode("999999"),)),),
    )
    request = desk.sharing.draft(APP, lacking)

    with pytest.raises(RequestIncomplete) as told:
        desk.sharing.submit(request.id, APP)

    for item in ("使用依据", "使用场景", "使用时限", "secret", "nothing", "999999", "签字"):
        assert item in told.value.message_zh
    for item in ("basis", "scenario", "period", "secret", "nothing", "999999", "signature"):
        assert item in told.value.message_en
    assert desk.sharing.request(request.id).state is RequestState.DRAFT


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ((), "scope"),
        ((part(places=None),), "places of part 1"),
        ((part(places=()),), "places of part 1"),
        ((part("level_m", "level_m"),), "each column once"),
        ((part("code"),), "beside the key"),
        ((part(places=(HIGHTECH,)), part("phone", places=(PlaceCode("500172"),))), "overlap"),
        ((Part((LEVEL,), (HIGHTECH,), Compare("secret", Op.EQ, "x")),), "row filter of part 1"),
        ((Part((LEVEL,), (HIGHTECH,), Compare("level_m", Op.IN, 1)),), "row filter of part 1"),
        ((Part((LEVEL,), (HIGHTECH,), And(())),), "row filter of part 1"),
    ],
)
def test_each_flaw_of_a_scope_is_told(desk: Desk, parts: tuple[Part, ...], says: str) -> None:
    request = desk.sharing.draft(APP, terms(parts=parts))
    desk.sharing.sign(request.id, APP)
    with pytest.raises(RequestIncomplete) as told:
        desk.sharing.submit(request.id, APP)
    assert says in told.value.message_en


def test_a_set_without_places_is_asked_for_whole(desk: Desk) -> None:
    whole = DatasetCode("whole")
    request = desk.sharing.draft(APP, terms(whole))
    desk.sharing.sign(request.id, APP)
    with pytest.raises(RequestIncomplete, match="asked for whole"):
        desk.sharing.submit(request.id, APP)

    request = desk.approved(whole, parts=(part(places=None),))

    assert desk.grant_of(request).parts[0].places is None


def test_changed_terms_need_the_signature_again(desk: Desk) -> None:
    request = desk.sharing.draft(APP, terms())
    desk.sharing.sign(request.id, APP)
    desk.sharing.revise(request.id, APP, terms(parts=(part("level_m", "phone"),)))

    with pytest.raises(RequestIncomplete, match="signature"):
        desk.sharing.submit(request.id, APP)

    desk.sharing.sign(request.id, APP)
    assert desk.sharing.submit(request.id, APP).state is RequestState.SUBMITTED


def test_nothing_is_approved_without_the_providers_signature(desk: Desk) -> None:
    request = desk.submitted()
    with pytest.raises(SignatureMissing, match="provider"):
        desk.sharing.decide(request.id, Approve(), WATER)
    assert desk.sharing.grants_of(APP.client) == ()


def test_only_the_providing_organisation_answers(desk: Desk) -> None:
    request = desk.submitted()
    for stranger in (APP, OWNER, AUTHORITY, person("cq_water", "app"), person("mwr")):
        with pytest.raises(NotAllowed):
            desk.sharing.decide(request.id, Reject("不符", "第二十一条"), stranger)
    for stranger in (WATER, OWNER, person("cq_hightech", "auditor")):
        with pytest.raises(NotAllowed):
            desk.sharing.cancel(request.id, stranger)


def test_what_is_overdue_goes_to_the_competent_authority(desk: Desk) -> None:
    request = desk.submitted()
    assert desk.sharing.overdue() == ()
    desk.clock.advance(timedelta(days=15))

    assert [r.id for r in desk.sharing.overdue()] == [request.id]
    assert desk.sharing.grants_of(APP.client) == ()  # silence is never consent
    desk.sharing.sign(request.id, AUTHORITY)
    assert desk.sharing.decide(request.id, Approve(), AUTHORITY).state is RequestState.APPROVED


def test_a_refusal_states_reason_and_basis(desk: Desk) -> None:
    request = desk.submitted()
    with pytest.raises(DecisionUnfounded):
        desk.sharing.decide(request.id, Reject("不符", " "), WATER)

    refused = desk.sharing.decide(request.id, Reject("用途不符", "第二十一条"), WATER)

    assert (refused.state, refused.reason) == (RequestState.REJECTED, "用途不符")
    assert refused.decided_by == WATER.client
    with pytest.raises(StepRefused):
        desk.decided(request.id)


def test_a_provider_asks_once_for_what_is_missing_and_its_clock_stops(desk: Desk) -> None:
    request = desk.submitted()
    desk.clock.advance(timedelta(days=3))
    asked = desk.sharing.ask_supplement(request.id, WATER, "请附会议纪要")
    assert (asked.state, asked.missing) == (RequestState.SUPPLEMENT, "请附会议纪要")
    desk.clock.advance(timedelta(days=60))
    assert desk.sharing.overdue() == ()
    desk.sharing.revise(request.id, APP, terms(basis="会议纪要"))
    desk.sharing.sign(request.id, APP)

    back = desk.sharing.submit(request.id, APP)

    assert back.state is RequestState.UNDER_REVIEW
    assert back.due_at is not None
    assert back.due_at > desk.clock.now() + timedelta(days=7)
    with pytest.raises(OnlyOnce):
        desk.sharing.ask_supplement(request.id, WATER, "再补一份")


def test_the_providers_signature_under_old_terms_does_not_count_after_a_supplement(
    desk: Desk,
) -> None:
    request = desk.submitted()
    desk.sharing.sign(request.id, WATER)
    desk.sharing.ask_supplement(request.id, WATER, "请补充依据")
    desk.sharing.revise(request.id, APP, terms(parts=(part("level_m", "phone"),)))
    desk.sharing.sign(request.id, APP)
    desk.sharing.submit(request.id, APP)

    with pytest.raises(SignatureMissing, match="provider"):
        desk.sharing.decide(request.id, Approve(), WATER)


def test_the_authority_extends_once_by_at_most_ten_days(desk: Desk) -> None:
    request = desk.submitted()
    for actor, days in ((WATER, 5), (AUTHORITY, 11), (AUTHORITY, 0)):
        with pytest.raises(NotAllowed):
            desk.sharing.extend(request.id, actor, days, "数据量大")

    extended = desk.sharing.extend(request.id, AUTHORITY, 10, "数据量大")

    assert extended.due_at is not None
    assert request.due_at is not None
    assert extended.due_at - request.due_at == timedelta(days=14)
    with pytest.raises(OnlyOnce):
        desk.sharing.extend(request.id, AUTHORITY, 1, "再延")


def test_a_decision_may_grant_less(desk: Desk) -> None:
    asked = (part("level_m", "code", places=(SHAPINGBA, HIGHTECH)),)
    request = desk.submitted(parts=asked)
    less = Approve(parts=(part("level_m", "code"),), expires=NOW + timedelta(days=30))

    decided = desk.decided(request.id, less)

    assert decided.state is RequestState.PARTLY_APPROVED
    grant = desk.grant_of(decided)
    assert grant.parts == (part("level_m", "code"),)
    assert grant.expires == NOW + timedelta(days=30)


@pytest.mark.parametrize(
    "more",
    [
        Approve(parts=(part("level_m", "phone"),)),
        Approve(parts=(part("level_m", places=(SHAPINGBA,)),)),
        Approve(parts=(part("level_m", places=(PlaceCode("500000"),)),)),
        Approve(parts=(part("level_m", places=None),)),
        Approve(parts=()),
        Approve(expires=NOW + timedelta(days=366)),
        Approve(expires=NOW - timedelta(days=1)),
        Approve(derivation=True),
    ],
)
def test_a_decision_never_grants_more_than_was_asked(desk: Desk, more: Approve) -> None:
    request = desk.submitted(derivation=False)
    with pytest.raises(DecisionTooWide):
        desk.decided(request.id, more)
    assert desk.sharing.grants_of(APP.client) == ()


def test_a_row_filter_that_was_asked_for_stays(desk: Desk) -> None:
    asked = Compare("level_m", Op.GT, 180)
    request = desk.submitted(parts=(Part((LEVEL, KEY), (HIGHTECH,), asked),))
    with pytest.raises(DecisionTooWide):
        desk.decided(request.id, Approve(parts=(Part((LEVEL, KEY), (HIGHTECH,)),)))
    narrower = And((asked, Compare("level_m", Op.LT, 190)))
    decided = desk.decided(request.id, Approve(parts=(Part((LEVEL, KEY), (HIGHTECH,), narrower),)))
    assert desk.grant_of(decided).parts[0].row_filter == narrower


def test_important_columns_are_masked_and_need_two_peoples_approval(desk: Desk) -> None:
    request = desk.submitted(parts=(part("level_m", "phone"),))

    first = desk.decided(request.id)
    again = desk.sharing.decide(request.id, Approve(), WATER)
    assert {first.state, again.state} == {RequestState.UNDER_REVIEW}
    assert desk.sharing.grants_of(APP.client) == ()
    second = desk.sharing.decide(request.id, Approve(), person("cq_water", name="second"))

    assert second.state is RequestState.PARTLY_APPROVED
    assert masked("phone") in desk.grant_of(second).parts[0].columns


def test_two_approvals_of_different_things_are_not_two_approvals(desk: Desk) -> None:
    request = desk.submitted(parts=(part("level_m", "phone", "code"),))
    clear = Approve(parts=(part("level_m", "phone", "code"),))
    desk.decided(request.id)

    other = desk.sharing.decide(request.id, clear, AUTHORITY)
    assert other.state is RequestState.UNDER_REVIEW
    done = desk.sharing.decide(request.id, clear, person("cq_water", name="second"))

    assert done.state is RequestState.APPROVED
    assert GrantedColumn("phone", Visibility.CLEAR) in desk.grant_of(done).parts[0].columns


def test_a_grant_holds_from_its_beginning_until_it_expires(desk: Desk) -> None:
    begin, end = NOW + timedelta(days=5), NOW + timedelta(days=10)
    desk.approved(not_before=begin, expires=end)
    moment = timedelta(microseconds=1)

    held = [
        len(desk.sharing.grants_of(APP.client, at))
        for at in (NOW, begin - moment, begin, end - moment, end)
    ]

    assert held == [0, 0, 1, 1, 0]
    assert desk.sharing.next_change(APP.client, NOW) == begin
    assert desk.sharing.next_change(APP.client, begin) == end
    assert desk.sharing.next_change(APP.client, end) is None


def test_a_suspended_grant_comes_back_and_a_revoked_one_does_not(desk: Desk) -> None:
    grant = desk.grant_of(desk.approved())
    desk.sharing.suspend(grant.id, WATER, "疑似超范围使用")
    assert desk.sharing.grants_of(APP.client) == ()
    desk.sharing.resume(grant.id, WATER, "已整改")
    assert desk.sharing.grants_of(APP.client) == (grant,)

    revoked = desk.sharing.revoke(grant.id, AUTHORITY, "超范围使用")

    assert revoked.state(NOW) is GrantState.REVOKED
    assert desk.sharing.grants_of(APP.client) == ()
    for again in (desk.sharing.resume, desk.sharing.suspend, desk.sharing.revoke):
        with pytest.raises(GrantStepRefused):
            again(grant.id, WATER, "反悔")


def test_only_the_provider_or_its_authority_ends_a_grant_and_says_why(desk: Desk) -> None:
    grant = desk.grant_of(desk.approved())
    for stranger in (APP, OWNER, person("cq_water", "app")):
        with pytest.raises(NotAllowed):
            desk.sharing.revoke(grant.id, stranger, "不想给了")
    with pytest.raises(NotAllowed, match="reason"):
        desk.sharing.revoke(grant.id, WATER, "  ")


def test_a_new_grant_for_the_same_purpose_takes_the_place_of_the_old_one(desk: Desk) -> None:
    old = desk.grant_of(desk.approved())
    later = NOW + timedelta(days=9)
    new = desk.grant_of(desk.approved(not_before=later, parts=(part("level_m", "code"),)))
    other = desk.grant_of(desk.approved(purpose="应急演练"))

    assert set(desk.sharing.grants_of(APP.client, later - timedelta(seconds=1))) == {old, other}
    assert set(desk.sharing.grants_of(APP.client, later)) == {new, other}


def test_a_narrower_grant_also_ends_what_a_later_one_was_to_replace(desk: Desk) -> None:
    desk.approved()
    later = desk.grant_of(desk.approved(not_before=NOW + timedelta(days=9)))
    desk.sharing.revoke(later.id, WATER, "改由新申请办理")
    narrow = desk.grant_of(desk.approved(parts=(part("level_m", "code"),)))

    assert desk.sharing.grants_of(APP.client) == (narrow,)


def test_two_deciders_at_once_one_wins_and_the_other_is_told(desk: Desk) -> None:
    request = desk.submitted()
    desk.sharing.sign(request.id, WATER)
    start = Barrier(2)

    def decide(name: str) -> object:
        start.wait()
        try:
            return desk.sharing.decide(request.id, Approve(), person("cq_water", name=name))
        except UserError as told:
            return told

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(decide, ["one", "two"]))

    errors = [r for r in results if isinstance(r, StepRefused)]
    assert len(errors) == 1
    assert "decided by" in errors[0].message_en
    assert len(desk.sharing.grants_of(APP.client)) == 1


def test_two_requests_for_one_purpose_decided_at_once_leave_one_active_grant(desk: Desk) -> None:
    requests = [desk.submitted() for _ in range(2)]
    for request in requests:
        desk.sharing.sign(request.id, WATER)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda r: desk.sharing.decide(r.id, Approve(), WATER), requests))
    assert len(desk.sharing.grants_of(APP.client)) == 1


def test_an_organisation_needs_no_request_for_its_own_data(desk: Desk) -> None:
    with pytest.raises(OwnData):
        desk.sharing.draft(OWNER_APP, terms(PREMISES))

    own = {grant.data_set: grant for grant in desk.sharing.grants_for(OWNER_APP)}

    assert own.keys() == {PREMISES, FLOOD, DatasetCode("deep")}
    assert own[PREMISES].id == "own:premises"
    assert own[PREMISES].columns() == {"code", "level_m", "phone", "place_code"}
    assert own[PREMISES].parts[0].places == (PlaceCode("500000"),)
    assert desk.sharing.grants_for(OWNER) == ()  # a steward reads no rows
    assert desk.sharing.grants_for(APP) == ()


def test_a_derived_set_reads_its_inputs_through_its_owners_grants(desk: Desk) -> None:
    derivation = desk.world.store.load().derivations[FLOOD]
    with pytest.raises(InputWithdrawn) as withdrawn:
        desk.sharing.check_inputs(FLOOD)
    assert "river" not in str(withdrawn.value), "a caller may not know the inputs"
    assert None in desk.sharing.derivation_inputs(derivation).values()
    river = desk.grant_of(desk.approved(by=OWNER_APP))
    desk.submitted(OPEN_SET, by=OWNER_APP)

    inputs = desk.sharing.derivation_inputs(derivation)

    assert inputs[RIVER] == river
    assert {code: grant and grant.id[:4] for code, grant in inputs.items()} == {
        PREMISES: "own:",
        RIVER: "gran",
        OPEN_SET: "gran",
    }
    desk.sharing.check_inputs(FLOOD)
    desk.sharing.check_inputs(DatasetCode("deep"))
    desk.sharing.check_inputs(RIVER)


def test_a_revoked_input_closes_what_was_derived_from_it(desk: Desk) -> None:
    river = desk.grant_of(desk.approved(by=OWNER_APP))
    desk.submitted(OPEN_SET, by=OWNER_APP)
    desk.sharing.revoke(river.id, WATER, "协商终止")

    for closed in (FLOOD, DatasetCode("deep")):
        with pytest.raises(InputWithdrawn):
            desk.sharing.check_inputs(closed)
    assert FLOOD in {grant.data_set for grant in desk.sharing.grants_for(OWNER_APP)}


def test_a_grant_without_derivation_feeds_no_derived_set(desk: Desk) -> None:
    desk.approved(by=OWNER_APP, derivation=False)
    desk.submitted(OPEN_SET, by=OWNER_APP)
    with pytest.raises(InputWithdrawn):
        desk.sharing.check_inputs(FLOOD)


def test_a_derived_set_is_granted_to_others_only_with_every_inputs_consent(desk: Desk) -> None:
    request = desk.submitted(FLOOD)
    desk.sharing.sign(request.id, OWNER)
    with pytest.raises(SignatureMissing, match=r"input \(cq_water\)"):
        desk.sharing.decide(request.id, Approve(), OWNER)
    with pytest.raises(NotAllowed):
        desk.sharing.decide(request.id, Approve(), WATER)

    signed = desk.sharing.sign(request.id, WATER)

    assert signed.signers(Side.INPUT) == {"cq_water"}
    assert desk.sharing.decide(request.id, Approve(), OWNER).state is RequestState.APPROVED


def test_nobody_asks_for_another_organisations_client(desk: Desk) -> None:
    with pytest.raises(NotAllowed):
        desk.sharing.draft(APP, terms(), ClientId("somebody-else"))
    known = SharingService(
        desk.world.registry,
        desk.clock,
        desk.world.store.load,
        organisation_of={ClientId("second-app"): APP.organisation}.get,
    )
    request = known.draft(person("cq_hightech"), terms(), ClientId("second-app"))
    assert request.client == "second-app"
    with pytest.raises(NotAllowed):
        known.draft(person("cq_shapingba"), terms(), ClientId("second-app"))


def test_an_organisation_that_is_not_registered_asks_for_nothing(desk: Desk) -> None:
    with pytest.raises(NotAllowed):
        desk.sharing.draft(person("nobody", "app"), terms())
    with pytest.raises(NotAllowed):
        desk.sharing.draft(Person(ClientId("x"), APP.organisation, frozenset({"auditor"})), terms())


def test_unknown_things_are_said_to_be_unknown(desk: Desk) -> None:
    with pytest.raises(UnknownDataSet):
        desk.sharing.draft(APP, terms(DatasetCode("nothing")))
    with pytest.raises(UnknownRequest):
        desk.sharing.submit(RequestId("req-0"), APP)
    with pytest.raises(UnknownGrant):
        desk.sharing.revoke(GrantId("own:river"), WATER, "理由")


def test_the_epoch_moves_after_each_commit_and_a_second_reader_sees_it(desk: Desk) -> None:
    heard: list[int] = []
    desk.sharing.listen(lambda: heard.append(len(desk.sharing.grants_of(APP.client))))
    desk.approved()
    assert heard == [0, 0, 0, 0, 1]
    assert desk.sharing.epoch == 5


def test_grants_end_with_a_breaking_contract_or_a_set_that_is_withheld_now(desk: Desk) -> None:
    desk.approved()
    assert len(desk.sharing.grants_of(APP.client)) == 1

    desk.world.publish({"river": contract_text("river", version="1.1.0", kind="withheld")})

    assert desk.sharing.grants_of(APP.client) == ()


def test_a_cancelled_request_stays_on_record(desk: Desk) -> None:
    request = desk.submitted()
    cancelled = desk.sharing.cancel(request.id, APP, "不再需要")
    assert cancelled.state is RequestState.CANCELLED
    assert desk.sharing.requests(requester=APP.organisation, data_set=RIVER) == (cancelled,)
    assert desk.sharing.requests(provider=APP.organisation) == ()


def test_on_a_shared_registry_too_one_of_two_deciders_wins(
    postgres_url: str, tmp_path: Path
) -> None:
    world = build_world(tmp_path, postgres_url)
    world.publish({"river": CONTRACTS["river"]})
    desk = Desk(world)
    request = desk.submitted()
    desk.sharing.sign(request.id, WATER)
    start = Barrier(2)

    def decide(name: str) -> object:
        start.wait()
        try:
            return desk.sharing.decide(request.id, Approve(), person("cq_water", name=name))
        except UserError as told:
            return told

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(decide, ["one", "two"]))

    assert sum(isinstance(r, StepRefused | ChangedMeanwhile) for r in results) == 1
    assert len(desk.sharing.grants_of(APP.client)) == 1
    world.registry.close()


def test_a_revocation_by_another_process_is_seen_within_a_second(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = desk.grant_of(desk.approved())
    assert desk.sharing.grants_of(APP.client) == (grant,)
    monkeypatch.setattr(writing, "LOOK_SECONDS", 0.01)

    Desk(desk.world).sharing.revoke(grant.id, WATER, "协商终止")

    deadline = time.monotonic() + 60
    while desk.sharing.grants_of(APP.client):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_limits_that_were_agreed_stand_in_the_grant(desk: Desk) -> None:
    asked = Quota(calls=1_000, rows=2**40)
    request = desk.submitted(quota=asked, minimum_group=3)
    assert desk.sharing.request(request.id).terms.quota == asked
    desk.decided(request.id, Approve(quota=Quota(calls=10), minimum_group=6))
    grant = desk.grant_of(request)
    assert (grant.quota, grant.minimum_group) == (Quota(10, 2**40), 6)


def test_a_limit_of_nothing_is_told_with_everything_else_that_is_missing(desk: Desk) -> None:
    wanted = terms(quota=Quota(calls=0), minimum_group=0, parts=(part(),))
    request = desk.sharing.draft(APP, wanted)
    desk.sharing.sign(request.id, APP)
    with pytest.raises(RequestIncomplete, match=r"quotas above zero.*minimum group"):
        desk.sharing.submit(request.id, APP)


def test_changed_limits_need_the_signature_again(desk: Desk) -> None:
    request = desk.sharing.draft(APP, terms())
    changed = desk.sharing.revise(request.id, APP, terms(quota=Quota(calls=5)))
    assert changed.content != request.content
    again = desk.sharing.revise(request.id, APP, terms(minimum_group=5))
    assert again.content not in {request.content, changed.content}


def test_revoking_a_replacement_before_it_begins_keeps_what_it_was_to_replace(desk: Desk) -> None:
    old = desk.grant_of(desk.approved())
    ahead = desk.clock.now() + timedelta(days=30)
    new = desk.grant_of(desk.approved(not_before=ahead))
    assert desk.sharing.grant(old.id).state(ahead) is GrantState.REVOKED
    desk.clock.advance(timedelta(days=10))
    desk.sharing.revoke(new.id, WATER, "申请撤销")
    assert desk.sharing.grant(old.id).state(ahead) is GrantState.ACTIVE
    desk.clock.advance(timedelta(days=40))
    assert [g.id for g in desk.sharing.grants_of(APP.client)] == [old.id]
    third = desk.grant_of(desk.approved())
    assert [g.id for g in desk.sharing.grants_of(APP.client)] == [third.id]


def test_a_suspended_grant_stays_suspended_when_its_replacement_is_called_off(desk: Desk) -> None:
    old = desk.grant_of(desk.approved())
    ahead = desk.clock.now() + timedelta(days=30)
    new = desk.grant_of(desk.approved(not_before=ahead))
    desk.sharing.suspend(old.id, WATER, "核查")
    desk.sharing.revoke(new.id, WATER, "申请撤销")
    assert desk.sharing.grant(old.id).state(ahead) is GrantState.SUSPENDED
    desk.sharing.resume(old.id, WATER, "无误")
    assert desk.sharing.grant(old.id).state(ahead) is GrantState.ACTIVE


def test_resuming_a_grant_does_not_call_off_its_announced_end(desk: Desk) -> None:
    old = desk.grant_of(desk.approved())
    ahead = desk.clock.now() + timedelta(days=30)
    desk.approved(not_before=ahead)
    desk.clock.advance(timedelta(days=1))
    desk.sharing.suspend(old.id, WATER, "核查")
    desk.sharing.resume(old.id, WATER, "无误")
    assert desk.sharing.grant(old.id).state(ahead) is GrantState.REVOKED


def test_revoking_a_replacement_that_has_begun_brings_nothing_back(desk: Desk) -> None:
    old = desk.grant_of(desk.approved())
    new = desk.grant_of(desk.approved())
    desk.sharing.revoke(new.id, WATER, "结束")
    assert desk.sharing.grant(old.id).state(desk.clock.now()) is GrantState.REVOKED
    assert desk.sharing.grants_of(APP.client) == ()


@pytest.mark.parametrize("purpose", ["用" * 201, "防汛\n避险"])
def test_a_purpose_that_no_header_could_state_is_asked_to_be_mended(
    desk: Desk, purpose: str
) -> None:
    request = desk.sharing.draft(APP, terms(purpose=purpose))
    desk.sharing.sign(request.id, APP)
    with pytest.raises(RequestIncomplete, match="purpose of at most 200"):
        desk.sharing.submit(request.id, APP)
