"""A GraphQL request and its reply as values; the HTTP edge turns them into statuses and headers."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import orjson

from access.usage import UsageId
from schema.errors import ErrorBody, RequestMalformed

PERSISTED = "persistedQuery"
"""The member of `extensions` in which Apollo and urql send a document's digest."""


@dataclass(frozen=True)
class Request:
    """A well-formed GraphQL request: by its text, or by the id of a persisted document."""

    query: str
    variables: Mapping[str, object]
    operation_name: str | None
    document: str | None = None
    """The id; `query` is empty then."""
    reads_only: bool = False
    """It came by GET: nothing but a query may run."""
    have: str = ""
    """The entity tags of answers that the caller has."""
    sent: bytes = field(default=b"", repr=False, compare=False)
    """The body that it came as."""

    @cached_property
    def digest(self) -> str:
        """What the usage log knows the operation by."""
        asked = [self.query, self.variables, self.operation_name]
        return digest(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS))


@dataclass(frozen=True, slots=True)
class Reply:
    """`ran` tells a result from a request error, where nothing ran."""

    content: bytes
    ran: bool
    usage: UsageId | None = None
    tag: str | None = None
    unchanged: bool = False
    """The caller has the answer; `content` is empty."""


def refusal(errors: Sequence[ErrorBody]) -> Reply:
    return Reply(orjson.dumps({"errors": list(errors)}), ran=False)


def refused(reply: Reply) -> list[ErrorBody]:
    """The errors of a refusal."""
    errors: list[ErrorBody] = orjson.loads(reply.content)["errors"]
    return errors


def request_of(body: bytes) -> Request:
    """RequestMalformed says which member is wrong. Unknown members are ignored, as the draft asks."""
    parsed = _json(body, "请求体", "the body")
    if isinstance(parsed, list):
        raise _malformed(
            "不支持批量请求，请逐个发送", "batches are not taken; send each request on its own"
        )
    if not isinstance(parsed, dict):
        raise _malformed("请求体必须是一个 JSON 对象", "the body must be one JSON object")
    return _request(parsed, reads_only=False, sent=body)


def request_from(members: Mapping[str, object]) -> Request:
    """RequestMalformed says which member is wrong."""
    return _request(members, reads_only=False)


def request_of_address(parameters: Mapping[str, str], have: str = "") -> Request:
    """A GET's request: `variables` and `extensions` are JSON in its query string; `have`: the value of
    If-None-Match.
    """
    members: dict[str, object] = dict(parameters)
    for name in ("variables", "extensions"):
        if name in members:
            members[name] = _json(parameters[name].encode(), name, name)
    return replace(_request(members, reads_only=True), have=have)


def _request(members: Mapping[str, object], *, reads_only: bool, sent: bytes = b"") -> Request:
    name, variables = members.get("operationName"), members.get("variables")
    if name is not None and not isinstance(name, str):
        raise _malformed("operationName 必须是文本", "operationName must be a text")
    if variables is not None and not isinstance(variables, dict):
        raise _malformed("variables 必须是对象", "variables must be an object")
    if not isinstance(members.get("extensions"), (dict, type(None))):
        raise _malformed("extensions 必须是对象", "extensions must be an object")
    query, named = members.get("query"), members.get("documentId") is not None
    document = _document(members) if named or query is None else None
    if query is None and document is not None:
        return Request("", variables or {}, name or None, document, reads_only)
    if not isinstance(query, str) or not query.strip():
        raise _malformed("缺少文本 query", "query must be a text")
    if named:
        raise _malformed("query 与 documentId 只能有一个", "send either query or documentId")
    return Request(query, variables or {}, name or None, reads_only=reads_only, sent=sent)


def _document(members: Mapping[str, object]) -> str | None:
    """The id that is asked for, in whichever place clients put it."""
    given = members.get("documentId")
    if given is not None:
        if not isinstance(given, str) or not given:
            raise _malformed("documentId 必须是文本", "documentId must be a text")
        return given
    extensions = members.get("extensions")
    persisted = extensions.get(PERSISTED) if isinstance(extensions, dict) else None
    digest = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    return f"sha256:{digest}" if isinstance(digest, str) else None


def _json(content: bytes, at_zh: str, at: str) -> object:
    try:
        parsed: object = orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    else:
        return parsed
    try:
        content.decode()
    except UnicodeDecodeError:
        raise _malformed(
            f"{at_zh}不是 UTF-8 编码（例如 GBK），请改用 UTF-8",
            f"{at} is not in UTF-8; encode it so",
        ) from None
    raise _malformed(f"{at_zh}不是 JSON", f"{at} is not JSON")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _malformed(problem_zh: str, problem: str) -> RequestMalformed:
    return RequestMalformed(problem_zh=problem_zh, problem=problem)
