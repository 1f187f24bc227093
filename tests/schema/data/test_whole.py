"""What is put together without the executor is what the executor makes of the same fields."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from schema import templates
from schema.data.planning import Plan, plan_of
from tests.schema.hub import Hub

ROOTS = (
    '{n}: stationByKey(code: "A") {{ code name }}',
    '{n}: stationByKey(code: "nobody") {{ code }}',
    "{n}: stationByKey(code: $k) {{ code readings {{ levelM }} }}",
    "{n}: __typename",
    "{n}: station(orderBy: [{{code: DESC}}]) {{ __typename code }}",
    "{n}: reading(where: {{levelM: {{gt: $x}}}}) {{ levelM }}",
    "{n}: readingConnection(first: 1) {{ totalCount nodes {{ levelM }} }}",
    "{n}: readingAggregate {{ count }}",
    # fails when it is planned: may be null, may not
    '{n}: stationByKey(code: "A") {{ readings(limit: -1) {{ levelM }} }}',
    "{n}: station(limit: -1) {{ code }}",
    # fails when it is compiled
    '{n}: stationByKey(code: "A") {{ code CODE: name }}',
    "{n}: station {{ code CODE: name }}",
    # fails when its values are looked at
    '{n}: stationByKey(code: "A") {{ readings(where: {{levelM: {{gt: $wide}}}}) {{ levelM }} }}',
    "{n}: reading(where: {{levelM: {{gt: $wide}}}}) {{ levelM }}",
    # fails when it is read
    '{n}: stationByKey(code: "A", asOf: "2026-01-01T00:00:00Z") {{ code }}',
    '{n}: station(asOf: "2026-01-01T00:00:00Z") {{ code }}',
)
DECLARED = {"k": "String!", "x": "Decimal", "wide": "Decimal"}
VARIABLES = {"k": "B", "x": "181.25", "wide": "9" * 30}


def executed(*arguments: Any) -> Plan:
    """The same plan, of an operation that the executor has to run."""
    return replace(plan_of(*arguments), whole=None)


def reply(hub: Hub, token: str, query: str) -> Any:
    body = hub.post(token, query, variables=VARIABLES).json()
    for error in body.get("errors", ()):
        del error["extensions"]["requestId"]
    return body


def reads(hub: Hub) -> list[dict[str, Any]]:
    return [record for record in hub.usage_records() if "columns" in record]


def record(hub: Hub) -> Any:
    """What the usage log says of the last read, but for times."""
    last = reads(hub)[-1] if reads(hub) else {}
    return {n: v for n, v in last.items() if n not in {"started", "seconds", "request_id", "reply"}}


@pytest.mark.parametrize("seed", range(40))
def test_a_reply_and_its_record_are_what_the_executor_makes_of_them(
    hub: Hub, app: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = Random(seed)  # noqa: S311 - nothing here is a secret
    roots = [rng.choice(ROOTS).format(n=name) for name in "abcd"[: rng.randint(1, 4)]]
    body = " ".join(roots)
    used = [
        f"${name}: {kind}"
        for name, kind in DECLARED.items()
        if f"${name}}}" in body or f"${name})" in body
    ]
    query = f"query ({', '.join(used)}) {{ {body} }}" if used else f"{{ {body} }}"
    ours, our_record = reply(hub, app, query), record(hub)
    monkeypatch.setattr(templates, "plan_of", executed)
    hub.serve()
    theirs = reply(hub, app, query)
    assert ours == theirs
    assert our_record == record(hub)


def test_the_executor_runs_what_is_not_all_data(hub: Hub, app: str) -> None:
    body = hub.ask(app, '{ me { clientId } s: stationByKey(code: "A") { name } }')
    assert body == {"me": {"clientId": "app"}, "s": {"name": "磁器口"}}


def test_a_field_behind_one_that_fails_and_may_not_be_null_is_not_read(hub: Hub, app: str) -> None:
    query = "{ s: station { code CODE: name } r: reading { levelM } }"
    assert hub.codes(app, query) == ["ALIAS_CLASH"]
    assert reads(hub) == []
