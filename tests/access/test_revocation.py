"""Revocation (RFC 7009) and introspection (RFC 7662): whose token it is decides, and nothing else tells."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette

from access.errors import TokenRevoked
from access.roles import Role
from catalog.ids import ClientId
from tests.access.conftest import ADDRESS, APP, AUDIENCE, PERSON, SHAPINGBA, Access
from tests.access.test_token import claims_of
from tests.access.visitor import Visitor

OTHER, SERVER = ClientId("cq_hightech-app"), ClientId("map-server")
Ask = Callable[..., httpx.Response]


@pytest.fixture
def visitor(application: Starlette) -> Visitor:
    return Visitor(application)


@pytest.fixture
def tokens(access: Access, visitor: Visitor) -> dict[str, str]:
    return visitor.log_in(PERSON, access.person())


def secret_of(access: Access, client: ClientId) -> tuple[str, str]:
    if client == APP:
        return APP, access.clients.renew_secret(APP)
    role = Role.RESOURCE_SERVER if client == SERVER else Role.APP
    return client, access.clients.register(client, SHAPINGBA, [role])


@pytest.fixture
def revoke(visitor: Visitor) -> Ask:
    def ask(token: str, **request: object) -> httpx.Response:
        named = {} if "auth" in request else {"client_id": "console"}
        form = {"token": token, **named}
        return visitor.send("POST", "/oauth/revoke", data=form, **request)

    return ask


@pytest.fixture
def introspect(visitor: Visitor) -> Ask:
    def ask(token: str, **request: object) -> httpx.Response:
        return visitor.send("POST", "/oauth/introspect", data={"token": token}, **request)

    return ask


def test_an_application_revokes_its_own_token_at_once(access: Access, revoke: Ask) -> None:
    token, other = access.token(), access.token()
    access.verifier.verify(token)
    reply = revoke(token, auth=secret_of(access, APP))
    assert (reply.status_code, reply.json()) == (200, {})
    with pytest.raises(TokenRevoked):
        access.verifier.verify(token)
    access.verifier.verify(other)


def test_the_console_logs_out_by_revoking_the_refresh_token(
    access: Access, visitor: Visitor, tokens: dict[str, str], revoke: Ask
) -> None:
    assert revoke(tokens["refresh_token"]).status_code == 200
    with pytest.raises(TokenRevoked):
        access.verifier.verify(tokens["access_token"])
    assert visitor.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_revoked_access_token_leaves_the_log_in(
    access: Access, visitor: Visitor, tokens: dict[str, str], revoke: Ask
) -> None:
    assert revoke(tokens["access_token"]).status_code == 200
    with pytest.raises(TokenRevoked):
        access.verifier.verify(tokens["access_token"])
    assert visitor.refresh(tokens["refresh_token"]).status_code == 200


def test_nobody_elses_token_is_revoked_and_the_answer_does_not_tell(
    access: Access, visitor: Visitor, tokens: dict[str, str], revoke: Ask
) -> None:
    own, stranger = access.token(), secret_of(access, OTHER)
    nonsense = revoke("nonsense", auth=stranger)
    for token in (own, *tokens.values()):
        reply = revoke(str(token), auth=stranger)
        assert (reply.status_code, reply.content) == (200, nonsense.content)
    assert revoke(own).status_code == 200  # the console asks for an application's
    access.verifier.verify(own)
    access.verifier.verify(tokens["access_token"])
    assert visitor.refresh(tokens["refresh_token"]).status_code == 200


def test_revocation_needs_a_client(access: Access, visitor: Visitor) -> None:
    token = access.token()
    for form in ({"token": token}, {"token": token, "client_id": APP}):
        reply = visitor.send("POST", "/oauth/revoke", data=form)
        assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client")
    wrong = visitor.send("POST", "/oauth/revoke", data={"token": token}, auth=(APP, "wrong"))
    assert wrong.status_code == 401
    access.verifier.verify(token)


@pytest.mark.parametrize("endpoint", ["revoke", "introspect"])
def test_a_missing_token_is_said(access: Access, visitor: Visitor, endpoint: str) -> None:
    auth = secret_of(access, SERVER)
    reply = visitor.send("POST", f"/oauth/{endpoint}", data={"x": "1"}, auth=auth)
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")
    assert reply.json()["error_description_zh"] == "缺少参数 token。"


def test_a_resource_server_learns_whose_token_it_was_sent(
    access: Access, tokens: dict[str, str], introspect: Ask
) -> None:
    server = secret_of(access, SERVER)
    told = introspect(tokens["access_token"], auth=server).json()
    claims = claims_of(tokens["access_token"])
    assert told == {
        "active": True,
        "token_type": "Bearer",
        **claims,
        "organisation": SHAPINGBA,
        "roles": ["steward"],
    }
    assert (told["sub"], told["client_id"]) == (PERSON, "console")
    assert (told["iss"], told["aud"]) == (ADDRESS, AUDIENCE)
    assert introspect(access.token(), auth=server).json()["sub"] == APP


def test_what_does_not_hold_is_inactive_and_no_more(
    access: Access, tokens: dict[str, str], introspect: Ask
) -> None:
    server, revoked, live = secret_of(access, SERVER), access.token(), access.token()
    access.clients.revoke_token(claims_of(revoked)["jti"])
    header, body, signature = live.split(".")
    forged = f"{header}.{body}.{signature[::-1]}"
    for token in (revoked, forged, "nonsense", "令牌", "x" * 5000, tokens["refresh_token"]):
        reply = introspect(token, auth=server)
        assert (reply.status_code, reply.json()) == (200, {"active": False}), token
    access.clock.advance(timedelta(minutes=10))
    assert introspect(live, auth=server).json() == {"active": False}


def test_who_is_no_resource_server_learns_nothing(access: Access, introspect: Ask) -> None:
    token = access.token()
    assert introspect(token, auth=secret_of(access, OTHER)).json() == {"active": False}
    assert introspect(token).status_code == 401
    assert introspect(token, auth=(OTHER, "wrong")).status_code == 401
