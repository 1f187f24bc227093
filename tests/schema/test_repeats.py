"""What is asked again word for word is answered again, recorded again, and never from another moment."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from access.limits import ClientLimits
from catalog.ids import ClientId, DatasetCode
from catalog.sharing.grant import Quota
from schema.operation import Operations
from schema.reply import Reply
from tests.schema.hub import STATION_COLUMNS, Hub, whole
from tests.shared_data import grant

STATION = DatasetCode("station")
QUERY = "query Codes { station(orderBy: [{code: ASC}]) { code } }"


@pytest.fixture
def repeated(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each reply whether it ran: False for one that was asked for again."""
    ran: list[bool] = []
    run = Operations.run

    async def told(self: Operations, *given: Any) -> Reply:
        ran.append(True)
        return await run(self, *given)

    monkeypatch.setattr(Operations, "run", told)
    return ran


def warm(hub: Hub, token: str, ran: list[bool], query: str = QUERY) -> None:
    """Ask until it is answered without being run."""
    for _ in range(5):
        before = len(ran)
        assert "errors" not in hub.post(token, query).json()
        if len(ran) == before:
            return
    pytest.fail("it is run each time")


def code_of(hub: Hub, token: str) -> str:
    """Of the first error of a question that was answered before."""
    return str(hub.post(token, QUERY).json()["errors"][0]["extensions"]["code"])


def test_a_repeated_question_is_answered_without_running_and_recorded_like_the_first(
    hub: Hub, app: str, repeated: list[bool]
) -> None:
    first = hub.post(app, QUERY)
    warm(hub, app, repeated)
    again = hub.post(app, QUERY)
    assert again.content == first.content
    assert again.headers["x-usage-id"] != first.headers["x-usage-id"]
    one, *_, other = (r for r in hub.usage_records() if r.get("client") == "app")
    differing = {name for name in one if one[name] != other[name]}
    assert differing <= {"started", "seconds", "request_id"}
    assert other["request_id"] == again.headers["x-request-id"]


def test_its_age_is_told_as_it_is(hub: Hub, app: str, repeated: list[bool]) -> None:
    warm(hub, app, repeated)
    runs = len(repeated)
    told = hub.post(app, QUERY).json()["extensions"]["data"]["station"]["ageSeconds"]
    hub.clock.advance(timedelta(seconds=2))
    later = hub.post(app, QUERY).json()["extensions"]["data"]["station"]["ageSeconds"]
    assert (later - told, len(repeated)) == (2, runs)


def test_a_new_version_is_read(hub: Hub, app: str, repeated: list[bool]) -> None:
    warm(hub, app, repeated)
    for code in ("C", "D"):
        hub.republish_stations(code)
        assert hub.post(app, QUERY).json()["data"] == {"station": [{"code": code}]}


def test_changed_grants_are_other_rows(hub: Hub, app: str, repeated: list[bool]) -> None:
    warm(hub, app, repeated)
    hub.granted("app", grant(STATION, ("name",)))
    assert code_of(hub, app) == "GRAPHQL_VALIDATION_FAILED"
    hub.granted("app", *whole())
    assert len(hub.post(app, QUERY).json()["data"]["station"]) == 2


def test_another_client_is_not_answered_with_it(hub: Hub, app: str, repeated: list[bool]) -> None:
    other = hub.client("other")
    hub.granted("other", grant(STATION, ("name",)))
    warm(hub, app, repeated)
    assert code_of(hub, other) == "GRAPHQL_VALIDATION_FAILED"


def test_changed_limits_are_kept(hub: Hub, app: str, repeated: list[bool]) -> None:
    warm(hub, app, repeated)
    hub.services.limits.set(ClientId("app"), ClientLimits(documents_only=True))
    assert code_of(hub, app) == "DOCUMENT_NOT_ALLOWED"


def test_what_was_begun_under_other_limits_is_not_kept(
    hub: Hub, app: str, repeated: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    warm(hub, app, repeated)
    execute = Operations._execute  # noqa: SLF001 - where the answer is made

    async def late(self: Operations, *given: Any) -> Any:
        outcome = await execute(self, *given)
        hub.services.limits.set(ClientId("app"), ClientLimits(documents_only=True))
        return outcome

    with monkeypatch.context() as patched:
        patched.setattr(Operations, "_execute", late)
        assert "errors" not in hub.post(app, QUERY, operationName="Codes").json()
    refused = hub.post(app, QUERY, operationName="Codes").json()
    assert refused["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_ALLOWED"


def test_a_quota_that_is_spent_ends_it(hub: Hub, app: str, repeated: list[bool]) -> None:
    warm(hub, app, repeated)
    used = len([r for r in hub.usage_records() if r.get("client") == "app"])
    hub.granted("app", replace(grant(STATION, STATION_COLUMNS), quota=Quota(calls=used + 2)))
    for _ in range(2):
        assert "errors" not in hub.post(app, QUERY).json()
    assert code_of(hub, app) == "QUOTA_SPENT"


def test_nothing_leaves_when_its_use_cannot_be_recorded(
    hub: Hub, app: str, repeated: list[bool]
) -> None:
    warm(hub, app, repeated)
    runs = len(repeated)
    hub.usage.close()
    reply = hub.post(app, QUERY)
    assert (reply.status_code, len(repeated)) == (503, runs)
    assert b"station" not in reply.content


def test_a_hub_that_keeps_no_answers_keeps_no_replies(
    hub: Hub, app: str, repeated: list[bool]
) -> None:
    hub.serve(result_cache_bytes=0)
    for number in range(1, 5):
        hub.post(app, QUERY)
        assert len(repeated) == number
