"""The usage log, as auditors read it: who read what, for which purpose, and whether it can be made again.

Rules: no row and no variable is ever shown; a page reads from the files and is bounded.
"""

from datetime import datetime

import strawberry

from access.readback import Wanted, page
from access.record import UsageId, UsageRecord, number_of
from access.roles import Capability
from catalog.catalogue import Catalogue
from catalog.contracts import camel
from catalog.ids import ClientId, DatasetCode, GrantId
from schema.context import Info, blocking
from schema.core.naming import data_set_named
from schema.core.offer import to
from schema.errors import PageOutOfRange, UnknownKey
from schema.scalars import BigInt

MAX_RECORDS = 500


@strawberry.input(description="所写条件须同时满足。All that is given must hold.")
class UsageWhere:
    client: str | None = None
    data_set: str | None = None
    grant: str | None = None
    purpose: str | None = None
    case: str | None = strawberry.field(default=None, description="事由编号。Case reference.")
    outcome: str | None = strawberry.field(
        default=None, description="OK 或错误代码。OK, or an error's code."
    )
    since: datetime | None = strawberry.field(default=None, description="开始于此时或其后。")
    until: datetime | None = strawberry.field(default=None, description="开始于此时之前。")


@strawberry.type(description="被读取的数据集及其列。A data set that was read, and its columns.")
class UsageColumns:
    data_set: str
    columns: list[str]


@strawberry.type(description="被调用的服务接口及各次结果。A live service that was asked.")
class UsageCalls:
    interface: str
    outcomes: list[str] = strawberry.field(
        description="每次调用：CALLED、CACHED 或错误代码。Of each call: CALLED, CACHED or an error's code."
    )


@strawberry.type(name="UsageRecord", description="一次读取的使用记录。The record of one read.")
class UsageView:
    id: str
    client: str
    organisation: str
    grants: list[str]
    purposes: list[str]
    case: str | None = strawberry.field(
        description="调用方自述的事由编号。The caller's case reference."
    )
    data_sets: list[UsageColumns]
    calls: list[UsageCalls]
    rows: BigInt
    bytes: BigInt
    started_at: datetime
    seconds: float
    outcome: str = strawberry.field(description="OK 或错误代码。OK, or the error's code.")
    request_id: str
    version: int | None = strawberry.field(description="数据版本。The version that was read.")
    operation: str = strawberry.field(description="操作的摘要。Digest of the operation.")
    reply: str = strawberry.field(description="应答的摘要。Digest of the reply.")
    media: str | None = strawberry.field(
        description="导出文件的媒体类型。Of an export: the media type of the file."
    )
    begun: str | None = strawberry.field(
        description="导出结束时：其开始记录的编号。Of an export's end: the record of its beginning."
    )


@strawberry.type(description="一页使用记录。A page of usage records.")
class UsagePage:
    records: list[UsageView]
    next: str | None = strawberry.field(
        description="下一页的 before；为空则已到最早。The next page's `before`; null at the oldest."
    )


@strawberry.type(description="重放的结论，不含任何数据行。What a replay found; never rows.")
class Replay:
    usage: str
    equal: bool
    recorded_digest: str
    replayed_digest: str
    recorded_rows: BigInt
    replayed_rows: BigInt
    version: int | None
    grants: list[str]
    purposes: list[str]


async def usage(
    info: Info,
    where: UsageWhere | None = None,
    limit: int = 50,
    before: str | None = None,
) -> UsagePage:
    """使用记录，新的在前。Usage records, newest first."""
    if not 1 <= limit <= MAX_RECORDS:
        raise PageOutOfRange(argument="limit", low=1, high=MAX_RECORDS)
    number = None if before is None else number_of(before)
    if before is not None and number is None:
        raise UnknownKey(key=before[:40], what="usage record", what_zh="使用记录")
    services = info.context.services

    def found() -> UsagePage:
        wanted = _wanted(where or UsageWhere(), services.catalogue())
        read = page(services.usage.folder, wanted, limit, number)
        return UsagePage(records=[_view(*one) for one in read.records], next=read.next)

    return await blocking(found)


async def replay(info: Info, usage_id: str) -> Replay:
    """按原授权与版本重做一次读取，只比较摘要与行数。Do a read again under its grants and version; compare."""
    context = info.context
    found = await context.replay(usage_id, context.principal.client)
    record = found.record
    return Replay(
        usage=found.usage,
        equal=found.recorded == found.replayed,
        recorded_digest=found.recorded,
        replayed_digest=found.replayed,
        recorded_rows=BigInt(record.rows),
        replayed_rows=BigInt(found.rows),
        version=record.version,
        grants=list(record.grants),
        purposes=list(record.purposes),
    )


QUERIES = to(Capability.READ_USAGE, usage, replay)


def _wanted(where: UsageWhere, catalogue: Catalogue) -> Wanted:
    return Wanted(
        client=ClientId(where.client) if where.client else None,
        data_set=data_set_named(catalogue, where.data_set) if where.data_set else None,
        grant=GrantId(where.grant) if where.grant else None,
        purpose=where.purpose,
        case=where.case,
        outcome=where.outcome,
        since=where.since,
        until=where.until,
    )


def _view(usage_id: UsageId, record: UsageRecord) -> UsageView:
    return UsageView(
        id=usage_id,
        client=record.client,
        organisation=record.organisation,
        grants=list(record.grants),
        purposes=list(record.purposes),
        case=record.case,
        data_sets=[_columns(code, names) for code, names in record.columns.items()],
        calls=[
            UsageCalls(interface=camel(code), outcomes=list(outcomes))
            for code, outcomes in record.calls.items()
        ],
        rows=BigInt(record.rows),
        bytes=BigInt(record.reply_bytes),
        started_at=record.started,
        seconds=record.seconds,
        outcome=record.outcome,
        request_id=record.request_id,
        version=record.version,
        operation=record.operation,
        reply=record.reply,
        media=record.media,
        begun=record.begun,
    )


def _columns(code: DatasetCode, names: tuple[str, ...]) -> UsageColumns:
    return UsageColumns(data_set=camel(code), columns=[camel(name) for name in names])
