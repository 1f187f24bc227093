"""What changes for a client reaches readers no later than the change is acknowledged."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from access.limits import ClientLimits, LimitStore
from catalog.actor import Person
from catalog.ids import ClientId
from catalog.sharing.grant import Quota
from tests.connectors.calling.hostile import wait_until
from tests.hub.readers.running import (
    PROVIDES,
    ROWS,
    Asking,
    RunningHub,
    grant,
    key,
)

ROUNDS = 15


def limits_of(running: RunningHub) -> LimitStore:
    """The one that the hub's own mutations change."""
    return running.hub.limits


def code_of(reply: httpx.Response) -> str:
    errors = reply.json().get("errors")
    return str(errors[0]["extensions"]["code"]) if errors else "OK"


def warmed(running: RunningHub, asking: Asking) -> list[Asking]:
    """Over a connection to each reader."""
    many = [asking, running.again(asking)]
    before = running.answered
    for each in many:
        for number in range(5):
            assert code_of(each.row(number)) == "OK"
    assert running.answered >= before + 8
    return many


def test_a_client_that_is_revoked_reads_nothing_more(running: RunningHub) -> None:
    for _ in range(4):
        asking, _ = running.granted()
        many = warmed(running, asking)
        running.hub.clients.revoke_client(asking.id)
        assert [code_of(each.row(1)) for each in many] == ["TOKEN_REVOKED"] * 2


def test_a_grant_ends_and_returns_with_its_acknowledgement(running: RunningHub) -> None:
    asking, held = running.granted()
    by = Person(ClientId("provider"), PROVIDES, frozenset({"steward"}))
    many = warmed(running, asking)
    for _ in range(ROUNDS):
        running.hub.sharing.suspend(held, by, "停用 a pause")
        assert {code_of(each.row(1)) for each in many} <= {
            "UNKNOWN_FIELD",
            "GRAPHQL_VALIDATION_FAILED",
        }
        running.hub.sharing.resume(held, by, "恢复 again")
        assert {code_of(each.row(1)) for each in many} == {"OK"}


def test_a_new_grant_counts_for_the_next_request(running: RunningHub) -> None:
    asking = running.client()
    assert code_of(asking.row(1)) != "OK"
    grant(running.hub, asking.id)
    assert code_of(asking.row(1)) == "OK"


def test_limits_hold_from_the_next_request_on(running: RunningHub) -> None:
    asking, _ = running.granted()
    many = warmed(running, asking)
    for _ in range(ROUNDS):
        limits_of(running).set(asking.id, ClientLimits(documents_only=True))
        assert {code_of(each.row(1)) for each in many} == {"DOCUMENT_NOT_ALLOWED"}
        limits_of(running).set(asking.id, ClientLimits(price_budget=1))
        assert {code_of(each.row(1)) for each in many} == {"QUERY_TOO_EXPENSIVE"}
        limits_of(running).set(asking.id, ClientLimits())
        assert {code_of(each.row(1)) for each in many} == {"OK"}


def test_a_publication_is_read_by_the_next_request(running: RunningHub) -> None:
    asking, _ = running.granted()
    many = warmed(running, asking)
    for round_ in range(5):
        first = ROWS + 10 * round_
        assert all(
            each.row(first).json()["data"]["riverRegimeMunicipalByKey"] is None for each in many
        )
        made = running.publish(10, first)
        for each in many:
            body = each.row(first).json()
            assert body["data"]["riverRegimeMunicipalByKey"]["stationCode"] == key(first)["station"]
            assert body["extensions"]["data"]["riverRegimeMunicipal"]["version"] == made.seq
    running.wait_until_ready()
    before = running.answered
    wait_until(lambda: code_of(asking.row(1)) == "OK" and running.answered > before)


def test_versions_never_go_back_while_publications_come(running: RunningHub) -> None:
    asking, _ = running.granted()
    first = ROWS + 1_000

    def versions(_: int) -> list[int]:
        each = running.again(asking)
        return [
            each.row(1).json()["extensions"]["data"]["riverRegimeMunicipal"]["version"]
            for _ in range(150)
        ]

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(versions, number) for number in range(4)]
        for number in range(3):
            running.publish(10, first + 10 * number)
        for each in asked:
            assert each.result() == sorted(each.result())
    running.wait_until_ready()


@pytest.mark.usefixtures("one_day")
def test_a_quota_is_spent_exactly_however_many_ask_at_once(running: RunningHub) -> None:
    asking, _ = running.granted(Quota(calls=40, rows=None, bytes=None))

    def ask(_: int) -> list[str]:
        each = running.again(asking)
        return [code_of(each.row(number)) for number in range(12)]

    before = running.answered
    with ThreadPoolExecutor(6) as pool:
        codes = [code for found in pool.map(ask, range(6)) for code in found]
    assert (codes.count("OK"), codes.count("QUOTA_SPENT")) == (40, 32)
    assert running.answered == before


@pytest.mark.usefixtures("one_day")
def test_reads_of_before_count_once_a_grant_is_given_a_quota(running: RunningHub) -> None:
    asking, held = running.granted()
    for number in range(30):
        assert code_of(asking.row(number)) == "OK"
    running.hub.usage.count()
    assert running.hub.usage.meter.spent()[1][held].calls == 30
