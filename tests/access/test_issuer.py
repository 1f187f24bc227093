import base64
from pathlib import Path

import pytest

from access.errors import IssuerAddressFault
from access.issuer import Issuer, basic_credentials
from access.keys import SigningKeys
from tests.access.conftest import AUDIENCE, Access


def basic(text: bytes) -> str:
    return "Basic " + base64.b64encode(text).decode()


@pytest.mark.parametrize(
    ("header", "credentials"),
    [
        (basic(b"app:secret"), ("app", "secret")),
        (basic(b"app:with:colon"), ("app", "with:colon")),
        (basic(b"app%3A1:a%2Bb+c"), ("app:1", "a+b c")),
        ("basic  " + basic(b"app:secret")[6:], ("app", "secret")),
        ("", None),
        ("Basic", None),
        ("Basic ", None),
        ("Basic !!!", None),
        ("Basic 令牌", None),
        (basic(b"\xff\xfe:x"), None),
        (basic(b"no-colon"), None),
        (basic(b":secret"), None),
        (basic(b"app:"), None),
        ("Bearer abc", None),
    ],
)
def test_basic_credentials_are_read_as_rfc_6749_says_and_nothing_else_is(
    header: str, credentials: tuple[str, str] | None
) -> None:
    assert basic_credentials(header) == credentials


@pytest.mark.parametrize("address", ["http://hub.example", "http://0.0.0.0:8000", "hub", ""])
def test_an_issuer_on_an_open_address_does_not_start(
    access: Access, tmp_path: Path, address: str
) -> None:
    with pytest.raises(IssuerAddressFault):
        Issuer(address, AUDIENCE, SigningKeys(tmp_path / "keys.json"), access.clients)
