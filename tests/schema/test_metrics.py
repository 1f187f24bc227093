import re
from typing import Any

import pytest

from access.roles import Role
from catalog.ids import DatasetCode
from connectors.calling.breaker import Phase
from connectors.calling.standing import InterfaceStanding
from schema.metrics import NAMED, of_interfaces
from tests.schema.hub import Hub
from tests.shared_data import START


@pytest.fixture
def operator(hub: Hub) -> str:
    return hub.client("operator", Role.OPERATOR, of="cq_bigdata")


def fetched(hub: Hub, token: str | None) -> Any:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with hub.http() as http:
        return http.get("/metrics", headers=headers)


def figures(hub: Hub, token: str) -> dict[str, float]:
    reply = fetched(hub, token)
    assert reply.status_code == 200
    found = re.findall(r"^(vitalhub_\S+) (\S+)$", reply.text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def test_an_operator_sees_what_the_hub_does(hub: Hub, app: str, operator: str) -> None:
    before = figures(hub, operator)
    hub.ask(app, "{ station { code } }")
    hub.post(app, "{ nope }")
    after = figures(hub, operator)
    ok, refused = (
        f'vitalhub_requests_total{{code="{code}"}}' for code in ("OK", "GRAPHQL_VALIDATION_FAILED")
    )
    assert after[ok] - before.get(ok, 0) == 1
    assert after[refused] - before.get(refused, 0) == 1
    assert after["vitalhub_rows_total"] - before["vitalhub_rows_total"] == 2
    assert after["vitalhub_reply_bytes_total"] > before["vitalhub_reply_bytes_total"]
    assert after["vitalhub_request_seconds_count"] - before["vitalhub_request_seconds_count"] == 2
    assert after["vitalhub_operations_running"] == 0
    assert after["vitalhub_published_version"] == hub.warehouse.health().seq
    assert after["vitalhub_usage_log_records"] == hub.usage.position.number
    for name in ("operations_queued", "sockets", "live_queries", "subscriptions", "jobs_open"):
        assert after[f"vitalhub_{name}"] == 0
    assert after["vitalhub_catalogue_data_sets"] == len(hub.store.load().data_sets)


def test_the_live_services_that_metrics_name_are_so_many_at_most() -> None:
    def standing(code: str) -> InterfaceStanding:
        return InterfaceStanding(
            interface=DatasetCode(code),
            since=START,
            at=START,
            phase=Phase.OPEN,
            calls=2,
            failures=1,
            cached=0,
            refused=0,
            outcomes={},
            mean_seconds=0.5,
            longest_seconds=0.5,
            tried_again_at=None,
            last_failure_at=None,
            last_problem=None,
        )

    codes = [f"service_{number:03}" for number in range(NAMED + 3)]
    metrics = {
        m.name: m.samples for m in of_interfaces({DatasetCode(c): standing(c) for c in codes})
    }
    calls = {s.labels["interface"]: s.value for s in metrics["vitalhub_interface_calls"]}
    assert len(calls) == NAMED + 1
    assert (calls[codes[0]], calls["other"]) == (2, 6)
    spared = {s.labels["interface"]: s.value for s in metrics["vitalhub_interface_spared"]}
    assert spared["other"] == 3


def test_no_metric_names_a_client_or_a_data_set(hub: Hub, app: str, operator: str) -> None:
    hub.ask(app, "{ station { code } reading { stationCode } }")
    text = fetched(hub, operator).text
    assert not re.search(r"station|reading|\bapp\b|operator|cq_", text)


@pytest.mark.parametrize("role", [Role.APP, Role.AUDITOR, Role.STEWARD, Role.PUBLISHER])
def test_other_roles_are_refused(hub: Hub, role: Role) -> None:
    reply = fetched(hub, hub.client("other", role))
    assert reply.status_code == 403
    assert reply.json()["errors"][0]["extensions"]["code"] == "NOT_PERMITTED"


def test_strangers_are_refused(hub: Hub) -> None:
    assert fetched(hub, None).status_code == 401


def test_what_cannot_be_told_now_is_left_out_and_the_log_says_why(
    hub: Hub, operator: str, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> bool:
        raise RuntimeError

    hub.serve(parts={"broken": broken})
    told = figures(hub, operator)
    assert "vitalhub_parts_down" not in told
    assert "vitalhub_jobs_open" in told
    assert "the figure parts_down cannot be told" in caplog.text
