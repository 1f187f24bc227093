"""Schemathesis writes queries and mutations from the schema that a demo client sees: none is a fault of the hub."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
import schemathesis
from graphql import ValueNode
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from catalog.clock import CITY_ZONE
from catalog.errors import SystemFault, VitalhubError
from tests.clients.conftest import ASKS
from tests.running_hub import RunningHub

CASES = 250
"""With nulls wherever they may stand, and as many without, which get further."""
SERVER_ERROR = 500
INSTANTS = st.datetimes(timezones=st.just(None)) | st.builds(lambda: datetime.now(CITY_ZONE))
SCALARS: dict[str, st.SearchStrategy[str]] = {
    "DateTime": INSTANTS.map(lambda at: f"{at.isoformat()[:19]}+08:00"),
    "Date": st.dates().map(str),
    "Decimal": st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    "BigInt": st.integers(-(2**63), 2**63 - 1).map(str),
    "PlaceCode": st.sampled_from(["500106", "500106004", "500106004001", "500106004001001"]),
}


def faults() -> set[str]:
    found, pending = {VitalhubError.code}, [SystemFault]
    while pending:
        kind = pending.pop()
        found.add(kind.code)
        pending += kind.__subclasses__()
    return found


@pytest.fixture(scope="module")
def http(hub: RunningHub) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=hub.address, timeout=60, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("nulls", [True, False], ids=["with nulls", "without nulls"])
def test_no_query_from_the_schema_is_a_fault_of_the_hub(
    hub: RunningHub, http: httpx.Client, token: str, *, nulls: bool
) -> None:
    for name, texts in SCALARS.items():
        schemathesis.graphql.scalar(name, as_nodes(texts))
    headers = {"Authorization": f"Bearer {token}"}
    config = schemathesis.Config.from_dict({"generation": {"graphql-allow-null": nulls}})
    address = f"{hub.address}/graphql"
    schema = schemathesis.graphql.from_url(address, config=config, headers=headers)
    told: Counter[str] = Counter()

    @settings(
        max_examples=CASES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema.as_strategy())
    def ask(case: "schemathesis.Case[Any]") -> None:
        reply = http.post("/graphql", json={"query": case.body}, headers=headers)
        if reply.status_code == httpx.codes.UNAUTHORIZED:  # a token lives ten minutes
            headers["Authorization"] = f"Bearer {hub.clients[ASKS].token()}"
        codes = {error["extensions"]["code"] for error in reply.json().get("errors", [])}
        told.update(codes or {"OK"})
        assert reply.status_code < SERVER_ERROR, case.body
        assert not codes & faults(), case.body

    ask()
    assert told.total() >= CASES
    assert told["OK"], told


def as_nodes(texts: st.SearchStrategy[str]) -> st.SearchStrategy[ValueNode]:
    return texts.map(nodes.String)
