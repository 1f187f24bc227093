"""A GraphQL request and its reply as values; the HTTP edge turns them into statuses and headers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from access.usage import UsageId
from schema.errors import ErrorBody, RequestMalformed


@dataclass(frozen=True, slots=True)
class Request:
    """A well-formed GraphQL request."""

    query: str
    variables: Mapping[str, object]
    operation_name: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    """`ran` tells a result from a request error, where nothing ran."""

    content: bytes
    ran: bool
    usage: UsageId | None = None


def refusal(errors: Sequence[ErrorBody]) -> Reply:
    return Reply(orjson.dumps({"errors": list(errors)}), ran=False)


def request_of(body: bytes) -> Request:
    """RequestMalformed says which member is wrong. Unknown members are ignored, as the draft asks."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _malformed("请求体不是 JSON", "the body is not JSON") from None
    if not isinstance(parsed, dict):
        raise _malformed("请求体必须是一个 JSON 对象", "the body must be one JSON object")
    query, name = parsed.get("query"), parsed.get("operationName")
    variables = parsed.get("variables")
    if not isinstance(query, str) or not query.strip():
        raise _malformed("缺少文本 query", "query must be a text")
    if name is not None and not isinstance(name, str):
        raise _malformed("operationName 必须是文本", "operationName must be a text")
    if variables is not None and not isinstance(variables, dict):
        raise _malformed("variables 必须是对象", "variables must be an object")
    if not isinstance(parsed.get("extensions"), (dict, type(None))):
        raise _malformed("extensions 必须是对象", "extensions must be an object")
    return Request(query, variables or {}, name or None)


def _malformed(problem_zh: str, problem: str) -> RequestMalformed:
    return RequestMalformed(problem_zh=problem_zh, problem=problem)
