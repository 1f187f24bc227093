import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from access.clients import ClientStore
from access.errors import ClientExists, ClientIdRefused, RolesConflict, UnknownClient
from access.models import Client, IssuedToken
from access.roles import Role
from catalog.ids import ClientId, OrganisationCode
from registry.store import Registry
from tests.access.conftest import APP, SHAPINGBA, Access

OTHER = ClientId("cq_hightech-app")


def test_a_registered_client_authenticates_with_its_secret_only(access: Access) -> None:
    secret = access.clients.register(OTHER, SHAPINGBA, [Role.APP])
    found = access.clients.authenticate(OTHER, secret)
    assert found is not None
    assert (found.id, found.organisation) == (OTHER, SHAPINGBA)
    assert found.roles == {Role.APP}
    assert access.clients.authenticate(OTHER, secret + "x") is None
    assert access.clients.authenticate(APP, secret) is None


def test_the_registry_never_holds_a_secret(access: Access) -> None:
    secret = access.clients.register(OTHER, SHAPINGBA, [Role.APP])
    with access.registry.read() as session:
        row = session.get(Client, OTHER)
        assert row is not None
        stored = repr(
            {column.name: getattr(row, column.key) for column in Client.__table__.columns}
        )
    assert secret not in stored


def test_a_renewed_secret_replaces_the_old_one(access: Access) -> None:
    old = access.clients.register(OTHER, SHAPINGBA, [Role.APP])
    new = access.clients.renew_secret(OTHER)
    assert access.clients.authenticate(OTHER, old) is None
    assert access.clients.authenticate(OTHER, new) is not None


def test_a_revoked_client_no_longer_authenticates(access: Access) -> None:
    secret = access.clients.register(OTHER, SHAPINGBA, [Role.APP])
    access.clients.revoke_client(OTHER)
    assert access.clients.authenticate(OTHER, secret) is None


def test_an_unknown_client_takes_as_long_to_refuse_as_a_wrong_secret(access: Access) -> None:
    def seconds(client: str) -> float:
        start = time.thread_time()  # work, not waiting: others may use the machine
        assert access.clients.authenticate(client, "wrong") is None
        return time.thread_time() - start

    rounds = [[seconds(name) for name in (APP, "nobody", "no\x00body")] for _ in range(15)]
    known, unknown, malformed = (min(of_one) for of_one in zip(*rounds, strict=True))
    assert 0.5 < unknown / known < 2
    assert 0.5 < malformed / known < 2


def test_a_client_is_registered_once(access: Access) -> None:
    with pytest.raises(ClientExists):
        access.clients.register(APP, SHAPINGBA, [Role.APP])


@pytest.mark.parametrize("client", ["", "A", "a b", "水务局", "a\n", "a" * 65, "-a", "a:b"])
def test_a_client_id_is_plain_ascii(access: Access, client: str) -> None:
    with pytest.raises(ClientIdRefused):
        access.clients.register(ClientId(client), SHAPINGBA, [Role.APP])


def test_roles_that_stand_apart_are_not_given_to_one_client(access: Access) -> None:
    with pytest.raises(RolesConflict):
        access.clients.register(OTHER, SHAPINGBA, [Role.AUDITOR, Role.APP])


def test_revoking_an_unknown_client_says_so(access: Access) -> None:
    with pytest.raises(UnknownClient):
        access.clients.revoke_client(ClientId("nobody"))
    assert access.clients.revoke_token("nothing") is False


def test_each_revocation_moves_the_epoch_and_another_process_sees_it(access: Access) -> None:
    elsewhere = ClientStore(access.registry)
    before = access.clients.epoch.value
    access.clients.revoke_client(APP)
    assert access.clients.epoch.value > before
    assert elsewhere.epoch.value == before
    assert elsewhere.epoch.refresh() == access.clients.epoch.value


def test_revocations_at_the_same_time_each_move_the_epoch(access: Access) -> None:
    tokens = [f"t-{number}" for number in range(8)]
    now = access.clock.now()
    for token in tokens:
        access.clients.record_token(token, APP, now, now + timedelta(minutes=10))
    before = access.clients.epoch.value
    threads = [threading.Thread(target=access.clients.revoke_token, args=(t,)) for t in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert access.clients.epoch.value == before + len(tokens)


def test_whose_a_client_is_can_be_asked_while_it_is_not_revoked(access: Access) -> None:
    assert access.clients.organisation_of(APP) == SHAPINGBA
    assert access.clients.organisation_of(ClientId("nobody")) is None
    access.clients.revoke_client(APP)
    assert access.clients.organisation_of(APP) is None


def test_tokens_long_expired_are_swept_and_recent_ones_stay(access: Access) -> None:
    start = access.clock.now()
    access.clients.record_token("old", APP, start, start + timedelta(minutes=10))
    access.clock.advance(timedelta(hours=23))
    later = access.clock.now()
    access.clients.record_token("new", APP, later, later + timedelta(minutes=10))
    assert access.clients.standing("old") is not None
    access.clock.advance(timedelta(hours=2))
    now = access.clock.now()
    access.clients.record_token("newest", APP, now, now + timedelta(minutes=10))
    with access.registry.read() as session:
        assert set(session.scalars(select(IssuedToken.id))) == {"new", "newest"}


def test_clients_and_tokens_work_on_both_stores(registry: Registry) -> None:
    clients = ClientStore(registry)
    secret = clients.register(APP, OrganisationCode("cq_water"), [Role.STEWARD, Role.PUBLISHER])
    found = clients.authenticate(APP, secret)
    assert found is not None
    assert found.roles == {Role.STEWARD, Role.PUBLISHER}
    assert clients.authenticate("no\x00body", secret) is None
    clients.record_token("one", APP, found.created_at, found.created_at + timedelta(minutes=10))
    clients.revoke_token("one")
    clients.revoke_client(APP)
    standing = clients.standing("one")
    assert standing is not None
    assert standing.revoked
    assert clients.epoch.value == ClientStore(registry).epoch.value == 2
