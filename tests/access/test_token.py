"""Each way in which tokens were got wrong elsewhere is a test here."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from access.clients import ClientStore
from access.epoch import LOOK_AGAIN
from access.errors import TokenExpired, TokenInvalid, TokenRevoked
from access.keys import SigningKeys
from access.roles import Role
from access.token import REMEMBERED, Verifier
from tests.access.conftest import ADDRESS, APP, SHAPINGBA, Access


def encoded(part: str | bytes) -> str:
    content = part.encode() if isinstance(part, str) else part
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(part: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return content


def header_of(token: str) -> dict[str, Any]:
    header, _, _ = token.split(".")
    return decoded(header)


def claims_of(token: str) -> dict[str, Any]:
    _, claims, _ = token.split(".")
    return decoded(claims)


def resigned(access: Access, token: str, header: dict[str, str], **changes: object) -> str:
    """The same token with other claims, signed with the true key."""
    claims = {**claims_of(token), **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", **header}, claims, access.keys.signing)


def test_an_issued_token_tells_who_asks(access: Access) -> None:
    principal = access.verifier.verify(access.token())
    assert (principal.client, principal.organisation) == (APP, SHAPINGBA)
    assert principal.roles == {Role.APP}
    assert principal.expires == access.clock.now() + timedelta(minutes=10)


def test_a_token_lives_ten_minutes_and_thirty_seconds_of_leeway(access: Access) -> None:
    token = access.token()
    access.clock.advance(timedelta(minutes=10, seconds=29))
    access.verifier.verify(token)
    access.clock.advance(timedelta(seconds=2))
    with pytest.raises(TokenExpired):
        access.verifier.verify(token)


def test_an_expired_token_is_refused_where_it_was_never_seen_before(access: Access) -> None:
    token = access.token()
    access.clock.advance(timedelta(hours=1))
    with pytest.raises(TokenExpired):
        access.verifier.verify(token)


def test_a_token_of_the_old_key_holds_after_rotation_and_the_next_one_is_issued(
    access: Access,
) -> None:
    before = access.token()
    new = access.keys.rotate()
    after = access.token()
    assert header_of(after)["kid"] == new != header_of(before)["kid"]
    access.verifier.verify(before)
    access.verifier.verify(after)


def test_every_token_is_signed_by_the_active_key_of_several(access: Access) -> None:
    access.keys.rotate()
    access.keys.rotate()
    assert {header_of(access.token())["kid"] for _ in range(20)} == {access.keys.active}


def test_a_key_that_another_process_rotated_in_is_found_by_its_kid(
    access: Access, tmp_path: Path
) -> None:
    other = SigningKeys(tmp_path / "keys.json")
    other.rotate()
    token = resigned(access, access.token(), {})
    assert header_of(token)["kid"] == other.active
    access.verifier.verify(token)


def test_a_token_without_kid_is_refused(access: Access) -> None:
    claims = claims_of(access.token())
    bare = next(iter(access.keys.signing))
    token = jwt.encode({"alg": "ES256", "typ": "at+jwt"}, claims, bare)
    assert "kid" not in header_of(token)
    with pytest.raises(TokenInvalid):
        access.verifier.verify(token)


def test_an_unsigned_token_is_refused(access: Access) -> None:
    _, body, _ = access.token().split(".")
    for algorithm in ("none", "None", "NONE"):
        header = {"alg": algorithm, "typ": "at+jwt", "kid": access.keys.active}
        with pytest.raises(TokenInvalid):
            access.verifier.verify(f"{encoded(json.dumps(header))}.{body}.")


def test_the_public_key_is_not_taken_for_a_shared_secret(access: Access) -> None:
    """HS256 over the published key: the classic confusion of algorithms."""
    _, body, _ = access.token().split(".")
    header = encoded(json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": access.keys.active}))
    signed = f"{header}.{body}"
    public = next(iter(access.keys.verifying))
    assert isinstance(public, ECKey)
    for material in (public.as_pem(private=False), json.dumps(access.keys.public()).encode()):
        forged = hmac.digest(material, signed.encode(), "sha256")
        with pytest.raises(TokenInvalid):
            access.verifier.verify(f"{signed}.{encoded(forged)}")


def test_a_token_signed_by_a_strange_key_under_our_kid_is_refused(access: Access) -> None:
    strange = ECKey.generate_key("P-256", {"kid": access.keys.active})
    forged = jwt.encode(
        {"alg": "ES256", "typ": "at+jwt"}, claims_of(access.token()), KeySet([strange])
    )
    with pytest.raises(TokenInvalid):
        access.verifier.verify(forged)


def test_a_key_that_the_token_brings_along_is_not_used(access: Access) -> None:
    strange = ECKey.generate_key("P-256", auto_kid=True)
    header = {"alg": "ES256", "typ": "at+jwt", "jwk": strange.as_dict(private=False)}
    forged = jwt.encode(header, claims_of(access.token()), KeySet([strange]))
    with pytest.raises(TokenInvalid):
        access.verifier.verify(forged)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another"},
        {"aud": None},
        {"aud": []},
        {"iss": "https://elsewhere"},
        {"iss": None},
        {"exp": None},
        {"exp": "soon"},
        {"jti": None},
        {"jti": "never-issued"},
        {"client_id": "cq_hightech-app"},
        {"client_id": None},
        {"sub": "cq_hightech-app"},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
    ],
    ids=str,
)
def test_a_well_signed_token_with_a_wrong_claim_is_refused(
    access: Access, changes: dict[str, object]
) -> None:
    with pytest.raises(TokenInvalid):
        access.verifier.verify(resigned(access, access.token(), {}, **changes))


@pytest.mark.parametrize("kind", ["JWT", "at+JWT ", "dpop+jwt", "logout+jwt"])
def test_only_an_access_token_is_one(access: Access, kind: str) -> None:
    with pytest.raises(TokenInvalid):
        access.verifier.verify(resigned(access, access.token(), {"typ": kind}))


def test_a_token_for_another_hub_with_the_same_keys_is_refused(
    access: Access, tmp_path: Path
) -> None:
    keys = SigningKeys(tmp_path / "keys.json")
    other = Verifier(ADDRESS, "another-hub", keys, access.clients, access.clock)
    with pytest.raises(TokenInvalid):
        other.verify(access.token())


def test_a_revoked_token_is_refused_at_once_and_the_clients_others_hold(access: Access) -> None:
    revoked, other = access.token(), access.token()
    access.verifier.verify(revoked)
    access.verifier.verify(other)
    access.clients.revoke_token(claims_of(revoked)["jti"])
    with pytest.raises(TokenRevoked):
        access.verifier.verify(revoked)
    access.verifier.verify(other)


def test_revoking_a_client_ends_all_its_tokens_at_once(access: Access) -> None:
    seen, unseen = access.token(), access.token()
    access.verifier.verify(seen)
    access.clients.revoke_client(APP)
    assert access.verifier.recall(seen) is None
    for token in (seen, unseen):
        with pytest.raises(TokenRevoked):
            access.verifier.verify(token)


def test_a_revocation_by_another_process_counts_within_seconds(access: Access) -> None:
    token = access.token()
    access.verifier.verify(token)
    ClientStore(access.registry).revoke_client(APP)
    access.clock.advance(LOOK_AGAIN)
    assert access.verifier.recall(token) is None
    with pytest.raises(TokenRevoked):
        access.verifier.verify(token)


def test_the_epoch_moves_within_a_second_of_what_another_process_ended(access: Access) -> None:
    token = access.token()
    access.verifier.verify(token)
    before = access.verifier.epoch()
    assert access.verifier.epoch() == before
    ClientStore(access.registry).revoke_client(APP)
    access.clock.advance(timedelta(seconds=0.5))
    assert access.verifier.epoch() > before


def test_a_principal_tells_when_its_token_ends(access: Access) -> None:
    token = access.token()
    principal = access.verifier.verify(token)
    access.clock.advance(principal.ends - access.clock.now() - timedelta(seconds=1))
    assert access.verifier.verify(token) == principal
    access.clock.advance(timedelta(seconds=1))
    with pytest.raises(TokenExpired):
        access.verifier.verify(token)


def test_a_verified_token_is_taken_again_after_each_look_at_the_epoch(access: Access) -> None:
    token = access.token()
    principal = access.verifier.verify(token)
    access.clock.advance(LOOK_AGAIN)
    assert access.verifier.recall(token) is None
    assert access.verifier.verify(token) is principal
    assert access.verifier.recall(token) is principal


def test_a_revocation_during_verification_is_not_missed(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = access.token()
    standing = access.clients.standing

    def overtaken(token_id: str) -> object:
        found = standing(token_id)
        access.clients.revoke_token(token_id)
        return found

    monkeypatch.setattr(access.clients, "standing", overtaken)
    access.verifier.verify(token)
    monkeypatch.undo()
    with pytest.raises(TokenRevoked):
        access.verifier.verify(token)


def test_a_verified_token_is_recalled_without_a_signature_check_or_the_registry(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = access.token()
    assert access.verifier.recall(token) is None
    principal = access.verifier.verify(token)

    def unreachable(_token_id: str) -> None:
        raise AssertionError

    monkeypatch.setattr(access.clients, "standing", unreachable)
    assert access.verifier.recall(token) is principal
    assert access.verifier.verify(token) is principal


def test_recall_ends_with_the_token(access: Access) -> None:
    token = access.token()
    access.verifier.verify(token)
    access.clock.advance(timedelta(minutes=11))
    assert access.verifier.recall(token) is None


def test_what_is_remembered_stays_bounded(access: Access) -> None:
    first = access.token()
    access.verifier.verify(first)
    held = access.verifier._remembered  # noqa: SLF001 - the bound is inside
    (known,) = held.values()
    held.update({number.to_bytes(4, "big"): known for number in range(REMEMBERED)})
    newest = access.token()
    access.verifier.verify(newest)
    assert len(access.verifier._remembered) <= REMEMBERED  # noqa: SLF001
    assert access.verifier.recall(newest) is not None


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a.b.c", "令牌", "x" * 100_000, "\x00", "null", "eyJhbGciOiJFUzI1NiJ9.e30."],
    ids=["empty", "dot", "dots", "abc", "chinese", "long", "nul", "null", "unsigned"],
)
def test_what_is_no_token_is_refused_alike(access: Access, text: str) -> None:
    with pytest.raises(TokenInvalid) as refused:
        access.verifier.verify(text)
    assert refused.value.details == {}


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_token_changed_anywhere_is_refused(access: Access, data: st.DataObject) -> None:
    token = access.token()
    place = data.draw(st.integers(0, len(token) - 2))  # the last character has two spare bits
    other = data.draw(st.sampled_from("AZaz09-_.\n é").filter(lambda c: c != token[place]))
    with pytest.raises((TokenInvalid, TokenExpired)):
        access.verifier.verify(token[:place] + other + token[place + 1 :])


@pytest.mark.parametrize("error", [TokenInvalid, TokenExpired, TokenRevoked])
def test_each_refusal_has_its_stable_code_and_both_languages(
    error: Callable[[], TokenInvalid],
) -> None:
    raised = error()
    assert raised.code in {"TOKEN_INVALID", "TOKEN_EXPIRED", "TOKEN_REVOKED"}
    assert "令牌" in raised.message_zh
    assert "token" in raised.message_en
