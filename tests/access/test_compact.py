import json

import pytest

from access.compact import read_compact
from tests.access.test_token import encoded

HEADER = {"alg": "ES256", "kid": "k", "typ": "at+jwt"}


def compact(header: object, claims: object) -> str:
    return ".".join((encoded(json.dumps(header)), encoded(json.dumps(claims)), "AAAA"))


def raw(claims: str | bytes) -> str:
    return f"{encoded(json.dumps(HEADER))}.{encoded(claims)}.AAAA"


def test_a_signed_token_tells_its_header_and_claims() -> None:
    said = read_compact(compact(HEADER, {"iss": "x", "权": [1]}), 4096)
    assert said is not None
    assert (said.algorithm, said.kid, said.type) == ("ES256", "k", "at+jwt")
    assert said.claims == {"iss": "x", "权": [1]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "a.b.c",
        compact(HEADER, {}) + ".x",
        compact(HEADER, {}) + "=",
        compact(HEADER, {}) + "\n",
        compact([], {}),
        compact(HEADER, []),
        compact(HEADER, "x"),
        compact(HEADER | {"kid": None}, {}),
        compact(HEADER | {"kid": 1}, {}),
        compact(HEADER | {"alg": ["ES256"]}, {}),
        compact(HEADER | {"crit": []}, {}),
        compact(HEADER | {"b64": True}, {}),
        compact(HEADER | {"zip": "DEF"}, {}),
        compact(HEADER | {"cty": "JWT"}, {}),
        compact(HEADER | {"enc": "A128GCM"}, {}),
        raw('{"a": 1, "a": 1}'),
        raw('{"a": Infinity}'),
        raw(b"\xff\xfe"),
        raw("[" * 2000),
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert read_compact(text, 4096) is None


def test_what_is_too_long_is_not_read() -> None:
    text = compact(HEADER, {"a": "x" * 100})
    assert read_compact(text, len(text)) is not None
    assert read_compact(text, len(text) - 1) is None
