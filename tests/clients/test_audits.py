"""GraphQL over HTTP, by the server audits that `graphql-http` ships."""

import pytest

from tests.clients import node
from tests.running_hub import RunningHub

AUDITS = 61


@pytest.mark.usefixtures("packages")
def test_every_audit_of_graphql_over_http_is_met(hub: RunningHub, token: str) -> None:
    results = node.run("audits.mjs", hub, token)
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == AUDITS
