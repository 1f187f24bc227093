"""The clients that web applications use, over HTTP."""

import pytest

from tests.clients import node
from tests.running_hub import RunningHub

pytestmark = pytest.mark.usefixtures("packages")


def test_apollo_client_asks_is_refused_and_asks_for_persisted_documents_by_get(
    hub: RunningHub, token: str
) -> None:
    told = node.run("apollo.mjs", hub, token)
    assert len(told["stations"]) == 2
    assert told["persisted"] == told["stations"]
    assert told["methods"] == ["GET"]
    assert told["refused"] == "PAGE_OUT_OF_RANGE"
    assert told["id"].startswith("sha256:")


def test_urql_asks_writes_and_is_refused(hub: RunningHub, token: str) -> None:
    told = node.run("urql.mjs", hub, token)
    assert len(told["stations"]) == 2
    assert told["refused"] == ["PAGE_OUT_OF_RANGE"]
    assert told["unknown"] == ["GRAPHQL_VALIDATION_FAILED"]
    assert told["id"].startswith("sha256:")
