"""The query page in a real browser: people and applications log in, and out; nothing is kept."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket

import pytest
import uvicorn

from access.clients import ClientStore, Kind
from access.roles import Role
from catalog.actor import Person
from catalog.domain import read_domains
from catalog.ids import ClientId, OrganisationCode
from hub.composition import build_hub
from hub.protocol import PatientProtocol
from registry.store import Registry
from settings import Settings
from tests.adoption import Officers, adopt
from tests.browser import Browser, browser

PERSON, APP = ClientId("li-ming"), ClientId("an-app")
WATER = OrganisationCode("cq_water")
OFFICERS = Officers(
    steward=lambda code: Person(ClientId("keeper"), code, frozenset({Role.STEWARD})),
    reviewer=lambda _: Person(
        ClientId("authority"), OrganisationCode("cq_bigdata"), frozenset({Role.STEWARD})
    ),
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A hub without sources, listening; its city's entries are published and have no rows."""
    with socket(AF_INET, SOCK_STREAM) as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        settings = Settings(home=tmp_path_factory.mktemp("home"), port=port)
        hub = build_hub(settings)
        for domain in read_domains(settings.city):
            adopt(hub.store, domain, OFFICERS)
        config = uvicorn.Config(hub.app, log_level="warning", http=PatientProtocol)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield settings
        finally:
            server.should_exit = True
            thread.join()
            hub.close()


@pytest.fixture(scope="module")
def secrets(settings: Settings) -> dict[ClientId, str]:
    with closing(Registry(settings.registry)) as registry:
        clients = ClientStore(registry)
        return {
            PERSON: clients.register(PERSON, WATER, [Role.STEWARD], "黎明", Kind.PERSON),
            APP: clients.register(APP, WATER, [Role.APP], "应用"),
        }


@pytest.fixture
def tab() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def log_in(tab: Browser, settings: Settings, password: str) -> None:
    tab.open(f"{settings.issuer}/graphql")
    tab.click("#person")
    tab.wait(lambda: "/oauth/authorize?" in tab.address)
    tab.type("#name", PERSON)
    tab.type("#password", password)
    tab.click("button")


def shows_editor(tab: Browser) -> bool:
    return bool(tab.run("return !!document.querySelector('.graphiql-container')"))


def write(tab: Browser, text: str) -> None:
    """Returns when the editor has read it, which it does a moment later: until then it would send
    a subscription as it sends a query.
    """
    editor = "document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror"
    tab.run(f"{editor}.setValue('{text}')")
    tab.wait(lambda: tab.run(f"return {editor}.documentAST?.loc.source.body") == text)


def kept(tab: Browser) -> str:
    """Whatever the browser would still know after the tab."""
    return str(
        tab.run(
            "return JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie,"
            " location.href])"
        )
    )


def test_a_person_logs_in_asks_and_logs_out(
    tab: Browser, settings: Settings, secrets: dict[ClientId, str], tmp_path: Path
) -> None:
    log_in(tab, settings, secrets[PERSON])
    tab.wait(lambda: shows_editor(tab))
    assert tab.address == f"{settings.issuer}/graphql"
    assert tab.text("#who") == f"{PERSON} · 重庆市水利局"
    tab.click(".graphiql-execute-button")
    tab.wait(lambda: '"steward"' in tab.text(".result-window"))
    tab.screenshot(tmp_path / "editor.png")
    assert kept(tab) == f'[{{}},{{}},"","{settings.issuer}/graphql"]'
    tab.click("#leave")
    tab.wait(lambda: tab.run("return !document.querySelector('#login').hidden"))
    assert not shows_editor(tab)
    tab.open(f"{settings.issuer}/graphql")
    assert not shows_editor(tab)


def test_a_wrong_password_is_told_and_the_right_one_goes_on(
    tab: Browser, settings: Settings, secrets: dict[ClientId, str], tmp_path: Path
) -> None:
    log_in(tab, settings, "wrong")
    tab.wait(lambda: "账号或密码不正确" in tab.text("#problem"))
    tab.screenshot(tmp_path / "login.png")
    tab.type("#password", secrets[PERSON])
    tab.click("button")
    tab.wait(lambda: shows_editor(tab))


def test_an_application_logs_in_by_its_secret(
    tab: Browser, settings: Settings, secrets: dict[ClientId, str]
) -> None:
    tab.open(f"{settings.issuer}/graphql")
    tab.type("#client", APP)
    tab.type("#secret", secrets[APP])
    tab.click("#form button")
    tab.wait(lambda: shows_editor(tab))
    assert tab.text("#who").startswith(APP)


def test_a_subscription_shows_its_first_answer_and_its_socket_ends_when_it_is_stopped(
    tab: Browser, settings: Settings, secrets: dict[ClientId, str]
) -> None:
    tab.open(f"{settings.issuer}/graphql")
    tab.type("#client", APP)
    tab.type("#secret", secrets[APP])
    tab.run(
        "const opened = window.WebSocket; window.sockets = [];"
        "window.WebSocket = class extends opened {"
        " constructor(...given) { super(...given); window.sockets.push(this); } };"
    )
    tab.click("#form button")
    tab.wait(lambda: shows_editor(tab))
    write(tab, "subscription { riverStation { stationName } }")
    tab.click(".graphiql-execute-button")
    tab.wait(lambda: '"riverStation": []' in tab.text(".result-window"))
    assert tab.run("return window.sockets.map((socket) => socket.readyState)") == [1]
    tab.click(".graphiql-execute-button")
    tab.wait(lambda: tab.run("return window.sockets[0].readyState") == 3)


@pytest.mark.parametrize(
    ("operation", "purpose", "told"),
    [
        ("query", "本部门数据", '"riverStation": []'),
        ("query", "没有的用途", "PURPOSE_UNKNOWN"),
        ("subscription", "没有的用途", "PURPOSE_UNKNOWN"),
    ],
)
def test_a_purpose_is_stated_under_headers_as_it_is_written(
    tab: Browser,
    settings: Settings,
    secrets: dict[ClientId, str],
    operation: str,
    purpose: str,
    told: str,
) -> None:
    tab.open(f"{settings.issuer}/graphql")
    tab.type("#client", APP)
    tab.type("#secret", secrets[APP])
    tab.click("#form button")
    tab.wait(lambda: shows_editor(tab))
    tab.run(
        "[...document.querySelectorAll('.graphiql-editor-tools button')]"
        ".find((button) => button.textContent === 'Headers').click()"
    )
    tab.run(
        "[...document.querySelectorAll('.graphiql-editor-tool .CodeMirror')].at(-1).CodeMirror"
        f""".setValue('{{"X-Vitalhub-Purpose": "{purpose}"}}')"""
    )
    write(tab, f"{operation} {{ riverStation {{ stationName }} }}")
    tab.click(".graphiql-execute-button")
    tab.wait(lambda: told in tab.text(".result-window"))


def test_a_code_that_this_tab_did_not_ask_for_is_not_used(tab: Browser, settings: Settings) -> None:
    tab.open(f"{settings.issuer}/graphql?code=x&state=0123456789&iss={settings.issuer}")
    tab.wait(lambda: "没有从本页开始" in tab.text("#problem"))
    assert tab.address == f"{settings.issuer}/graphql"


def test_another_name_of_this_machine_leads_to_the_hubs_own(
    tab: Browser, settings: Settings, secrets: dict[ClientId, str]
) -> None:
    tab.open(f"http://localhost:{settings.port}/graphql")
    tab.click("#person")
    tab.wait(lambda: tab.address.startswith(f"{settings.issuer}/oauth/authorize?"))
    tab.type("#name", PERSON)
    tab.type("#password", secrets[PERSON])
    tab.click("button")
    tab.wait(lambda: shows_editor(tab))


def test_the_editor_goes_on_with_the_next_token(
    tab: Browser, settings: Settings, secrets: dict[ClientId, str]
) -> None:
    """With a clock of the page that runs a thousand times as fast."""
    tab.open(f"{settings.issuer}/graphql")
    hurried = (
        "const slow = window.setTimeout;"
        "window.setTimeout = (call, ms, ...rest) => slow(call, ms / 1000, ...rest);"
    )
    tab.before_each_page(hurried)
    log_in(tab, settings, secrets[PERSON])
    tab.wait(lambda: shows_editor(tab))
    renewals = "return performance.getEntriesByName(location.origin + '/oauth/token').length"
    tab.wait(lambda: tab.run(renewals) >= 3)
    assert shows_editor(tab)
    tab.click(".graphiql-execute-button")
    tab.wait(lambda: '"steward"' in tab.text(".result-window"))
