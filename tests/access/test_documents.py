"""The store of persisted documents, and the limits of clients."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import access.documents
from access.clients import ClientStore
from access.documents import DocumentStore, document_id
from access.errors import TooManyDocuments, UnknownClient
from access.limits import ClientLimits, LimitStore
from access.roles import Role
from catalog.ids import ClientId
from registry.base import Base
from registry.store import Registry
from tests.access.conftest import APP, SHAPINGBA


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(f"sqlite:///{tmp_path / 'registry.sqlite'}")
    Base.metadata.create_all(registry.engine)
    ClientStore(registry).register(APP, SHAPINGBA, [Role.APP])
    yield registry
    registry.close()


def test_a_text_registered_twice_is_kept_once(registry: Registry) -> None:
    store = DocumentStore(registry)
    first = store.register(APP, "{ a }")
    assert store.register(APP, "{ a }") == first
    assert store.documents(APP) == (first,)
    assert store.text(APP, document_id("{ a }")) == "{ a }"


def test_a_client_keeps_so_many_and_no_more(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access.documents, "MAX_DOCUMENTS", 2)
    store = DocumentStore(registry)
    for text in ("{ a }", "{ b }", "{ a }"):
        store.register(APP, text)
    with pytest.raises(TooManyDocuments):
        store.register(APP, "{ c }")
    assert store.remove(APP, document_id("{ a }"))
    store.register(APP, "{ c }")


def test_documents_and_limits_need_a_client(registry: Registry) -> None:
    nobody = ClientId("nobody")
    with pytest.raises(UnknownClient):
        DocumentStore(registry).register(nobody, "{ a }")
    with pytest.raises(UnknownClient):
        LimitStore(registry).set(nobody, ClientLimits(documents_only=True))


def test_limits_are_there_again_after_a_restart(registry: Registry) -> None:
    limits = LimitStore(registry)
    assert limits.of(APP) == ClientLimits()
    own = ClientLimits(7, documents_only=True, page_limit=5_000)
    limits.set(APP, own)
    assert limits.of(APP) == LimitStore(registry).of(APP) == own
