"""A provider's keys under floods, outages and nonsense."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from queue import Queue

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from access import jwks
from access.jwks import GAP, LARGEST, LAST_GOOD, RENEW, WAITERS, ProviderKeys, fetch_keys, usable
from access.provider import Provider
from catalog.clock import ReplayClock
from tests.access.keycloak import REALM, SM2, Keycloak, keycloak

DISCOVERY = f"{REALM}/.well-known/openid-configuration"
CERTS = f"{REALM}/protocol/openid-connect/certs"


@pytest.fixture
def running() -> Iterator[Keycloak]:
    with keycloak() as found:
        yield found


@pytest.fixture
def clock() -> ReplayClock:
    return ReplayClock(datetime(2026, 8, 19, 14, 0, tzinfo=UTC))


def provider_of(running: Keycloak, **changes: object) -> Provider:
    return Provider.model_validate(
        {"issuer": running.issuer, "shape": "keycloak", "audience": "account", **changes}
    )


@pytest.fixture
def keys(running: Keycloak, clock: ReplayClock) -> ProviderKeys:
    return ProviderKeys(provider_of(running), clock)


def renewed() -> None:
    """Waits for what is fetched behind the callers' backs."""
    for thread in threading.enumerate():
        if thread.name == "provider keys":
            thread.join()


def kid(running: Keycloak) -> str:
    return str(running.signing.kid)


def test_one_odd_key_does_not_lose_the_others() -> None:
    good = ECKey.generate_key("P-256", {"use": "sig"}, auto_kid=True).as_dict(private=False)
    odd: list[object] = [
        SM2,
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        {"kty": "unheard", "kid": "of"},
        {"kid": "bare"},
        "text",
        None,
        good | {"kid": 7},
        good | {"kid": "enc", "use": "enc"},
        good | {"kid": "ops", "key_ops": ["encrypt"]},
        OctKey.generate_key(256, {"kid": "shared"}).as_dict(),
        ECKey.generate_key("P-256", {"kid": "private"}).as_dict(private=True),
        RSAKey.generate_key(2048).as_dict(private=False) | {"kid": "short", "n": "x" * 171},
    ]
    assert list(usable([*odd, good])) == [good["kid"]]  # type: ignore[list-item]


def test_the_keys_are_found_by_discovery_and_kept(running: Keycloak, keys: ProviderKeys) -> None:
    for _ in range(20):
        assert keys.key(kid(running)) is not None
    assert running.asked == [DISCOVERY, CERTS]


def test_declared_keys_need_no_discovery(running: Keycloak, clock: ReplayClock) -> None:
    keys = ProviderKeys(provider_of(running, keys=running.certs), clock)
    assert keys.key(kid(running)) is not None
    assert running.asked == [CERTS]


def test_a_flood_of_unknown_ids_asks_the_provider_once_in_ten_seconds(
    running: Keycloak, keys: ProviderKeys, clock: ReplayClock
) -> None:
    for round_number in range(1, 4):
        for number in range(200):
            assert keys.key(f"unknown-{number}") is None
        assert running.asked.count(CERTS) == round_number
        clock.advance(GAP)
    assert keys.key(kid(running)) is not None


def test_a_flood_from_many_threads_is_one_fetch_and_few_wait(
    running: Keycloak, keys: ProviderKeys
) -> None:
    running.hold.clear()
    many, found = 40, Queue[object]()
    for _ in range(many):
        threading.Thread(target=lambda: found.put(keys.key(kid(running)))).start()
    turned_away = many - WAITERS - 1
    assert [found.get(timeout=30) for _ in range(turned_away)] == [None] * turned_away
    assert found.empty()
    running.hold.set()
    assert all(found.get(timeout=30) for _ in range(WAITERS + 1))
    assert running.asked.count(CERTS) == 1


def test_known_keys_answer_while_others_are_fetched(
    running: Keycloak, keys: ProviderKeys, clock: ReplayClock
) -> None:
    assert keys.key(kid(running)) is not None
    clock.advance(GAP)
    running.hold.clear()
    slow = threading.Thread(target=keys.key, args=("unknown",))
    slow.start()
    assert keys.key(kid(running)) is not None
    assert slow.is_alive()
    running.hold.set()
    slow.join()


def test_a_new_key_is_taken_up_by_its_first_token(
    running: Keycloak, keys: ProviderKeys, clock: ReplayClock
) -> None:
    old = kid(running)
    assert keys.key(old) is not None
    running.rotate()
    assert keys.key(kid(running)) is None  # asked a moment ago
    clock.advance(GAP)
    assert keys.key(kid(running)) is not None
    assert keys.key(old) is None
    assert keys.generation == 1


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, b"{}"),
        (404, {}, b"{}"),
        (200, {}, b"not json"),
        (200, {}, b"[]"),
        (200, {}, b'{"keys": 7}'),
        (200, {}, b'{"keys": null}'),
        (200, {}, b'{"keys": []}'),
        (200, {}, b"{}"),
        (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"),
    ],
    ids=lambda answer: f"{answer[0]} {answer[2][:12]!r}",
)
def test_the_last_good_keys_are_kept_when_the_provider_tells_nonsense(
    running: Keycloak,
    keys: ProviderKeys,
    clock: ReplayClock,
    answer: tuple[int, dict[str, str], bytes],
) -> None:
    assert keys.key(kid(running)) is not None
    running.answers[CERTS] = answer
    clock.advance(GAP)
    assert keys.key("unknown") is None
    assert running.asked.count(CERTS) == 2
    assert keys.key(kid(running)) is not None
    assert keys.generation == 0


@pytest.mark.parametrize("how", ["too large", "redirected"])
def test_good_keys_are_not_taken_from_a_bad_answer(
    running: Keycloak, keys: ProviderKeys, how: str
) -> None:
    told = json.dumps({"keys": running.keys}).encode()
    running.answers["/elsewhere"] = (200, {}, told)
    running.answers[CERTS] = {
        "too large": (200, {}, told + b" " * LARGEST),
        "redirected": (302, {"Location": f"{running.host}/elsewhere"}, b""),
    }[how]
    assert keys.key(kid(running)) is None
    assert running.asked == [DISCOVERY, CERTS]


def test_a_fetch_that_takes_long_is_not_joined_by_another(
    running: Keycloak, keys: ProviderKeys, clock: ReplayClock
) -> None:
    running.hold.clear()
    found = Queue[object]()
    for _ in range(2):
        threading.Thread(target=lambda: found.put(keys.key(kid(running)))).start()
        clock.advance(GAP)
    keys.renew()
    running.hold.set()
    assert all(found.get(timeout=30) for _ in range(2))
    assert running.asked == [DISCOVERY, CERTS]


def test_the_last_good_keys_are_believed_for_a_day(
    running: Keycloak, keys: ProviderKeys, clock: ReplayClock
) -> None:
    assert keys.key(kid(running)) is not None
    running.answers[CERTS] = (500, {}, b"")
    clock.advance(LAST_GOOD - timedelta(seconds=1))
    assert keys.key(kid(running)) is not None
    clock.advance(timedelta(minutes=1))
    assert keys.key(kid(running)) is None
    assert not keys.is_up


def test_old_keys_are_renewed_behind_the_callers_back(
    running: Keycloak, keys: ProviderKeys, clock: ReplayClock
) -> None:
    old = kid(running)
    assert keys.key(old) is not None
    running.rotate()
    clock.advance(RENEW)
    running.hold.clear()
    assert keys.key(old) is not None  # at once, with what is known
    running.hold.set()
    renewed()
    assert keys.generation == 1
    assert keys.key(kid(running)) is not None


def test_a_provider_that_answers_too_slowly_is_given_up(
    running: Keycloak, keys: ProviderKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "SECONDS", 0.1)
    running.hold.clear()
    assert keys.key(kid(running)) is None


def test_a_provider_that_is_not_there_refuses_and_harms_nobody(clock: ReplayClock) -> None:
    with keycloak() as gone:
        provider = provider_of(gone)
    keys = ProviderKeys(provider, clock)
    assert keys.key("any") is None
    assert not keys.is_up


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"issuer": "https://elsewhere.example"}, "another issuer"),
        ({"jwks_uri": "https://elsewhere.example/keys"}, "another host"),
        ({"jwks_uri": "http://169.254.169.254/keys"}, "must be https"),
        ({"jwks_uri": "file:///etc/passwd"}, "not an address"),
        ({"jwks_uri": "http://127.0.0.1:1/keys"}, "another host"),
    ],
    ids=str,
)
def test_discovery_leads_nowhere_else(
    running: Keycloak, told: dict[str, str], problem: str
) -> None:
    known = {"issuer": running.issuer, "jwks_uri": running.certs} | told
    running.answers[DISCOVERY] = (200, {}, json.dumps(known).encode())
    with pytest.raises(ValueError, match=problem):
        fetch_keys(provider_of(running))
    assert running.asked == [DISCOVERY]


def test_health_tells_whether_the_keys_are_at_hand(
    running: Keycloak, keys: ProviderKeys, clock: ReplayClock
) -> None:
    running.answers[CERTS] = (500, {}, b"")
    assert keys.key("any") is None
    assert not keys.is_up
    del running.answers[CERTS]
    clock.advance(GAP)
    assert not keys.is_up  # but it has asked for them
    renewed()
    assert keys.is_up
