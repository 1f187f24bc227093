"""The issuer over HTTP, driven through its routes as a client would."""

import asyncio
import base64
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from starlette.applications import Starlette

from access import form as forms
from access.form import FORM_LIMIT
from access.replies import Reply
from access.roles import Role
from access.work import QUEUE
from catalog.ids import ClientId
from tests.access.conftest import ADDRESS, AUDIENCE, SHAPINGBA, Access
from tests.access.visitor import run

FORM = {"grant_type": "client_credentials"}
CLIENT = ClientId("cq_shapingba-duty")

Post = Callable[..., httpx.Response]


@pytest.fixture
def secret(access: Access) -> str:
    return access.clients.register(CLIENT, SHAPINGBA, [Role.APP])


@pytest.fixture
def post(application: Starlette) -> Post:
    def send(**request: object) -> httpx.Response:
        return run(application, lambda http: http.post("/oauth/token", **request))  # type: ignore[arg-type]

    return send


def error_of(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert set(body) == {"error", "error_description", "error_description_zh"}
    assert body["error_description"].isascii()
    assert not body["error_description_zh"].isascii()
    return response.status_code, body["error"]


def test_a_client_gets_a_token_that_the_verifier_takes(
    access: Access, post: Post, secret: str
) -> None:
    response = post(data=FORM, auth=(CLIENT, secret))
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 600)
    assert set(body) == {"token_type", "expires_in", "access_token"}
    assert access.verifier.verify(body["access_token"]).client == CLIENT


def test_a_token_verifies_by_the_published_keys_alone(
    application: Starlette, post: Post, secret: str
) -> None:
    token = post(data=FORM, auth=(CLIENT, secret)).json()["access_token"]
    published = run(application, lambda http: http.get("/.well-known/jwks.json")).json()
    decoded = jwt.decode(token, KeySet.import_key_set(published), algorithms=["ES256"])
    assert decoded.header["typ"] == "at+jwt"
    assert decoded.header["kid"]
    assert set(decoded.claims) == {"iss", "aud", "sub", "client_id", "jti", "iat", "exp"}
    assert decoded.claims["iss"] == ADDRESS
    assert decoded.claims["aud"] == AUDIENCE
    assert decoded.claims["sub"] == decoded.claims["client_id"] == CLIENT
    assert decoded.claims["exp"] - decoded.claims["iat"] == 600


def test_issuing_goes_on_after_a_rotation(access: Access, post: Post, secret: str) -> None:
    for _ in range(2):
        token = post(data=FORM, auth=(CLIENT, secret)).json()["access_token"]
        access.verifier.verify(token)
        access.keys.rotate()


def test_an_unknown_a_revoked_client_and_a_wrong_secret_read_the_same(
    access: Access, post: Post, secret: str
) -> None:
    wrong = post(data=FORM, auth=(CLIENT, "wrong"))
    unknown = post(data=FORM, auth=("nobody", "wrong"))
    access.clients.revoke_client(CLIENT)
    revoked = post(data=FORM, auth=(CLIENT, secret))
    assert error_of(wrong) == error_of(unknown) == error_of(revoked) == (401, "invalid_client")
    assert wrong.content == unknown.content == revoked.content
    assert wrong.headers == unknown.headers == revoked.headers
    assert wrong.headers["www-authenticate"].startswith("Basic realm=")


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic %%%", "Basic /////w==", "Bearer x", "Basic Og=="]
)
def test_broken_credentials_are_refused_like_wrong_ones(post: Post, header: str) -> None:
    response = post(data=FORM, headers={"Authorization": header})
    assert error_of(response) == (401, "invalid_client")


def test_a_secret_in_the_body_is_refused(post: Post, secret: str) -> None:
    form = {**FORM, "client_id": CLIENT, "client_secret": secret}
    assert error_of(post(data=form)) == (400, "invalid_request")


@pytest.mark.parametrize(
    "repeated", ["grant_type=client_credentials", "scope=a&scope=a", "x=1&x=2"]
)
def test_a_repeated_parameter_is_refused(post: Post, secret: str, repeated: str) -> None:
    response = post(
        content=f"grant_type=client_credentials&{repeated}",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=(CLIENT, secret),
    )
    assert error_of(response) == (400, "invalid_request")


def test_two_authorization_headers_are_refused(post: Post, secret: str) -> None:
    value = "Basic " + base64.b64encode(f"{CLIENT}:{secret}".encode()).decode()
    response = post(data=FORM, headers=[("Authorization", value), ("Authorization", value)])
    assert error_of(response) == (400, "invalid_request")


def test_parameters_in_the_address_are_refused(post: Post, secret: str) -> None:
    response = post(data=FORM, params={"scope": "x"}, auth=(CLIENT, secret))
    assert error_of(response) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"grant_type": "client_credentials"}'),
        ("", b"grant_type=client_credentials"),
        ("application/x-www-form-urlencoded", b"\xff\xfe=1"),
        ("application/x-www-form-urlencoded", b"grant_type=%ff"),
        ("application/x-www-form-urlencoded", b"grant_type"),
        ("application/x-www-form-urlencoded", b"&".join(b"p%d=1" % n for n in range(100))),
    ],
)
def test_a_body_that_is_no_form_is_refused(post: Post, secret: str, kind: str, body: bytes) -> None:
    response = post(content=body, headers={"Content-Type": kind}, auth=(CLIENT, secret))
    assert error_of(response) == (400, "invalid_request")


def test_a_body_is_not_read_past_its_limit(post: Post, secret: str) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b"grant_type="
        while sent < 100 * FORM_LIMIT:
            sent += 1024
            yield b"x" * 1024

    response = post(
        content=endless(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=(CLIENT, secret),
    )
    assert error_of(response) == (413, "invalid_request")
    assert sent <= 2 * FORM_LIMIT


def test_a_body_that_never_ends_is_given_up(
    post: Post, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "BODY_SECONDS", 0.05)

    async def stalled() -> AsyncIterator[bytes]:
        yield b"grant_type="
        await asyncio.Event().wait()

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    response = post(content=stalled(), headers=form, auth=(CLIENT, secret))
    assert error_of(response) == (408, "invalid_request")


@pytest.mark.parametrize(
    "grant_type", ["password", "implicit", "client_credentials ", "授权", "a\x00b\n", '"<b>']
)
def test_another_grant_type_is_refused_without_repeating_it(
    post: Post, secret: str, grant_type: str
) -> None:
    response = post(data={"grant_type": grant_type}, auth=(CLIENT, secret))
    assert error_of(response) == (400, "unsupported_grant_type")
    assert response.content == post(data={"grant_type": "x"}, auth=(CLIENT, secret)).content


def test_a_missing_grant_type_is_an_invalid_request(post: Post, secret: str) -> None:
    assert error_of(post(data={"x": "1"}, auth=(CLIENT, secret))) == (400, "invalid_request")
    assert error_of(post(data={"grant_type": ""}, auth=(CLIENT, secret)))[0] == 400


def test_a_scope_is_refused_because_roles_and_grants_decide(post: Post, secret: str) -> None:
    response = post(data={**FORM, "scope": "admin"}, auth=(CLIENT, secret))
    assert error_of(response) == (400, "invalid_scope")


def test_the_metadata_say_what_there_is_and_who_registers_clients(application: Starlette) -> None:
    address = "/.well-known/oauth-authorization-server"
    metadata = run(application, lambda http: http.get(address)).json()
    assert metadata["issuer"] == ADDRESS
    assert metadata["grant_types_supported"] == [
        "client_credentials",
        "authorization_code",
        "refresh_token",
    ]
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["token_endpoint_auth_methods_supported"] == ["client_secret_basic", "none"]
    assert metadata["introspection_endpoint_auth_methods_supported"] == ["client_secret_basic"]
    assert "registration_endpoint" not in metadata
    assert "operator" in metadata["client_registration"]
    for name in ("authorization", "token", "revocation", "introspection"):
        assert metadata[f"{name}_endpoint"].startswith(f"{ADDRESS}/oauth/")


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": "authorization_code", "code": "x", "code_verifier": "y" * 43},
        {"grant_type": "refresh_token", "refresh_token": "x"},
    ],
    ids=lambda form: form["grant_type"],
)
def test_an_application_has_neither_codes_nor_refresh_tokens(
    post: Post, secret: str, form: dict[str, str]
) -> None:
    assert error_of(post(data=form, auth=(CLIENT, secret))) == (400, "unauthorized_client")


def test_the_public_client_gets_no_token_of_its_own(post: Post) -> None:
    assert error_of(post(data={**FORM, "client_id": "console"})) == (401, "invalid_client")


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("named", [{}, {"client_id": CLIENT}, {"client_id": "x"}])
def test_only_the_console_is_a_public_client(post: Post, named: dict[str, str]) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x", **named}
    assert error_of(post(data=form)) == (401, "invalid_client")


def test_the_token_endpoint_is_posted_to(application: Starlette) -> None:
    assert run(application, lambda http: http.get("/oauth/token")).status_code == 405


def test_debug_logs_hold_neither_token_nor_secret(
    post: Post, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "authlib")
    token = post(data=FORM, auth=(CLIENT, secret)).json()["access_token"]
    assert token not in caplog.text
    assert token.split(".")[1] not in caplog.text
    assert secret not in caplog.text


@pytest.fixture
def slow_issuer(access: Access, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """An issuer whose work waits for the event."""
    release = threading.Event()
    answer = access.issuer.token

    def slow(authorization: str | None, form: dict[str, str]) -> Reply:
        assert release.wait(30)
        return answer(authorization, form)

    monkeypatch.setattr(access.issuer, "token", slow)
    yield release
    release.set()


def test_the_event_loop_answers_while_secrets_are_checked(
    application: Starlette, slow_issuer: threading.Event
) -> None:
    async def talk(http: httpx.AsyncClient) -> None:
        waiting = asyncio.create_task(http.post("/oauth/token", data=FORM, auth=(CLIENT, "x")))
        metadata = await http.get("/.well-known/oauth-authorization-server")
        assert metadata.status_code == 200
        assert not waiting.done()
        slow_issuer.set()
        assert (await waiting).status_code == 401

    run(application, talk)


def test_a_flood_of_token_requests_is_turned_away_not_queued_without_end(
    application: Starlette, slow_issuer: threading.Event
) -> None:
    async def talk(http: httpx.AsyncClient) -> list[int]:
        def request() -> Awaitable[httpx.Response]:
            return http.post("/oauth/token", data=FORM, headers={"Authorization": "Basic x"})

        flood = [asyncio.ensure_future(request()) for _ in range(QUEUE + 5)]
        await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED)
        slow_issuer.set()
        return [response.status_code for response in await asyncio.gather(*flood)]

    assert sorted(run(application, talk)) == [401] * QUEUE + [503] * 5
