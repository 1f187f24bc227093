"""The operator's commands on the home folder: people, secrets, keys. No hub need run."""

from collections.abc import Sequence
from pathlib import Path

import pytest

import server
from access.clients import ClientStore, Kind
from access.keys import SigningKeys
from catalog.clock import SystemClock
from catalog.domain import read_organisations
from catalog.store import CatalogueStore
from hub.composition import OPERATOR
from migrations.run import upgrade
from registry.store import Registry
from settings import Settings

PERSON = ["--organisation", "cq_water", "--role", "steward", "--title", "黎明"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a registry that knows the city's organisations."""
    settings = Settings(home=tmp_path)
    upgrade(settings.registry)
    registry = Registry(settings.registry)
    store = CatalogueStore(registry, SystemClock())
    store.import_organisations(read_organisations(settings.city / "organisations.yaml"), OPERATOR)
    registry.close()
    return tmp_path


def run(home: Path, *words: str) -> int:
    return server.main([*words, "--home", str(home)])


def clients(home: Path) -> ClientStore:
    return ClientStore(Registry(Settings(home=home).registry))


def shown(capsys: pytest.CaptureFixture[str], label: str) -> str:
    line = next(line for line in capsys.readouterr().out.splitlines() if label in line)
    return line.replace("=", "：").rpartition("：")[2].strip()


def test_a_person_is_added_renewed_and_disabled(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(home, "person", "add", "li-ming", *PERSON) == 0
    first = shown(capsys, "password")
    assert clients(home).authenticate("li-ming", first, Kind.PERSON) is not None
    assert clients(home).authenticate("li-ming", first) is None
    assert run(home, "person", "renew", "li-ming") == 0
    second = shown(capsys, "password")
    assert clients(home).authenticate("li-ming", first, Kind.PERSON) is None
    assert clients(home).authenticate("li-ming", second, Kind.PERSON) is not None
    assert run(home, "person", "disable", "li-ming") == 0
    assert clients(home).authenticate("li-ming", second, Kind.PERSON) is None
    assert run(home, "person", "list") == 0
    assert "黎明" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["person", "renew", "nobody"], "UNKNOWN_CLIENT"),
        (["person", "disable", "an-app"], "UNKNOWN_CLIENT"),
        (["client", "renew", "li-ming"], "UNKNOWN_CLIENT"),
        (["person", "add", "an-app", *PERSON], "CLIENT_EXISTS"),
        (["person", "add", "console", *PERSON], "CLIENT_EXISTS"),
        (["person", "add", "黎明", *PERSON], "CLIENT_ID_REFUSED"),
        (["person", "add", "x", *PERSON, "--role", "auditor"], "ROLES_CONFLICT"),
        (["person", "add", "x", "--organisation", "nowhere", "--role", "app"], "nowhere"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_what_does_not_fit_is_refused(
    home: Path, capsys: pytest.CaptureFixture[str], words: Sequence[str], code: str
) -> None:
    run(home, "person", "add", "li-ming", *PERSON)
    run(home, "client", "add", "an-app", "--organisation", "cq_water", "--role", "app")
    capsys.readouterr()
    assert run(home, *words) == 1
    assert code in capsys.readouterr().err


def test_a_clients_secret_is_renewed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(home, "client", "add", "an-app", "--organisation", "cq_water", "--role", "app")
    first = shown(capsys, "SECRET")
    assert run(home, "client", "renew", "an-app") == 0
    second = shown(capsys, "SECRET")
    assert clients(home).authenticate("an-app", first) is None
    assert clients(home).authenticate("an-app", second) is not None


def test_a_home_without_a_registry_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "person", "list") == 2
    assert "server.py serve" in capsys.readouterr().err


def test_a_key_is_rotated_and_only_where_there_is_one(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(home, "key", "rotate") == 2
    keys = SigningKeys(home / "keys" / "signing.json")
    before = keys.active
    capsys.readouterr()
    assert run(home, "key", "rotate") == 0
    keys.reload()
    assert keys.active != before
    assert keys.active in capsys.readouterr().out
    assert keys.knows(before)


ISSUER = "https://sso.example/realms/city"
SUBJECT = ("--issuer", ISSUER, "--subject", "1f4d")


def test_an_outside_identity_is_linked_listed_and_unlinked(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = home / "providers.yaml"
    file.write_text(f"providers: [{{issuer: {ISSUER}, shape: keycloak, audience: account}}]")
    file.chmod(0o600)
    run(home, "person", "add", "li-ming", *PERSON)
    assert run(home, "client", "link", "li-ming", *SUBJECT) == 0
    assert run(home, "client", "link", "li-ming", *SUBJECT) == 1
    assert "LINK_EXISTS" in capsys.readouterr().err
    assert run(home, "client", "links") == 0
    assert "1f4d" in capsys.readouterr().out
    assert run(home, "client", "unlink", *SUBJECT) == 0
    assert run(home, "client", "unlink", *SUBJECT) == 1
    assert "LINK_UNKNOWN" in capsys.readouterr().err


def test_only_a_declared_provider_is_linked(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(home, "person", "add", "li-ming", *PERSON)
    assert run(home, "client", "link", "li-ming", *SUBJECT) == 2
    assert "docs/identity.md" in capsys.readouterr().err
