"""People log in: each way in which such pages were got wrong elsewhere is a test here."""

import logging
import time
from datetime import timedelta

import pytest
from starlette.applications import Starlette

from access.attempts import FOR_ONE_NAME_FROM_ONE_MACHINE, WINDOW
from access.clients import Kind
from access.errors import ClientExists, TokenRevoked
from access.roles import Role
from catalog.ids import ClientId
from tests.access.conftest import ADDRESS, APP, PERSON, SHAPINGBA, Access
from tests.access.visitor import HIDDEN, Visitor, answer_of


@pytest.fixture
def password(access: Access) -> str:
    return access.person()


@pytest.fixture
def visitor(application: Starlette) -> Visitor:
    return Visitor(application)


def test_a_person_logs_in_and_the_token_says_who(
    access: Access, visitor: Visitor, password: str
) -> None:
    tokens = visitor.log_in(PERSON, password)
    assert set(tokens) == {"token_type", "access_token", "expires_in", "refresh_token"}
    principal = access.verifier.verify(tokens["access_token"])
    assert (principal.client, principal.organisation) == (PERSON, SHAPINGBA)
    assert principal.roles == {Role.STEWARD}


def test_the_page_sends_nothing_elsewhere_runs_no_script_and_stands_in_no_frame(
    visitor: Visitor,
) -> None:
    page = visitor.page()
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert f"form-action 'self' {ADDRESS}" in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in page.text
    assert "http" not in page.text.replace(ADDRESS, "")
    cookie = page.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_an_unknown_name_a_disabled_person_an_application_and_a_wrong_password_read_the_same(
    access: Access, application: Starlette, password: str
) -> None:
    secret = access.clients.register(ClientId("an-app"), SHAPINGBA, [Role.APP])
    access.clients.register(ClientId("gone"), SHAPINGBA, [Role.APP], "", Kind.PERSON)
    access.clients.revoke_client(ClientId("gone"), Kind.PERSON)

    def refused(name: str, given: str) -> str:
        response = Visitor(application, "v" * 43, "s" * 16).enter(name, given)
        assert response.status_code == 403
        return response.text.replace(name, "").replace(HIDDEN.findall(response.text)[-1][1], "")

    wrong = refused(PERSON, "wrong")
    assert "账号或密码不正确" in wrong
    assert refused("nobody-here", "wrong") == wrong
    assert refused("an-app", secret) == wrong
    assert refused("gone", password) == wrong


def test_an_unknown_name_takes_as_long_to_refuse_as_a_wrong_password(
    access: Access, password: str
) -> None:
    assert password

    def seconds(name: str) -> float:
        start = time.thread_time()  # work, not waiting: others may use the machine
        assert access.clients.authenticate(name, "wrong", Kind.PERSON) is None
        return time.thread_time() - start

    rounds = [[seconds(name) for name in (PERSON, "nobody", APP)] for _ in range(5)]
    known, unknown, other = (min(of_one) for of_one in zip(*rounds, strict=True))
    assert 0.3 < unknown / known < 3
    assert 0.3 < other / known < 3


def test_a_person_has_no_client_credentials(visitor: Visitor, password: str) -> None:
    form = {"grant_type": "client_credentials"}
    reply = visitor.send("POST", "/oauth/token", data=form, auth=(PERSON, password))
    assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client")


def test_guessing_ends_after_a_few_attempts_even_with_the_right_password(
    access: Access, application: Starlette, password: str
) -> None:
    for _ in range(FOR_ONE_NAME_FROM_ONE_MACHINE):
        assert Visitor(application).enter(PERSON, "wrong").status_code == 403
    refused = Visitor(application).enter(PERSON, password)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "900"
    access.clock.advance(WINDOW)
    assert answer_of(Visitor(application).enter(PERSON, password))["code"]


def test_a_name_that_does_not_exist_is_bounded_alike(application: Starlette) -> None:
    answers = [Visitor(application).enter("nobody", "x").status_code for _ in range(7)]
    assert answers == [403] * FOR_ONE_NAME_FROM_ONE_MACHINE + [429] * 2


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": f"{ADDRESS}/graphql/"},
        {"redirect_uri": f"{ADDRESS}/graphql?x=1"},
        {"redirect_uri": f"{ADDRESS}/GRAPHQL"},
        {"redirect_uri": "http://localhost:8000/graphql"},
        {"redirect_uri": "https://elsewhere.example/graphql"},
        {"redirect_uri": "http://127.0.0.1:8000@elsewhere.example/graphql"},
        {"redirect_uri": "http://127.0.0.1:8000/graphql\u202e"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": None},
        {"client_id": None},
        {"client_id": APP},
        {"client_id": 'x"><script>'},
    ],
    ids=str,
)
def test_only_the_consoles_own_address_is_ever_sent_to(
    visitor: Visitor, changes: dict[str, str | None]
) -> None:
    page = visitor.page(**changes)
    assert page.status_code == 400
    assert "location" not in page.headers
    assert "<form" not in page.text
    assert "elsewhere" not in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "é" * 43}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://elsewhere.example"}, "request_not_supported"),
    ],
    ids=str,
)
def test_what_is_not_a_code_with_s256_is_declined_to_the_console(
    visitor: Visitor, changes: dict[str, str | None], error: str
) -> None:
    answer = answer_of(visitor.page(**changes))
    assert answer == {"error": error, "state": visitor.state, "iss": ADDRESS}


@pytest.mark.parametrize("state", [None, "", "short", "a b c d e f", "状态状态状态状态", "x" * 501])
def test_a_state_is_asked_for_and_only_a_plain_one_comes_back(
    visitor: Visitor, state: str | None
) -> None:
    answer = answer_of(visitor.page(state=state))
    assert answer == {"error": "invalid_request", "iss": ADDRESS}


def test_a_repeated_parameter_is_refused(visitor: Visitor) -> None:
    question = [*visitor.question().items(), ("redirect_uri", "https://elsewhere.example/")]
    page = visitor.send("GET", "/oauth/authorize", params=question)
    assert page.status_code == 400
    assert "location" not in page.headers


def test_a_form_from_another_site_does_nothing(
    application: Starlette, visitor: Visitor, password: str
) -> None:
    """No ticket, a ticket of the attacker's own browser, and a browser that says where it comes from."""
    stranger = dict(HIDDEN.findall(Visitor(application).page().text))
    own = dict(HIDDEN.findall(visitor.page().text))
    names = {"name": PERSON, "password": password}
    for form in (own | {"ticket": ""}, own | {"ticket": stranger["ticket"]}):
        response = visitor.send("POST", "/oauth/authorize", data=form | names)
        assert response.status_code == 400
        assert "location" not in response.headers
    own = dict(HIDDEN.findall(visitor.page().text))
    crossed = visitor.send(
        "POST", "/oauth/authorize", data=own | names, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert crossed.status_code == 400
    without_cookie = Visitor(application)
    assert without_cookie.send("POST", "/oauth/authorize", data=own | names).status_code == 400


def test_what_was_typed_is_shown_as_text(visitor: Visitor) -> None:
    page = visitor.enter('"><script>alert(1)</script>', "x")
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


@pytest.mark.parametrize("name", ["\x00", "黎明", "a" * 5000, "li-ming\x00", "\u202eli"])
def test_a_hostile_name_is_a_wrong_one(visitor: Visitor, name: str) -> None:
    assert visitor.enter(name, "x\x00").status_code == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": None},
        {"code_verifier": "x" * 43},
        {"code_verifier": ""},
        {"redirect_uri": None},
        {"redirect_uri": "http://localhost:8000/graphql"},
        {"client_id": None},
        {"client_id": APP},
        {"code": "x"},
        {"code": None},
        {"code": "\x00"},
    ],
    ids=str,
)
def test_a_code_alone_is_worth_nothing(
    visitor: Visitor, password: str, changes: dict[str, str | None]
) -> None:
    code = visitor.code(PERSON, password)
    reply = visitor.exchange(**({"code": code} | changes))  # type: ignore[arg-type]
    assert reply.status_code in {400, 401}
    assert reply.json()["error"] in {"invalid_grant", "invalid_client", "invalid_request"}


def test_the_challenge_itself_is_no_verifier(visitor: Visitor, password: str) -> None:
    """As `plain` would have it."""
    code = visitor.code(PERSON, password)
    reply = visitor.exchange(code, code_verifier=visitor.question()["code_challenge"])
    assert reply.json()["error"] == "invalid_grant"


def test_a_code_that_is_used_twice_ends_what_the_first_use_gave(
    access: Access, visitor: Visitor, password: str
) -> None:
    code = visitor.code(PERSON, password)
    tokens = visitor.exchange(code).json()
    access.verifier.verify(tokens["access_token"])
    assert visitor.exchange(code).json()["error"] == "invalid_grant"
    with pytest.raises(TokenRevoked):
        access.verifier.verify(tokens["access_token"])
    assert visitor.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_code_is_good_for_a_minute(access: Access, visitor: Visitor, password: str) -> None:
    code = visitor.code(PERSON, password)
    access.clock.advance(timedelta(minutes=1))
    assert visitor.exchange(code).json()["error"] == "invalid_grant"


def test_refreshing_gives_a_new_pair_and_a_used_token_ends_them_all(
    access: Access, visitor: Visitor, password: str
) -> None:
    first = visitor.log_in(PERSON, password)
    second = visitor.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    access.verifier.verify(first["access_token"])
    access.verifier.verify(second["access_token"])
    assert visitor.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    for token in (first, second):
        with pytest.raises(TokenRevoked):
            access.verifier.verify(token["access_token"])
    assert visitor.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_refresh_with_a_scope_is_refused_before_the_token_is_spent(
    visitor: Visitor, password: str
) -> None:
    refresh = visitor.log_in(PERSON, password)["refresh_token"]
    form = {"grant_type": "refresh_token", "client_id": "console", "refresh_token": refresh}
    assert visitor.token({**form, "scope": "admin"}).json()["error"] == "invalid_scope"
    assert visitor.refresh(refresh).status_code == 200


def test_disabling_a_person_ends_the_tokens_at_once(
    access: Access, visitor: Visitor, password: str
) -> None:
    tokens = visitor.log_in(PERSON, password)
    access.verifier.verify(tokens["access_token"])
    access.clients.revoke_client(PERSON, Kind.PERSON)
    with pytest.raises(TokenRevoked):
        access.verifier.verify(tokens["access_token"])
    assert visitor.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_renewed_password_ends_the_old_one_and_every_log_in(
    access: Access, visitor: Visitor, password: str
) -> None:
    tokens = visitor.log_in(PERSON, password)
    new = access.clients.renew_secret(PERSON, Kind.PERSON)
    with pytest.raises(TokenRevoked):
        access.verifier.verify(tokens["access_token"])
    assert visitor.enter(PERSON, password).status_code == 403
    assert visitor.log_in(PERSON, new)["access_token"]


def test_debug_logs_hold_neither_password_nor_code_nor_token(
    visitor: Visitor, password: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "httpx")  # the browser of this test, not the hub
    code = visitor.code(PERSON, password)
    tokens = visitor.exchange(code).json()
    tokens |= visitor.refresh(tokens["refresh_token"]).json()
    for held in (password, code, tokens["access_token"], tokens["refresh_token"]):
        assert held not in caplog.text


def test_nobody_registers_the_console(access: Access) -> None:
    with pytest.raises(ClientExists):
        access.clients.register(ClientId("console"), SHAPINGBA, [Role.APP])
