"""Persisted documents of a client, and the limits an operator sets it.

Rules: a client keeps its own documents, an operator any client's; who may run persisted documents only
cannot add to them, or the list would be no list.
"""

from datetime import datetime

import strawberry

from access.documents import Document
from access.limits import ClientLimits
from access.roles import Capability
from catalog.ids import ClientId
from schema.context import Info, blocking
from schema.core.offer import to
from schema.document import read_document
from schema.errors import DocumentNotAllowed, PageOutOfRange

KEEPERS = frozenset({Capability.READ_DATA, Capability.MANAGE_CLIENTS})
MAX_BUDGET = 2**31 - 1
LONGEST_PAGE = 10_000


@strawberry.type(
    name="PersistedDocument",
    description="已登记的查询文本，凭 id 调用。A registered document, asked for by its id.",
)
class PersistedDocumentType:
    id: str = strawberry.field(description="sha256: 加全文摘要。sha256: and the text's digest.")
    text: str
    registered_at: datetime


@strawberry.type(name="ClientLimits", description="一个客户端的限额。The limits of one client.")
class ClientLimitsType:
    client_id: str
    documents_only: bool = strawberry.field(
        description="只能运行已登记的查询。Only persisted documents run."
    )
    price_budget: int | None = strawberry.field(
        description="单次查询的预算（行）；null 为平台缺省。Rows; null: the hub's default."
    )
    page_limit: int | None = strawberry.field(
        description="每页最多行数；null 为平台缺省。Rows of a page; null: the hub's default."
    )


async def documents(info: Info, client: str | None = None) -> list[PersistedDocumentType]:
    """已登记的查询；client 仅供管理员。Persisted documents, one's own; client: for operators."""
    kept_by = _kept_by(info, client)
    known = await blocking(info.context.services.documents.documents, kept_by)
    return [_shown(document) for document in known]


async def register_document(
    info: Info, text: str, client: str | None = None
) -> PersistedDocumentType:
    """登记一份查询文本，此后凭 id 调用。Register a document, to be asked for by its id."""
    kept_by = _kept_by(info, client)
    if info.context.services.limits.of(kept_by).documents_only and client is None:
        raise DocumentNotAllowed
    read_document(text)
    return _shown(await blocking(info.context.services.documents.register, kept_by, text))


async def remove_document(info: Info, id: str, client: str | None = None) -> bool:
    """撤销登记；没有时为 false。Remove a persisted document; false when there is none."""
    kept_by = _kept_by(info, client)
    return await blocking(info.context.services.documents.remove, kept_by, id)


async def limit_client(
    info: Info,
    id: str,
    documents_only: bool = False,
    price_budget: int | None = None,
    page_limit: int | None = None,
) -> ClientLimitsType:
    """设定客户端的限额，几秒内生效。Set a client's limits; they count within seconds."""
    if price_budget is not None and price_budget < 1:
        raise PageOutOfRange(argument="priceBudget", low=1, high=MAX_BUDGET)
    if page_limit is not None and not 1 <= page_limit <= LONGEST_PAGE:
        raise PageOutOfRange(argument="pageLimit", low=1, high=LONGEST_PAGE)
    limits = ClientLimits(price_budget, documents_only, page_limit)
    await blocking(info.context.services.limits.set, ClientId(id), limits)
    return ClientLimitsType(
        client_id=id,
        documents_only=documents_only,
        price_budget=price_budget,
        page_limit=page_limit,
    )


def _kept_by(info: Info, client: str | None) -> ClientId:
    """Whose documents are meant; NotPermitted."""
    principal = info.context.principal
    if client is None or client == principal.client:
        return principal.client
    principal.require(Capability.MANAGE_CLIENTS)
    return ClientId(client)


def _shown(document: Document) -> PersistedDocumentType:
    return PersistedDocumentType(
        id=document.id, text=document.text, registered_at=document.registered_at
    )


QUERIES = to(KEEPERS, documents)
MUTATIONS = (
    *to(KEEPERS, register_document, remove_document),
    *to(Capability.MANAGE_CLIENTS, limit_client),
)
