import pytest

from access.clients import ClientStore
from access.errors import LinkExists, LinkUnknown, UnknownClient
from access.links import Identity, LinkStore, Meant
from access.roles import Role
from catalog.ids import ClientId
from registry.store import Registry
from tests.access.conftest import APP, SHAPINGBA, Access

ISSUER = "https://sso.example/realms/city"
SUBJECT = Identity(ISSUER, Meant.SUBJECT, "1f4d")


def test_an_identity_means_one_client_until_it_is_unlinked(access: Access) -> None:
    links = LinkStore(access.clients, access.clock)
    assert links.find(SUBJECT) is None
    links.link(SUBJECT, APP)
    found = links.find(SUBJECT)
    assert found is not None
    assert found.id == APP
    with pytest.raises(LinkExists):
        links.link(SUBJECT, APP)
    links.unlink(SUBJECT)
    assert links.find(SUBJECT) is None
    with pytest.raises(LinkUnknown):
        links.unlink(SUBJECT)


def test_a_subject_and_an_application_of_the_same_name_are_two(access: Access) -> None:
    links = LinkStore(access.clients, access.clock)
    links.link(SUBJECT, APP)
    assert links.find(Identity(ISSUER, Meant.APPLICATION, SUBJECT.name)) is None
    assert links.find(Identity(ISSUER + "/", Meant.SUBJECT, SUBJECT.name)) is None


def test_only_a_known_client_is_linked(access: Access) -> None:
    with pytest.raises(UnknownClient):
        LinkStore(access.clients).link(SUBJECT, ClientId("nobody"))


def test_each_change_moves_the_epoch(access: Access) -> None:
    links, before = LinkStore(access.clients, access.clock), access.clients.epoch.value
    links.link(SUBJECT, APP)
    links.unlink(SUBJECT)
    assert access.clients.epoch.value == before + 2


def test_links_work_on_both_stores(registry: Registry) -> None:
    clients = ClientStore(registry)
    clients.register(APP, SHAPINGBA, [Role.APP])
    links = LinkStore(clients)
    links.link(SUBJECT, APP)
    (link,) = links.links()
    assert (link.identity, link.client) == (SUBJECT, APP)
    for name in ("\x00", "\ud800", "x" * 1000, "'; DROP TABLE client"):
        assert links.find(Identity(ISSUER, Meant.SUBJECT, name)) is None
