import socket
from pathlib import Path

import pytest

from catalog.domain import SourceKind
from catalog.errors import DeclarationError
from connectors.connections import RestConnection, permitted_address, read_connections
from connectors.errors import AddressRefused, ConnectionsExposed, ConnectionUnknown

TEXT = """\
mwr_river:
  kind: rest
  url: http://127.0.0.1:8101
  allow: ["127.0.0.1:8101"]
  key_id: hub
  secret: s3cret-value
cq_water_db:
  kind: sql
  url: postgresql+psycopg://hub:s3cret-value@db:5432/water
  allow: ["db:5432"]
shapingba_files:
  kind: files
  folder: /srv/inbox
"""


def written(folder: Path, text: str = TEXT, mode: int = 0o600) -> Path:
    file = folder / "connections.yaml"
    file.write_text(text, "utf-8")
    file.chmod(mode)
    return file


def test_connections_are_found_by_name_and_kind(tmp_path: Path) -> None:
    connections = read_connections(written(tmp_path))
    found = connections.get("mwr_river", SourceKind.REST)
    assert isinstance(found, RestConnection)
    assert found.secret.get_secret_value() == "s3cret-value"
    for name, kind in (("mwr_river", SourceKind.SQL), ("nobody", SourceKind.REST)):
        with pytest.raises(ConnectionUnknown):
            connections.get(name, kind)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o700, 0o620])
def test_a_file_others_may_read_stops_the_start(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConnectionsExposed, match="chmod 600"):
        read_connections(written(tmp_path, mode=mode))


def test_secrets_are_in_no_repr(tmp_path: Path) -> None:
    connections = read_connections(written(tmp_path))
    for name, kind in (("mwr_river", SourceKind.REST), ("cq_water_db", SourceKind.SQL)):
        assert "s3cret" not in repr(connections.get(name, kind))
    assert "s3cret" not in repr(connections)


def test_a_wrong_entry_names_its_line_and_never_its_values(tmp_path: Path) -> None:
    wrong = TEXT.replace("key_id: hub", "keyid: s3cret-key")
    with pytest.raises(DeclarationError) as refused:
        read_connections(written(tmp_path, wrong))
    assert int(str(refused.value.details["line"])) > 0
    assert "mwr_river" in str(refused.value)
    shown = f"{refused.value!r} {refused.value.__cause__!r} {refused.value.__context__!r}"
    assert "s3cret" not in shown


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("http://127.0.0.1:8101", "http://user:pw@127.0.0.1:8101"),
        ("http://127.0.0.1:8101", "ftp://127.0.0.1:8101"),
        ('["127.0.0.1:8101"]', '["127.0.0.1"]'),
    ],
)
def test_an_address_of_another_form_is_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(DeclarationError):
        read_connections(written(tmp_path, TEXT.replace(old, new, 1)))


def test_only_declared_pairs_may_be_reached() -> None:
    assert permitted_address("x", ["127.0.0.1:80"], "127.0.0.1", 80) == "127.0.0.1"
    with pytest.raises(AddressRefused, match="not declared"):
        permitted_address("x", ["127.0.0.1:80"], "127.0.0.1", 81)


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "0.0.0.0", "224.0.0.1", "::"],  # noqa: S104 - refused here
)
def test_link_local_and_the_like_are_refused_even_when_declared(address: str) -> None:
    with pytest.raises(AddressRefused):
        permitted_address("x", [f"{address}:80"], address, 80)


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.1.1", "::1"])
def test_a_declared_name_that_leads_home_or_to_link_local_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    def resolved(*_: object, **__: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        good = (2, 1, 6, "", ("10.0.0.1", 80))
        return [good, (2, 1, 6, "", (address, 80))]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    with pytest.raises(AddressRefused):
        permitted_address("x", ["water.cq.gov.cn:80"], "water.cq.gov.cn", 80)


def test_localhost_is_loopback_by_name() -> None:
    assert permitted_address("x", ["localhost:80"], "localhost", 80) in {"127.0.0.1", "::1"}
