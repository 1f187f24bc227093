"""Calling live services that misbehave: a clear error within its time, and nobody else pays.

Real sockets, real time; where time itself is the subject, a clock that the test moves. Only a service
that shall not answer in time is given little of it.
"""

import asyncio
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio
import pytest

from catalog.clock import ReplayClock
from catalog.contracts import Contract
from connectors.calling.breaker import Phase
from connectors.calling.errors import (
    InterfaceAnswerInvalid,
    InterfaceArgument,
    InterfaceBusy,
    InterfaceError,
    InterfaceTimeout,
    InterfaceUnavailable,
)
from connectors.calling.service import Answered, InterfaceService
from connectors.connections import Connections, InterfaceConnection
from tests.connectors.calling.hostile import ENOUGH, PLAIN, Hostile, hostile_server, wait_until
from tests.connectors.calling.lookup import HURRIED, OPENAPI, UNHURRIED, lookup
from tests.moved_loop import MovedLoop

LOT = lookup()
AT = datetime(2026, 8, 1, tzinfo=UTC)
HURRIED_LOT = lookup(terms=HURRIED)
GENEROUS = 60.0
"""Seconds within which a call with a limit of one second must have ended, on a busy machine; half of
what the server would hold it.
"""


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with hostile_server() as server:
        yield server


@dataclass
class Desk:
    """A service whose monotonic time the test moves."""

    service: InterfaceService
    clock: ReplayClock
    seconds: list[float] = field(default_factory=lambda: [0.0])


def desk(url: str, allow: tuple[str, ...], name: str = "lots") -> Desk:
    seconds, clock = [1000.0], ReplayClock(AT)
    connection = InterfaceConnection(kind="interface", url=url, allow=allow)
    held = Connections({name: connection})
    return Desk(InterfaceService(lambda: held, clock, lambda: seconds[0]), clock, seconds)


def of(server: Hostile) -> Desk:
    return desk(f"http://{server.pair}", (server.pair,))


def ask(desk_: Desk, lot: str, contract: Contract = LOT) -> Answered:
    return anyio.run(lambda: desk_.service.ask(contract, {"lot": lot}))


def failure(desk_: Desk, lot: str, contract: Contract = LOT) -> InterfaceError:
    with pytest.raises(InterfaceError) as wrong:
        ask(desk_, lot, contract)
    return wrong.value


WRONG = sorted(
    PLAIN.keys()
    - {
        "error-500",
        "refuses-us",
        "forbidden",
        "absent",
        "unprocessable",
        "uri-too-long",
        "too-many",
    }
    - {"not-http", "endless-header", "closes-midway", "closes-at-once"}
)


@pytest.mark.parametrize("way", WRONG)
def test_what_does_not_fit_the_contract_is_refused(hostile: Hostile, way: str) -> None:
    wrong = failure(of(hostile), way)
    assert isinstance(wrong, InterfaceAnswerInvalid)
    assert sum(hostile.asked.values()) == 1


@pytest.mark.parametrize(
    "way",
    ["error-500", "refuses-us", "not-http", "endless-header", "closes-midway", "closes-at-once"],
)
def test_a_service_that_fails_is_unavailable(hostile: Hostile, way: str) -> None:
    held = of(hostile)
    wrong = failure(held, way)
    assert isinstance(wrong, InterfaceUnavailable)
    assert "hunter2" not in str(wrong.details) + str(held.service.standing(LOT))
    assert sum(hostile.asked.values()) == 1


@pytest.mark.parametrize("way", ["never", "drips-header", "drips-body"])
def test_a_service_that_never_finishes_is_given_up_at_its_time(hostile: Hostile, way: str) -> None:
    began = time.monotonic()
    assert isinstance(failure(of(hostile), way, HURRIED_LOT), InterfaceTimeout)
    assert time.monotonic() - began < GENEROUS


def test_an_endless_answer_is_left_where_it_passes_its_bound(hostile: Hostile) -> None:
    wrong = failure(of(hostile), "endless")
    assert isinstance(wrong, InterfaceAnswerInvalid)
    assert hostile.sent < ENOUGH


def test_a_redirect_is_never_followed(hostile: Hostile) -> None:
    held = of(hostile)
    failure(held, "redirect")
    assert held.service.standing(LOT).last_problem == "HTTP 302"
    assert sum(hostile.asked.values()) == 1


def test_the_hub_asks_with_its_own_key_and_takes_nothing_from_the_environment(
    hostile: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    connection = InterfaceConnection.model_validate(
        {
            "kind": "interface",
            "url": f"http://{hostile.pair}/base",
            "allow": [hostile.pair],
            "header": "X-Api-Key",
            "secret": "k-123",
        }
    )
    service = InterfaceService(lambda: Connections({"lots": connection}), ReplayClock(AT))
    anyio.run(lambda: service.ask(LOT, {"lot": "A-1"}))
    head = hostile.heads[0].decode().lower()
    assert head.startswith("get /base/v1/lots/a-1 http/1.1")
    assert "x-api-key: k-123" in head
    assert "accept-encoding: identity" in head
    assert "cookie" not in head
    assert "k-123" not in repr(connection)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_refused_connections_unknown_hosts_and_failed_tls_are_unavailable(hostile: Hostile) -> None:
    shut = f"127.0.0.1:{free_port()}"
    for url, allow in (
        (f"http://{shut}", shut),
        ("http://no-such-host.invalid", "no-such-host.invalid:80"),
        (f"https://{hostile.pair}", hostile.pair),
    ):
        held = desk(url, (allow,))
        assert isinstance(failure(held, "A-1"), InterfaceUnavailable)
        assert shut not in str(failure(held, "A-1").details)


@pytest.mark.parametrize(
    ("url", "allow"),
    [
        ("http://127.0.0.1:1", ()),
        ("http://169.254.169.254", ("169.254.169.254:80",)),
        ("http://0.0.0.0:1", ("0.0.0.0:1",)),
    ],
)
def test_only_declared_addresses_of_one_machine_are_reached(
    url: str, allow: tuple[str, ...]
) -> None:
    assert isinstance(failure(desk(url, allow), "A-1"), InterfaceUnavailable)


def test_an_interface_without_connection_is_unavailable_and_says_why_to_the_operator() -> None:
    held = desk("http://127.0.0.1:1", (), name="another")
    assert isinstance(failure(held, "A-1"), InterfaceUnavailable)
    assert "lots" in str(held.service.standing(LOT).last_problem)


def test_nothing_of_this_key_is_an_answer_where_the_document_declares_it(hostile: Hostile) -> None:
    held = of(hostile)
    assert not ask(held, "absent").answer.found
    assert ask(held, "absent").cached
    undeclared = lookup(openapi=OPENAPI.replace('        "404": {description: none}\n', ""))
    assert isinstance(failure(held, "absent", undeclared), InterfaceAnswerInvalid)


def test_what_the_provider_does_not_take_is_the_callers_to_mend_and_opens_no_breaker(
    hostile: Hostile,
) -> None:
    held = of(hostile)
    for _ in range(5):
        assert isinstance(failure(held, "unprocessable"), InterfaceArgument)
        busy = failure(held, "too-many")
        assert isinstance(busy, InterfaceBusy)
        assert busy.details["seconds"] == 7
    standing = held.service.standing(LOT)
    assert standing.phase is Phase.CLOSED
    assert standing.failures == 0


@pytest.mark.parametrize(
    ("lot", "told"),
    [
        ("forbidden", InterfaceUnavailable),
        ("gone", InterfaceAnswerInvalid),
        ("uri-too-long", InterfaceArgument),
        ("wrong-type", InterfaceAnswerInvalid),
        ("endless", InterfaceAnswerInvalid),
    ],
)
def test_no_caller_opens_the_breaker_for_the_others_by_what_it_asks(
    hostile: Hostile, lot: str, told: type[InterfaceError]
) -> None:
    held = of(hostile)
    for _ in range(5):
        assert isinstance(failure(held, lot), told)
    assert ask(held, "A-1").answer.found
    standing = held.service.standing(LOT)
    assert standing.phase is Phase.CLOSED
    assert standing.failures == (0 if told is InterfaceArgument else 5)


def test_the_breaker_spares_a_failing_service_and_tries_it_again_at_the_told_time(
    hostile: Hostile,
) -> None:
    held = of(hostile)
    for _ in range(3):
        failure(held, "error-500")
    refused = failure(held, "A-1")
    assert isinstance(refused, InterfaceUnavailable)
    assert "2026-08-01T08:00:30+08:00" in str(refused.message_zh)
    assert "2026-08-01T08:00:30+08:00" in str(refused.message_en)
    assert sum(hostile.asked.values()) == 3
    held.seconds[0] += 30
    assert ask(held, "A-1").answer.found
    assert held.service.standing(LOT).phase is Phase.CLOSED


def test_a_kept_answer_serves_while_the_service_is_down_and_errors_are_never_kept(
    hostile: Hostile,
) -> None:
    held = of(hostile)
    ask(held, "A-1")
    for _ in range(3):
        failure(held, "error-500")
    kept = ask(held, "A-1")
    assert kept.cached
    assert kept.answer.called_at == AT
    assert hostile.asked["/v1/lots/error-500"] == 3
    held.seconds[0] += 60
    assert not ask(held, "A-1").cached


def test_a_new_version_of_the_contract_keeps_nothing_of_the_old_one(hostile: Hostile) -> None:
    held = of(hostile)
    ask(held, "A-1")
    assert not ask(held, "A-1", lookup(terms=f"{UNHURRIED}\ncache_seconds: 61")).cached


def test_callers_with_the_same_question_share_one_call(hostile: Hostile) -> None:
    held = of(hostile)

    async def many() -> list[bool]:
        asking = [held.service.ask(LOT, {"lot": "A-1"}) for _ in range(50)]
        return [answered.cached for answered in await asyncio.gather(*asking)]

    assert sorted(anyio.run(many)) == [False, *[True] * 49]
    assert sum(hostile.asked.values()) == 1


def test_a_caller_who_goes_away_ends_nobody_elses_call(hostile: Hostile) -> None:
    held = of(hostile)

    async def leave() -> Answered:
        first = asyncio.ensure_future(held.service.ask(LOT, {"lot": "A-1"}))
        await asyncio.sleep(0)
        second = asyncio.ensure_future(held.service.ask(LOT, {"lot": "A-1"}))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert anyio.run(leave).answer.found
    assert sum(hostile.asked.values()) == 1


def test_the_providers_quota_is_kept_and_cached_answers_cost_none_of_it(hostile: Hostile) -> None:
    limited = lookup(terms=f"{UNHURRIED}\ncache_seconds: 60\nquota: {{per_second: 1, per_day: 2}}")
    held = of(hostile)
    ask(held, "A-1", limited)
    ask(held, "A-1", limited)
    assert failure(held, "A-2", limited).details["seconds"] == 1
    held.seconds[0] += 1
    ask(held, "A-2", limited)
    held.seconds[0] += 1
    assert failure(held, "A-3", limited).details["seconds"] == 16 * 3600
    assert sum(hostile.asked.values()) == 2


def test_no_more_calls_are_under_way_than_the_contract_says_and_who_waits_in_vain_is_told(
    hostile: Hostile,
) -> None:
    """Everybody's time runs out in one step of the loop, while the first call is under way."""
    narrow = lookup(terms=f"{UNHURRIED}\nconcurrency: 1")
    held, loop = of(hostile), MovedLoop()

    async def crowd() -> list[BaseException | Answered]:
        asking = [
            asyncio.ensure_future(held.service.ask(narrow, {"lot": "never", "floor": floor}))
            for floor in range(8)
        ]
        await asyncio.to_thread(wait_until, lambda: sum(hostile.asked.values()) == 1)
        loop.ahead = GENEROUS
        return await asyncio.gather(*asking, return_exceptions=True)

    told = anyio.run(crowd, backend_options={"loop_factory": lambda: loop})
    kinds = [type(one) for one in told]
    assert kinds.count(InterfaceTimeout) == 1
    assert kinds.count(InterfaceBusy) == 7
    assert sum(hostile.asked.values()) == 1


def test_while_one_service_hangs_another_answers_at_once(hostile: Hostile) -> None:
    hanging = lookup(terms=UNHURRIED, name="hanging_lot")
    held = of(hostile)

    async def both() -> tuple[int, bool]:
        slow = [
            asyncio.ensure_future(held.service.ask(hanging, {"lot": "never", "floor": floor}))
            for floor in range(9)
        ]
        await asyncio.to_thread(wait_until, lambda: sum(hostile.asked.values()) == 8)
        answers = [await held.service.ask(LOT, {"lot": f"A-{n}"}) for n in range(20)]
        waiting = not any(task.done() for task in slow)
        hostile.stopping.set()
        await asyncio.gather(*slow, return_exceptions=True)
        return len(answers), waiting

    assert anyio.run(both) == (20, True)


def test_the_standing_tells_calls_failures_and_what_was_answered_without_a_call(
    hostile: Hostile,
) -> None:
    held = of(hostile)
    assert held.service.standing(LOT).availability is None
    ask(held, "A-1")
    ask(held, "A-1")
    failure(held, "error-500")
    failure(held, "garbage")
    standing = held.service.standing(LOT)
    assert (standing.calls, standing.failures, standing.cached) == (3, 2, 1)
    assert standing.availability == pytest.approx(1 / 3)
    assert standing.outcomes == {
        "OK": 1,
        "INTERFACE_UNAVAILABLE": 1,
        "INTERFACE_ANSWER_INVALID": 1,
    }
    assert standing.last_problem == "is not UTF-8"
