"""`me`: who the token says is asking, and what that permits."""

from datetime import datetime

import strawberry

from catalog.contracts import camel
from schema.context import Info
from schema.core.offer import to_all


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
    purposes: list[str] = strawberry.field(
        description="授权的用途，可用于 X-Vitalhub-Purpose 头。The purposes of the grants in force: one for the header X-Vitalhub-Purpose."
    )
    purpose: str | None = strawberry.field(
        description="本次请求所声明的用途。The purpose that this request states."
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
        purposes=list(caller.purposes),
        purpose=caller.stated.purpose,
        token_expires=principal.expires,
    )


QUERIES = to_all(me)
