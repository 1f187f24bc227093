"""The state machine of a request, walked at random: no way around a signature."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ids import ClientId, OrganisationCode, RequestId
from catalog.sharing.errors import StepRefused
from catalog.sharing.request import (
    ACTION_LABELS,
    STATE_LABELS,
    TRANSITIONS,
    Request,
    RequestAction,
    RequestState,
    Side,
    Signature,
    Transition,
    transition,
    wording,
)
from tests.catalog.conftest import NOW
from tests.catalog.sharing.conftest import part, terms

GRANTED = {RequestState.APPROVED, RequestState.PARTLY_APPROVED}
FINAL = GRANTED | {RequestState.REJECTED, RequestState.CANCELLED}


def request_in(state: RequestState) -> Request:
    return Request(
        id=RequestId("req-1"),
        client=ClientId("app"),
        organisation=OrganisationCode("cq_hightech"),
        provider=OrganisationCode("cq_water"),
        contract_major=1,
        terms=terms(),
        state=state,
        drafted_by="app",
        drafted_at=NOW,
        submitted_at=None,
        due_at=None,
        missing=None,
        supplement_asked_at=None,
        extended=False,
        decided_by=None,
        decided_at=None,
        reason=None,
        legal_basis=None,
        signatures=(),
    )


def paths(
    state: RequestState, walked: tuple[Transition, ...] = ()
) -> Iterator[tuple[Transition, ...]]:
    """Every way to a final state that takes no transition twice."""
    if state in FINAL:
        yield walked
    for step in TRANSITIONS:
        if step.source is state and step not in walked:
            yield from paths(step.target, (*walked, step))


def test_no_path_to_a_grant_skips_a_signature() -> None:
    to_grant = [walked for walked in paths(RequestState.DRAFT) if walked[-1].target in GRANTED]
    assert to_grant
    for walked in to_grant:
        last = walked[-1]
        assert Side.REQUESTER in last.signed
        standing_consent = last.action is RequestAction.GRANT_STANDARD
        assert standing_consent or Side.PROVIDER in last.signed
        assert RequestAction.SUBMIT in {step.action for step in walked}


def test_every_state_can_be_reached_and_final_ones_are_final() -> None:
    assert {t.target for t in TRANSITIONS} | {RequestState.DRAFT} == set(RequestState)
    assert not [t for t in TRANSITIONS if t.source in FINAL]
    assert STATE_LABELS.keys() == set(RequestState)
    assert ACTION_LABELS.keys() == set(RequestAction)


@given(state=st.sampled_from(RequestState), action=st.sampled_from(RequestAction))
def test_an_action_outside_the_table_is_refused_and_says_what_is_possible(
    state: RequestState, action: RequestAction
) -> None:
    row = next((t for t in TRANSITIONS if (t.source, t.action) == (state, action)), None)
    if row is not None:
        assert transition(request_in(state), action) is row
        return
    with pytest.raises(StepRefused) as refused:
        transition(request_in(state), action)
    for possible in (t.action for t in TRANSITIONS if t.source is state):
        assert ACTION_LABELS[possible] in refused.value.message_zh


@pytest.mark.parametrize(
    "changed",
    [
        {"basis": "别的依据"},
        {"scenario": "别的场景"},
        {"purpose": "别的用途"},
        {"mode": "文件"},
        {"parts": (part("level_m", "phone"),)},
        {"expires": None},
        {"not_before": NOW},
        {"derivation": False},
    ],
)
def test_a_signature_covers_one_wording_only(changed: dict[str, object]) -> None:
    request = request_in(RequestState.DRAFT)
    signature = Signature(Side.REQUESTER, request.organisation, "主任", request.content, "app", NOW)
    signed = replace(request, signatures=(signature,))
    assert signed.signers(Side.REQUESTER) == {request.organisation}
    assert signed.signers(Side.PROVIDER) == frozenset()

    reworded = replace(signed, terms=replace(signed.terms, **changed))  # type: ignore[arg-type]

    assert reworded.signers(Side.REQUESTER) == frozenset()


def test_a_signature_is_for_one_client_and_contract() -> None:
    first = wording(ClientId("a"), 1, terms())
    assert first != wording(ClientId("b"), 1, terms())
    assert first != wording(ClientId("a"), 2, terms())
