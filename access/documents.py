"""Persisted documents: what a client registered, asked for by the digest of its text.

Rules: a document belongs to one client and its id is the SHA-256 of its text, so an id never means
another text; registering twice changes nothing; nobody learns of another client's documents.
All of it blocks: call it in a worker thread.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from access.errors import TooManyDocuments, UnknownClient
from access.models import Client, PersistedDocument
from catalog.clock import Clock, SystemClock
from catalog.ids import ClientId
from registry.store import Registry

PREFIX = "sha256:"
MAX_DOCUMENTS = 1_000
"""Of one client; an application has as many as it has screens."""
DIGEST = re.compile(PREFIX + r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Document:
    id: str
    text: str
    registered_at: datetime


def document_id(text: str) -> str:
    """`sha256:` and the digest of the text in UTF-8, in lower-case hex."""
    return PREFIX + hashlib.sha256(text.encode()).hexdigest()


class DocumentStore:
    def __init__(self, registry: Registry, system_clock: Clock | None = None) -> None:
        self._registry = registry
        self._clock = system_clock or SystemClock()

    def register(self, client: ClientId, text: str) -> Document:
        """UnknownClient, TooManyDocuments."""
        digest = document_id(text)
        with self._registry.write() as session:
            if session.get(Client, client) is None:
                raise UnknownClient(client=client)
            known = session.get(PersistedDocument, (client, digest))
            if known is None:
                own = PersistedDocument.client_id == client
                held = session.scalar(select(func.count()).where(own)) or 0
                if held >= MAX_DOCUMENTS:
                    raise TooManyDocuments(limit=MAX_DOCUMENTS)
                known = PersistedDocument(
                    client_id=client, id=digest, text=text, registered_at=self._clock.now()
                )
                session.add(known)
            return _document(known)

    def remove(self, client: ClientId, digest: str) -> bool:
        """False when the client has no such document."""
        with self._registry.write() as session:
            known = session.get(PersistedDocument, (client, digest))
            if known is None:
                return False
            session.delete(known)
            return True

    def text(self, client: ClientId, digest: str) -> str | None:
        """None when the client has no such document."""
        if not DIGEST.fullmatch(digest):
            return None
        with self._registry.read() as session:
            known = session.get(PersistedDocument, (client, digest))
            return None if known is None else known.text

    def documents(self, client: ClientId) -> tuple[Document, ...]:
        """Oldest first."""
        own = select(PersistedDocument).where(PersistedDocument.client_id == client)
        order = PersistedDocument.registered_at, PersistedDocument.id
        with self._registry.read() as session:
            return tuple(_document(row) for row in session.scalars(own.order_by(*order)))


def _document(row: PersistedDocument) -> Document:
    return Document(row.id, row.text, row.registered_at)
