"""What the OAuth endpoints answer: values that the HTTP edge turns into JSON.

RFC 6749 allows `error_description` ASCII only, so the Chinese text stands beside it in
`error_description_zh`. Nothing that a caller sent is repeated in either.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Headers = tuple[tuple[str, str], ...]
NEVER_KEPT: Headers = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
CHALLENGE = ("WWW-Authenticate", 'Basic realm="vitalhub", charset="UTF-8"')

TEXTS: Mapping[str, tuple[str, str]] = {
    "invalid_request": (
        "The request is not well-formed: a parameter is missing or wrong.",
        "请求不完整或参数有误。",
    ),
    "invalid_client": (
        "Client authentication failed.",
        "客户端身份验证失败，请核对客户端编号与密钥。",
    ),
    "invalid_grant": (
        "The code or refresh token is not valid any more. Log in again.",
        "授权码或刷新令牌已失效，请重新登录。",
    ),
    "unauthorized_client": (
        "This client may not use this grant_type.",
        "该客户端不能使用这种授权方式。",
    ),
    "unsupported_grant_type": (
        "Use grant_type client_credentials, authorization_code or refresh_token.",
        "授权方式只支持 client_credentials、authorization_code 和 refresh_token。",
    ),
    "invalid_scope": (
        "Send no scope: roles and grants say what is allowed.",
        "请勿发送 scope：权限由角色和授权决定。",
    ),
    "temporarily_unavailable": (
        "Too much is being asked at once. Try again in a second.",
        "当前请求过多，请一秒后重试。",
    ),
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A JSON body with its status and headers."""

    status: int
    body: Mapping[str, object]
    headers: Headers = NEVER_KEPT


def refusal(error: str, status: int = 400, headers: Headers = ()) -> Reply:
    """The refusal with the texts of its error code."""
    en, zh = TEXTS[error]
    return _refusal(error, en, zh, status, headers)


def invalid_request(en: str, zh: str, status: int = 400) -> Reply:
    """The refusal of a request that is not well-formed, and why."""
    return _refusal("invalid_request", en, zh, status, ())


def client_refused() -> Reply:
    """One answer for whatever is wrong with a client's credentials."""
    return refusal("invalid_client", 401, (CHALLENGE,))


def busy() -> Reply:
    return refusal("temporarily_unavailable", 503, (("Retry-After", "1"),))


def _refusal(error: str, en: str, zh: str, status: int, headers: Headers) -> Reply:
    body = {"error": error, "error_description": en, "error_description_zh": zh}
    return Reply(status, body, (*NEVER_KEPT, *headers))
