"""From arguments to a request: whatever stands in an argument, it only ever fills its place."""

import json
from decimal import Decimal
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.calling.errors import InterfaceArgument
from connectors.calling.request import Arguments, request_of
from tests.connectors.calling.lookup import lookup

LOT, LIST, FIND = lookup("getLot"), lookup("listLots"), lookup("findLots")


def test_arguments_stand_in_path_query_and_body() -> None:
    one = request_of(LOT, {"lot": "A-1", "floor": 2})
    assert (one.method, one.target, one.body) == ("GET", "/v1/lots/A-1?floor=2", None)
    found = request_of(FIND, {"words": "沙坪坝", "price": Decimal("5.0")})
    assert (found.method, found.target) == ("POST", "/v1/lots")
    assert json.loads(found.body or b"") == {"words": "沙坪坝", "price": "5.0"}


@pytest.mark.parametrize("value", ["", ".", "..", "a/b", "../admin", "a\\b", "a\r\nX: y", "\0"])
def test_a_path_segment_that_could_lead_elsewhere_is_refused(value: str) -> None:
    with pytest.raises(InterfaceArgument) as refused:
        request_of(LOT, {"lot": value})
    assert refused.value.details["argument"] == "lot"


@pytest.mark.parametrize(
    "value",
    ["a?b=c", "a#b", "a%2fb", "a@evil.example", "a:80", "？＃", "a&b", "{lot}", "${x}", "'\""],
)
def test_everything_else_in_a_segment_is_encoded(value: str) -> None:
    url = httpx.URL("http://127.0.0.1:1" + request_of(LOT, {"lot": value}).target)
    assert url.host == "127.0.0.1"
    assert url.query == b""
    assert unquote(url.raw_path.decode().removeprefix("/v1/lots/")) == value


@given(st.text(max_size=40))
def test_no_argument_changes_host_path_or_another_argument(text: str) -> None:
    try:
        target = request_of(LOT, {"lot": text, "floor": 1}).target
    except InterfaceArgument:
        return
    parts = urlsplit("http://h" + target)
    assert parts.netloc == "h"
    assert parts.path.count("/") == 3
    assert unquote(parts.path.rpartition("/")[2]) == text
    assert parse_qs(parts.query) == {"floor": ["1"]}
    assert target.isascii()


@given(st.text(max_size=40))
def test_a_query_value_arrives_as_it_was_given(text: str) -> None:
    try:
        target = request_of(LIST, {"area": text}).target
    except InterfaceArgument:
        return
    assert parse_qs(urlsplit(target).query, keep_blank_values=True) == {"area": [text]}


def test_the_contracts_own_rules_are_checked_before_anything_is_sent() -> None:
    wrong: list[Arguments] = [{"lot": "A" * 41}, {"lot": "A", "floor": 10}, {"floor": 1}]
    for arguments in wrong:
        with pytest.raises(InterfaceArgument):
            request_of(LOT, arguments)


def test_the_same_question_has_the_same_key() -> None:
    one: Arguments = {"words": "a", "price": Decimal(1)}
    other: Arguments = {"price": Decimal(1), "words": "a"}
    assert request_of(FIND, one).key == request_of(FIND, other).key
    assert request_of(FIND, one).key != request_of(FIND, {"words": "a"}).key
