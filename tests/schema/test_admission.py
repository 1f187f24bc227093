"""Who was admitted before is admitted from memory, and never longer than a look would have admitted it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest

from access.clients import ClientStore
from access.epoch import LOOK_AGAIN
from access.errors import TokenExpired, TokenRevoked
from access.keys import SigningKeys
from access.roles import Role
from access.token import Verifier
from catalog import writing
from catalog.clock import ReplayClock
from catalog.ids import ClientId
from schema.admission import Admission
from schema.caller import Callers, Rights
from schema.purpose import NOTHING_STATED, Stated
from schema.view import Views
from tests.schema.hub import ADDRESS, STATION_COLUMNS, Hub, whole
from tests.shared_data import grant

APP = ClientId("app")


@pytest.fixture
def clock() -> ReplayClock:
    """The machine's, of which tokens know."""
    return ReplayClock(datetime.now(UTC))


@pytest.fixture
def admission(hub: Hub, clock: ReplayClock, monkeypatch: pytest.MonkeyPatch) -> Admission:
    """As the hub's, with a clock that a test moves; the catalogue is looked at once and for all."""
    monkeypatch.setattr(writing, "LOOK_SECONDS", float("inf"))
    clients = ClientStore(hub.clients.registry, clock)
    keys = SigningKeys(hub.folder / "keys.json")
    rights = Rights(
        hub.grants_for,
        lambda: hub.epoch + hub.sharing.epoch,
        hub.store.load,
        "k",
        hub.store.recall,
    )
    verifier = Verifier(ADDRESS, "vitalhub", keys, clients, clock)
    return Admission(Callers(verifier, rights, hub.clock), Views())


def admitted(admission: Admission, token: str, stated: Stated = NOTHING_STATED) -> Any:
    return anyio.run(admission.admit, token, stated)


def test_who_was_admitted_is_recalled_as_the_same_caller_with_the_same_view(
    admission: Admission, hub: Hub
) -> None:
    hub.granted("app", *whole())
    token = hub.token("app")
    assert admission.recall(token, NOTHING_STATED) is None
    caller, view = admitted(admission, token)
    first, second = (admission.recall(token, NOTHING_STATED) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first[0] is second[0]
    assert first[0] == caller
    assert first[1] is second[1] is view


def test_a_revocation_by_another_process_is_seen_at_the_next_look(
    admission: Admission, hub: Hub, clock: ReplayClock
) -> None:
    hub.granted("app", *whole())
    token = hub.token("app")
    admitted(admission, token)
    hub.clients.revoke_client(APP)  # another store of the same registry, as another process has
    clock.advance(LOOK_AGAIN)
    assert admission.recall(token, NOTHING_STATED) is None
    with pytest.raises(TokenRevoked):
        admitted(admission, token)


def test_a_revocation_by_this_process_is_seen_at_once(hub: Hub) -> None:
    hub.granted("app", *whole())
    token = hub.token("app")
    admission = Admission(hub.callers, Views())
    admitted(admission, token)
    hub.clients.revoke_client(APP)
    assert admission.recall(token, NOTHING_STATED) is None
    with pytest.raises(TokenRevoked):
        admitted(admission, token)


def test_a_token_that_ends_is_not_recalled(
    admission: Admission, hub: Hub, clock: ReplayClock
) -> None:
    hub.granted("app", *whole())
    token = hub.token("app")
    admitted(admission, token)
    clock.advance(timedelta(minutes=11))
    assert admission.recall(token, NOTHING_STATED) is None
    with pytest.raises(TokenExpired):
        admitted(admission, token)


def test_changed_grants_make_another_caller(admission: Admission, hub: Hub) -> None:
    hub.granted("app", *whole())
    token = hub.token("app")
    before, _ = admitted(admission, token)
    hub.granted("app", grant(whole()[0].data_set, STATION_COLUMNS))
    assert admission.recall(token, NOTHING_STATED) is None
    after, _ = admitted(admission, token)
    assert set(before.scope.data_sets) - set(after.scope.data_sets) == {"reading"}


def test_a_grant_that_ends_by_time_is_looked_for_again(admission: Admission, hub: Hub) -> None:
    hub.granted("app", *whole())
    token = hub.token("app")
    admitted(admission, token)
    hub.clock.advance(timedelta(seconds=5))
    assert admission.recall(token, NOTHING_STATED) is None


def test_a_catalogue_that_has_to_be_looked_at_is_not_recalled(
    admission: Admission, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.granted("app", *whole())
    token = hub.token("app")
    admitted(admission, token)
    assert admission.recall(token, NOTHING_STATED) is not None
    monkeypatch.setattr(writing, "LOOK_SECONDS", 0.0)
    assert admission.recall(token, NOTHING_STATED) is None


def test_what_is_stated_is_not_recalled_from_another_statement(
    admission: Admission, hub: Hub
) -> None:
    hub.granted("app", *whole())
    token = hub.token("app")
    admitted(admission, token)
    purpose = whole()[0].purpose
    assert admission.recall(token, Stated(purpose)) is None
    stated, _ = admitted(admission, token, Stated(purpose))
    assert stated.stated == Stated(purpose)
    for case in ("case-1", "case-2"):  # a case changes no rights, but it stands in the record
        recalled = admission.recall(token, Stated(purpose, case))
        assert recalled is not None
        assert recalled[0].stated == Stated(purpose, case)


def test_a_role_without_data_has_none_of_its_clients_rights_from_memory(
    admission: Admission, hub: Hub
) -> None:
    token = hub.client("auditor", Role.AUDITOR)
    hub.granted("auditor", *whole())
    for _ in range(2):
        caller, _ = admitted(admission, token)
        assert caller.scope.data_sets == ()
        assert admission.recall(token, NOTHING_STATED) is None


def test_a_caller_is_metered_when_a_grant_has_a_quota(admission: Admission, hub: Hub) -> None:
    hub.granted("app", *whole())
    caller, _ = admitted(admission, hub.token("app"))
    assert caller.metered is False
