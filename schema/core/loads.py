"""Loads: what came from where, what became of it, and why.

A department sees the loads of the data sets it provides; auditors and operators all of them.
"""

from datetime import datetime

import strawberry

from access.principal import Principal
from access.roles import Capability
from catalog.catalogue import Catalogue
from catalog.contracts import camel
from catalog.ids import DatasetCode, LoadId
from catalog.sharing.provision import provider_of
from connectors.models import Load as LoadRow
from connectors.models import LoadState
from schema.context import Info, Services, blocking
from schema.core.naming import data_set_named
from schema.core.offer import to
from schema.core.page import page
from schema.errors import UnknownKey

SEE_ALL = (Capability.READ_USAGE, Capability.MANAGE_SOURCES)


@strawberry.type(description="一次装载。One load.")
class Load:
    id: str
    data_set: str
    source: str
    origin: str = strawberry.field(description="文件名或取数区间。File, or range of the source.")
    state: LoadState
    rows: int
    good: int | None
    rejected: int | None
    landed_at: datetime
    published_at: datetime | None
    version: int | None = strawberry.field(description="发布后的版本号。The version it became.")
    attempts: int
    released_from: str | None
    error_code: str | None
    error: str | None
    error_en: str | None


async def loads(
    info: Info, data_set: str | None = None, limit: int = 50, offset: int = 0
) -> list[Load]:
    """装载记录，新的在前。Loads, newest first."""
    start, end = page(limit, offset)
    services, principal = info.context.services, info.context.principal

    def found() -> list[Load]:
        catalogue = services.catalogue()
        codes = visible_sets(principal, catalogue)
        if data_set is not None:
            codes &= {data_set_named(catalogue, data_set)}
        rows = services.ledger.loads(sorted(codes), limit=end - start, offset=start)
        return [_view(row) for row in rows]

    return await blocking(found)


async def load(info: Info, id: str) -> Load:
    """一次装载。One load."""
    services, principal = info.context.services, info.context.principal
    return await blocking(lambda: _view(visible_load(services, principal, LoadId(id))))


QUERIES = to(Capability.READ_LOADS, loads, load)


def visible_sets(principal: Principal, catalogue: Catalogue) -> set[DatasetCode]:
    if any(principal.may(capability) for capability in SEE_ALL):
        return set(catalogue.contracts)
    return {
        code
        for code in catalogue.contracts
        if provider_of(catalogue, code) == principal.organisation
    }


def visible_load(services: Services, principal: Principal, load_id: LoadId) -> LoadRow:
    """UnknownKey when there is none or it is not the caller's to see. Blocking."""
    row = services.ledger.load(load_id)
    if row is None or row.data_set not in visible_sets(principal, services.catalogue()):
        raise UnknownKey(key=load_id, what="load", what_zh="装载")
    return row


def _view(row: LoadRow) -> Load:
    return Load(
        id=row.id,
        data_set=camel(row.data_set),
        source=row.source,
        origin=row.origin,
        state=LoadState(row.state),
        rows=row.rows,
        good=row.good,
        rejected=row.rejected,
        landed_at=row.landed_at,
        published_at=row.published_at,
        version=row.seq,
        attempts=row.attempts,
        released_from=row.released_from,
        error_code=row.error_code,
        error=row.error_zh,
        error_en=row.error_en,
    )
