"""What comes back: whole and as promised, or refused without telling its values."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.calling.answer import read_answer
from connectors.calling.errors import WronglyAnswered
from tests.connectors.calling.hostile import LOT
from tests.connectors.calling.lookup import lookup

CONTRACT = lookup("getLot")


def read(content: bytes) -> Any:
    assert CONTRACT.interface is not None
    return read_answer(CONTRACT.interface, content)


def test_an_answer_becomes_typed_values_under_our_names() -> None:
    (row,) = read(json.dumps(LOT).encode())
    assert row == {
        "code": "A-1",
        "free": 3,
        "fee": Decimal("2.50"),
        "seen": datetime.fromisoformat("2026-08-01T08:00:00+08:00"),
        "opened": date(2020, 5, 1),
        "ratio": 0.5,
        "serial": 9007199254740993,
        "open": True,
        "owner": {"name": "示例", "phones": ["023-00000000"]},
    }


def test_what_is_optional_may_be_absent() -> None:
    (row,) = read(b'{"code": "A-1", "free": 0}')
    assert row["owner"] is None
    assert row["seen"] is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"free": "many"}, "$.free: type"),
        ({"free": None}, "$.free: type"),
        ({"free": True}, "$.free: type"),
        ({"free": 2**31}, "$.free: is no integer"),
        ({"serial": 2**63}, "$.serial: is no bigint"),
        ({"code": "secret value"}, "$.code: None"),
        ({"opened": "2026-02-31"}, "$.opened: is no date"),
        ({"seen": "2026-08-01"}, "$.seen: is no timestamp"),
        ({"fee": "1e5"}, "$.fee: is no decimal"),
        ({"owner": []}, "$.owner: type"),
        ({"owner": {"name": "a", "phones": [1]}}, "$.owner.phones[0]: type"),
    ],
)
def test_what_does_not_fit_is_told_by_its_place_and_never_by_its_value(
    change: dict[str, object], told: str
) -> None:
    with pytest.raises(WronglyAnswered) as refused:
        read(json.dumps(LOT | change).encode())
    assert refused.value.problem.replace("pattern", "None") == told


def test_a_list_is_bounded_whatever_the_document_says() -> None:
    interface = lookup("listLots").interface
    assert interface is not None
    row = {"code": "A-1", "free": 1}
    assert len(read_answer(interface, json.dumps([row] * 1000).encode())) == 1000
    with pytest.raises(WronglyAnswered, match="maxItems"):
        read_answer(interface, json.dumps([row] * 1001).encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*LOT]), inner),
)


@given(JSON | st.fixed_dictionaries(dict.fromkeys(LOT, JSON)))
def test_any_json_is_read_or_refused(value: object) -> None:
    try:
        (row,) = read(json.dumps(value).encode())
    except WronglyAnswered:
        return
    assert isinstance(row["code"], str)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with pytest.raises(WronglyAnswered):
        read(content)
