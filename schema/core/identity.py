"""`me`: who the token says is asking, and what that permits."""

from datetime import UTC, datetime

import strawberry

from access.meter import renewal
from catalog.contracts import camel
from catalog.sharing.grant import NO_LIMIT, Grant
from schema.context import Info
from schema.core.offer import to_all
from schema.core.sharing import QuotaView, quota_view


@strawberry.type(description="一项授权今日的配额。Today's quota of one grant.")
class QuotaLeft:
    grant: str
    data_set: str
    purpose: str
    quota: QuotaView
    left: QuotaView = strawberry.field(description="今日剩余。What is left today.")
    renews_at: datetime


@strawberry.type(description="令牌所代表的应用。The application that the token stands for.")
class Me:
    client_id: str
    organisation: str = strawberry.field(description="部门编码。Code of the organisation.")
    organisation_name: str = strawberry.field(description="部门名称。")
    roles: list[str]
    capabilities: list[str] = strawberry.field(description="角色许可的操作。")
    data_sets: list[str] = strawberry.field(
        description="当前获授权的数据集（查询字段名）。Fields of the data sets granted now."
    )
    interfaces: list[str] = strawberry.field(
        description="当前获授权的服务接口（查询字段名）。Fields of the live interfaces granted now."
    )
    purposes: list[str] = strawberry.field(
        description="授权的用途，可用于 X-Vitalhub-Purpose 头。The purposes of the grants in force: one for the header X-Vitalhub-Purpose."
    )
    purpose: str | None = strawberry.field(
        description="本次请求所声明的用途。The purpose that this request states."
    )
    quotas: list[QuotaLeft] = strawberry.field(
        description="有每日配额的授权及其剩余。The grants with a daily quota, and what is left of it."
    )
    token_expires: datetime


async def me(info: Info) -> Me:
    """我是谁，可以做什么。Who I am and what I may do."""
    caller = info.context.caller
    principal = caller.principal
    organisation = info.context.services.catalogue().organisations.get(principal.organisation)
    return Me(
        client_id=principal.client,
        organisation=principal.organisation,
        organisation_name=organisation.name if organisation else principal.organisation,
        roles=sorted(principal.roles),
        capabilities=sorted(caller.capabilities),
        data_sets=[camel(code) for code in caller.scope.data_sets],
        interfaces=[camel(code) for code in caller.scope.interfaces],
        purposes=list(caller.purposes),
        purpose=caller.stated.purpose,
        quotas=[_left(grant, info) for grant in caller.grants if grant.quota != NO_LIMIT],
        token_expires=principal.expires,
    )


def _left(grant: Grant, info: Info) -> QuotaLeft:
    now = datetime.now(UTC)  # usage runs on system time
    return QuotaLeft(
        grant=grant.id,
        data_set=camel(grant.data_set),
        purpose=grant.purpose,
        quota=quota_view(grant.quota),
        left=quota_view(info.context.services.usage.meter.left(grant, now)),
        renews_at=renewal(now),
    )


QUERIES = to_all(me)
