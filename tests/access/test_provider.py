"""The operator's file of providers: what would let a wrong token pass is refused when it is read."""

from pathlib import Path

import pytest

from access.provider import read_providers
from access.roles import Role
from catalog.errors import DeclarationError

GOOD = """
providers:
  - issuer: https://sso.example/realms/city
    shape: keycloak
    audience: vitalhub
    clients: [city-portal]
    roles:
      claim: realm_access.roles
      map: {hub-steward: steward}
    organisation:
      claim: [department, code]
      map: {"0501": cq_water}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "providers.yaml"
    file.write_text(text, "utf-8")
    file.chmod(0o600)
    return file


def test_a_declared_provider_is_read_with_what_its_shape_says(tmp_path: Path) -> None:
    (provider,) = read_providers(written(tmp_path, GOOD))
    shape = provider.shaped()
    assert shape.types == {"jwt", "at+jwt"}
    assert (shape.client_claim, shape.service_claim) == ("azp", "client_id")
    assert shape.required == {"typ": "Bearer"}
    assert provider.algorithms == ("RS256", "PS256", "ES256")
    assert provider.roles is not None
    assert provider.organisation is not None
    assert provider.roles.map == {"hub-steward": Role.STEWARD}
    assert provider.roles.path == ["realm_access", "roles"]
    assert provider.organisation.path == ("department", "code")


def test_no_file_is_no_provider(tmp_path: Path) -> None:
    assert read_providers(tmp_path / "providers.yaml") == ()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("https://sso.example", "http://sso.example", 3),
        ("https://sso.example", "https://user:secret@sso.example", 3),
        ("https://sso.example", "ftp://sso.example", 3),
        ("https://sso.example/realms/city", "sso", 3),
        ("shape: keycloak", "shape: other", 4),
        ("audience: vitalhub", 'audience: ""', 5),
        ("clients: [city-portal]", "algorithms: [HS256]", 6),
        ("clients: [city-portal]", "algorithms: [none]", 6),
        ("clients: [city-portal]", "algorithms: []", 6),
        ("clients: [city-portal]", "keys: http://sso.example/keys", 6),
        ("clients: [city-portal]", "leeway: 3600", 6),
        ("shape: keycloak", "shape: rfc9068\n    types: [JWT]", 3),
        ("shape: keycloak", "shape: keycloak\n    types: [JWT]\n    required: {}", 3),
        ("hub-steward: steward", "hub-steward: king", 9),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_would_let_a_wrong_token_pass_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, line: int
) -> None:
    with pytest.raises(DeclarationError) as refused:
        read_providers(written(tmp_path, GOOD.replace(old, new)))
    assert refused.value.details["line"] == line


def test_an_issuer_stands_once(tmp_path: Path) -> None:
    entry = GOOD.removeprefix("\nproviders:\n")
    with pytest.raises(DeclarationError, match="twice"):
        read_providers(written(tmp_path, GOOD + entry))


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_not_believed(tmp_path: Path, mode: int) -> None:
    file = written(tmp_path, GOOD)
    file.chmod(mode)
    with pytest.raises(DeclarationError, match="chmod 600"):
        read_providers(file)
