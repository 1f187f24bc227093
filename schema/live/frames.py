"""The messages of graphql-transport-ws as values, and the codes a socket is closed with.

Rules: frames are text; what the protocol does not describe closes the socket with 4400; a finished reply
is spliced into its frame, never parsed again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import orjson

from schema.errors import ErrorBody, RequestMalformed
from schema.reply import Request, request_from

PROTOCOL = "graphql-transport-ws"
ACK = '{"type":"connection_ack"}'
PONG = '{"type":"pong"}'
LONGEST_REASON = 120
"""Bytes; a closing frame holds 123."""


class CloseCode(IntEnum):
    """1000 to 1013 are of websockets, the others of graphql-transport-ws."""

    NORMAL = 1000
    GOING_AWAY = 1001
    TRY_AGAIN = 1013
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL = 4406
    INIT_TIMEOUT = 4408
    DUPLICATE = 4409
    TOO_MANY_INITS = 4429


class Closing(Exception):
    """The socket is to be closed; `reason` is what the other side is told."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason.encode()[:LONGEST_REASON].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class Init:
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Subscribe:
    id: str
    request: Request


@dataclass(frozen=True, slots=True)
class Complete:
    id: str


@dataclass(frozen=True, slots=True)
class Ping:
    pass


@dataclass(frozen=True, slots=True)
class Pong:
    pass


Message = Init | Subscribe | Complete | Ping | Pong


def message_of(text: str) -> Message:
    """Closing with 4400 for whatever the protocol does not describe."""
    try:
        parsed = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        raise Closing(CloseCode.BAD_REQUEST, "The message is not JSON") from None
    if not isinstance(parsed, dict):
        raise Closing(CloseCode.BAD_REQUEST, "The message is not a JSON object")
    kind = parsed.get("type")
    payload = _payload(parsed)
    match kind:
        case "connection_init":
            return Init(payload)
        case "subscribe":
            try:
                return Subscribe(_id(parsed), request_from(payload))
            except RequestMalformed as wrong:
                raise Closing(CloseCode.BAD_REQUEST, wrong.message_en) from None
        case "complete":
            return Complete(_id(parsed))
        case "ping":
            return Ping()
        case "pong":
            return Pong()
    raise Closing(CloseCode.BAD_REQUEST, "Unknown message type")


def next_frame(operation: str, content: str) -> str:
    """`content` is a whole reply."""
    return f'{{"id":{_text(operation)},"type":"next","payload":{content}}}'


def error_frame(operation: str, errors: Sequence[ErrorBody]) -> str:
    return orjson.dumps({"id": operation, "type": "error", "payload": list(errors)}).decode()


def complete_frame(operation: str) -> str:
    return f'{{"id":{_text(operation)},"type":"complete"}}'


def _id(parsed: Mapping[str, object]) -> str:
    found = parsed.get("id")
    if not isinstance(found, str) or not found:
        raise Closing(CloseCode.BAD_REQUEST, "The message needs an id, a text that is not empty")
    return found


def _payload(parsed: Mapping[str, object]) -> Mapping[str, object]:
    found = parsed.get("payload")
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Closing(CloseCode.BAD_REQUEST, "The payload must be an object")
    return found


def _text(value: str) -> str:
    return orjson.dumps(value).decode()
