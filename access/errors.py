"""What access says when something is wrong.

VitalhubError
├── UserError
│   ├── TokenInvalid             no token, malformed, forged, another audience: one text for all of them
│   ├── TokenExpired
│   ├── TokenRevoked             the token, or its client, was revoked
│   ├── NotPermitted             the caller's roles lack the capability
│   ├── QuotaSpent               a grant's daily quota has nothing left
│   ├── UnknownClient            an operator names a client that does not exist
│   ├── RolesConflict            one client cannot have both roles
│   ├── ClientExists             an operator registers a client id a second time
│   ├── TooManyDocuments         a client keeps no more persisted documents
│   ├── ClientIdRefused          a client id that is not plain ASCII
│   ├── LinkExists               an outside identity means a client already
│   └── LinkUnknown
└── SystemFault
    ├── IssuerAddressFault       the issuer's address is neither https nor this machine's own
    ├── KeyFileFault             the key file is readable by others, damaged or missing
    └── UsageLogUnavailable      a usage record cannot be written: data reads stop
"""

from catalog.errors import SystemFault, UserError


class TokenInvalid(UserError):
    code = "TOKEN_INVALID"
    zh = "访问令牌无效。请在 /oauth/token 重新获取令牌。"
    en = "The access token is not valid. Get a new one at /oauth/token."


class TokenExpired(UserError):
    code = "TOKEN_EXPIRED"
    zh = "访问令牌已过期。请在 /oauth/token 重新获取令牌。"
    en = "The access token has expired. Get a new one at /oauth/token."


class TokenRevoked(UserError):
    code = "TOKEN_REVOKED"
    zh = "访问令牌或其客户端已被吊销。请联系平台管理员。"
    en = "The access token or its client was revoked. Ask the operator of the hub."


class NotPermitted(UserError):
    code = "NOT_PERMITTED"
    zh = "您的角色不能进行此操作（需要权限 {capability}）。"
    en = "Your roles do not permit this; it needs the capability {capability}."


class QuotaSpent(UserError):
    """`details["seconds"]`: until the quota renews."""

    code = "QUOTA_SPENT"
    zh = "{data_set}（用途：{purpose}）今日的配额 {limit} {unit}已用完，{renews} 恢复。"
    en = "Today's quota of {limit} {what} of {data_set} (purpose: {purpose}) is spent. It renews at {renews}."


class UnknownClient(UserError):
    code = "UNKNOWN_CLIENT"
    zh = "没有客户端 {client}。"
    en = "There is no client {client}."


class ClientExists(UserError):
    code = "CLIENT_EXISTS"
    zh = "客户端 {client} 已存在。请换一个编码，或为其更换密钥。"
    en = "The client {client} exists already. Choose another id, or renew its secret."


class RolesConflict(UserError):
    code = "ROLES_CONFLICT"
    zh = "同一客户端不能同时具有角色 {first} 和 {second}。请分别注册客户端。"
    en = "One client cannot be both {first} and {second}. Register two clients."


class ClientIdRefused(UserError):
    code = "CLIENT_ID_REFUSED"
    zh = "客户端编码只能由小写字母、数字、“_”、“-”、“.”组成，且不超过 64 个字符。"
    en = "A client id has lower-case letters, digits, '_', '-' and '.', at most 64 of them."


class TooManyDocuments(UserError):
    code = "TOO_MANY_DOCUMENTS"
    zh = "每个客户端最多登记 {limit} 份查询。请先撤销不再使用的。"
    en = "A client keeps at most {limit} persisted documents. Remove those no longer in use."


class LinkExists(UserError):
    code = "LINK_EXISTS"
    zh = "外部身份 {name} 已对应客户端 {client}。请先解除对应。"
    en = "The outside identity {name} means the client {client} already. Unlink it first."


class LinkUnknown(UserError):
    code = "LINK_UNKNOWN"
    zh = "外部身份 {name} 没有对应任何客户端。"
    en = "The outside identity {name} means no client."


class IssuerAddressFault(SystemFault):
    code = "ISSUER_ADDRESS_FAULT"


class KeyFileFault(SystemFault):
    code = "KEY_FILE_FAULT"


class UsageLogUnavailable(SystemFault):
    code = "USAGE_LOG_UNAVAILABLE"
