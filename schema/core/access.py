"""Clients and tokens: ending them. Registering a client hands out a secret and is a command, not a field."""

from access.roles import Capability
from catalog.ids import ClientId
from schema.context import Info, blocking
from schema.core.offer import to


async def revoke_client(info: Info, id: str) -> bool:
    """吊销客户端及其全部令牌，不可恢复。End a client and every token it holds, for good."""
    await blocking(info.context.services.clients.revoke_client, ClientId(id))
    return True


async def revoke_token(info: Info, token_id: str) -> bool:
    """吊销一个令牌（jti）；没有该令牌时为 false。End one token by its id; false when unknown."""
    return await blocking(info.context.services.clients.revoke_token, token_id)


MUTATIONS = to(Capability.MANAGE_CLIENTS, revoke_client, revoke_token)
