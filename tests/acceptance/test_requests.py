"""Bad tokens and malformed queries on the running hub: a stable code each, and no inner text."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from access.clients import ClientStore
from access.keys import ALGORITHM, SigningKeys
from registry.store import Registry
from tests.acceptance.calls import People, Reply, new_token, send, until
from tests.running_hub import RunningHub

APP = "shapingba-flood"
QUESTION = {"query": "{ riverStation(limit: 1) { stationCode } }"}
INNER = (
    "traceback", "exception", "joserfc", "authlib", "sqlite", "sqlalchemy", "duckdb", "starlette",
    "graphql-core", "strawberry", "pydantic", ".py", "select ", "/work", "none", "nonetype", "0x",
)  # fmt: skip
"""What would tell of the inside, in any error's text."""


@pytest.fixture(scope="module")
def keys(shared_hub: RunningHub) -> SigningKeys:
    """The hub's own signing keys: a token made with them differs by its claims alone."""
    return SigningKeys(shared_hub.home / "keys" / "signing.json")


@pytest.fixture(scope="module")
def claims(people: People, keys: SigningKeys) -> dict[str, Any]:
    """Those of a good token."""
    return dict(jwt.decode(people[APP].token, keys.verifying, algorithms=[ALGORITHM]).claims)


def told(reply: Reply) -> tuple[str, str]:
    """Code and whole text; AssertionError when the text tells of the inside."""
    assert "data" not in reply.body or reply.body["data"] is None
    (code,) = set(reply.codes)
    text = json.dumps(reply.errors, ensure_ascii=False)
    assert not [word for word in INNER if word in text.lower()], text
    for error in reply.errors:
        assert error["message"]
        assert error["extensions"]["messageEn"]
    return code, text


def signed(claims: dict[str, Any], key: KeySet | OctKey, **header: str) -> str:
    return jwt.encode(
        {"alg": ALGORITHM, "typ": "at+jwt"} | header, claims, key, [header.get("alg", ALGORITHM)]
    )


def forged(claims: dict[str, Any], keys: SigningKeys, good: str) -> Iterator[str]:
    head, body, signature = good.split(".")
    other = {**claims, "client_id": "auditor", "sub": "auditor"}
    plain = base64.urlsafe_b64encode(json.dumps(other).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').decode().rstrip("=")
    kid = str(keys.signing.keys[0].kid)
    stranger = ECKey.generate_key("P-256", {"kid": kid})
    public = json.dumps(keys.signing.keys[0].as_dict(private=False)).encode()
    yield f"{head}.{plain}.{signature}"
    yield f"{head}.{body}.{signature[:-4]}AAAA"
    yield f"{none}.{plain}."
    yield signed(claims, KeySet([stranger]))
    yield signed(claims, OctKey.import_key(public), alg="HS256", kid=kid)
    yield signed({**claims, "aud": "another-hub"}, keys.signing)
    yield signed({**claims, "iss": "http://127.0.0.1:1"}, keys.signing)
    yield signed({**claims, "jti": "never-handed-out"}, keys.signing)
    yield signed({**claims, "client_id": "auditor"}, keys.signing)
    yield signed(claims, keys.signing, typ="JWT")
    yield "x" * 5000
    yield "a.b.c"


def test_forged_tokens_all_read_the_same(
    shared_hub: RunningHub, people: People, keys: SigningKeys, claims: dict[str, Any]
) -> None:
    texts = set()
    for token in forged(claims, keys, people[APP].token):
        reply = send(shared_hub, token, QUESTION)
        code, text = told(reply)
        assert (reply.status, code) == (401, "TOKEN_INVALID"), token
        texts.add(text)
    assert len(texts) == 1


def test_an_expired_token_is_refused_by_its_code(
    shared_hub: RunningHub, keys: SigningKeys, claims: dict[str, Any]
) -> None:
    now = int(time.time())
    reply = send(
        shared_hub, signed({**claims, "iat": now - 700, "exp": now - 100}, keys.signing), QUESTION
    )
    assert (reply.status, told(reply)[0]) == (401, "TOKEN_EXPIRED")


def test_a_revoked_token_is_refused_within_seconds(
    shared_hub: RunningHub, keys: SigningKeys
) -> None:
    token = new_token(shared_hub, APP)
    assert send(shared_hub, token, QUESTION).data
    token_id = jwt.decode(token, keys.verifying, algorithms=[ALGORITHM]).claims["jti"]
    registry = Registry(f"sqlite:///{shared_hub.home / 'registry.sqlite'}")
    assert ClientStore(registry).revoke_token(token_id)
    registry.close()

    def refused() -> Reply | None:
        reply = send(shared_hub, token, QUESTION)
        return reply if reply.codes else None

    reply = until(refused)
    assert (reply.status, told(reply)[0]) == (401, "TOKEN_REVOKED")
    assert send(shared_hub, new_token(shared_hub, APP), QUESTION).data


def test_no_token_gets_nothing_but_the_health(shared_hub: RunningHub) -> None:
    reply = send(shared_hub, None, QUESTION)
    assert (reply.status, told(reply)[0]) == (401, "TOKEN_MISSING")
    health = httpx.get(f"{shared_hub.address}/health", timeout=60, trust_env=False)
    assert health.json()["status"] == "up"
    assert "dataSets" not in health.json()
    headers = {"Authorization": "Bearer a.b.c"}
    health = httpx.get(f"{shared_hub.address}/health", headers=headers, timeout=60, trust_env=False)
    assert health.status_code == 401
    assert "dataSets" not in health.text


ROWS = "riverStation { stationCode }"
MALFORMED: dict[str, tuple[object, str]] = {
    "no JSON": (b'{"query": "{ me', "REQUEST_MALFORMED"),
    "not UTF-8": (b'{"query": "\xc4\xe3"}', "REQUEST_MALFORMED"),
    "a list": ([QUESTION], "REQUEST_MALFORMED"),
    "no query": ({"variables": {}}, "REQUEST_MALFORMED"),
    "variables that are no object": ({**QUESTION, "variables": [1]}, "REQUEST_MALFORMED"),
    "too long": ({"query": "#" * 70_000}, "BODY_TOO_LARGE"),
    "syntax": ({"query": "{ riverStation { stationCode }"}, "GRAPHQL_PARSE_FAILED"),
    "empty": ({"query": ""}, "REQUEST_MALFORMED"),
    "nothing to run": ({"query": "fragment F on Query { me { client } }"}, "OPERATION_UNKNOWN"),
    "unknown field": ({"query": "{ riverStation { nothing } }"}, "GRAPHQL_VALIDATION_FAILED"),
    "wrong argument": (
        {"query": '{ riverStation(limit: "a") { river } }'},
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "two operations": (
        {"query": f"query A {{ {ROWS} }} query B {{ {ROWS} }}"},
        "OPERATION_NAME_REQUIRED",
    ),
    "unknown operation": (
        {"query": f"query A {{ {ROWS} }}", "operationName": "B"},
        "OPERATION_UNKNOWN",
    ),
    "wrong variable": (
        {
            "query": "query ($n: Int!) { riverStation(limit: $n) { river } }",
            "variables": {"n": "x"},
        },
        "VARIABLES_INVALID",
    ),
    "page out of range": ({"query": "{ riverStation(limit: -1) { river } }"}, "PAGE_OUT_OF_RANGE"),
    "null in a filter": (
        {"query": "{ riverStation(where: {river: {eq: null}}) { river } }"},
        "FILTER_INVALID",
    ),
    "too deep": (
        {
            "query": "{ riverStation "
            + "{ place { riverStations " * 5
            + "{ river }"
            + "}}" * 5
            + "}"
        },
        "DOCUMENT_TOO_LARGE",
    ),
    "too many aliases": (
        {"query": "{" + " ".join(f"a{n}: {ROWS}" for n in range(40)) + "}"},
        "DOCUMENT_TOO_LARGE",
    ),
    "nested without end": ({"query": "{ a" * 5000}, "DOCUMENT_TOO_LARGE"),
    "before everything": (
        {"query": '{ riverStation(asOf: "1999-01-01T00:00:00Z") { river } }'},
        "AS_OF_TOO_OLD",
    ),
    "a day that is none": (
        {"query": '{ riverStation(asOf: "2026-02-30T00:00:00Z") { river } }'},
        "GRAPHQL_VALIDATION_FAILED",
    ),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_query_has_its_code_and_tells_nothing_inner(
    shared_hub: RunningHub, people: People, what: str
) -> None:
    body, code = MALFORMED[what]
    assert told(send(shared_hub, people[APP].token, body))[0] == code
