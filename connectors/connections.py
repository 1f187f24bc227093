"""The operator's connections file: addresses and credentials, in nobody else's sight.

Rules: only its owner may read it (mode 0600); a source reaches only the host:port pairs declared
beside it, checked by name and again by resolved address, after every redirect; link-local,
multicast and unspecified addresses are always refused, loopback unless it is declared as such;
what was resolved is what is connected to; secrets never appear in a repr, a log or an error.
"""

import ipaddress
import socket
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, SecretStr, TypeAdapter, ValidationError, field_validator

from catalog.declaration import Declared, read_document
from catalog.domain import SourceKind
from connectors.errors import AddressRefused, ConnectionsExposed, ConnectionUnknown

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
UNIX = "unix:"


class _Entry(Declared):
    model_config = ConfigDict(hide_input_in_errors=True)


class _Outbound(_Entry):
    allow: tuple[str, ...] = ()
    """`host:port` pairs; `unix:/folder` for a database's socket."""

    @field_validator("allow")
    @classmethod
    def _pairs(cls, allow: tuple[str, ...]) -> tuple[str, ...]:
        for pair in allow:
            host, _, port = pair.rpartition(":")
            if not pair.startswith(UNIX) and (not host or not port.isdigit()):
                message = f"{pair} is not of the form host:port"
                raise ValueError(message)
        return tuple(pair if pair.startswith(UNIX) else pair.lower() for pair in allow)


class RestConnection(_Outbound):
    """`secret` signs each request; see `connectors/rest.py`."""

    kind: Literal["rest"]
    url: str = Field(pattern=r"^https?://[^/@\s]+(/[^?#@\s]*)?$")
    key_id: str
    secret: SecretStr


class InterfaceConnection(_Outbound):
    """A live service. `secret`, where it has one, is the value of the request's header `header`."""

    kind: Literal["interface"]
    url: str = Field(pattern=r"^https?://[^/@\s]+(/[^?#@\s]*)?$")
    header: str = Field(default="Authorization", pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    secret: SecretStr | None = None


class SqlConnection(_Outbound):
    """`url` is an SQLAlchemy address and may hold a password."""

    kind: Literal["sql"]
    url: SecretStr


class FilesConnection(_Entry):
    kind: Literal["files"]
    folder: Path


Connection: TypeAlias = RestConnection | InterfaceConnection | SqlConnection | FilesConnection


FILE: TypeAdapter[dict[str, Connection]] = TypeAdapter(
    dict[str, Annotated[Connection, Field(discriminator="kind")]],
    config=ConfigDict(hide_input_in_errors=True),
)


class Connections:
    """The connections by name."""

    def __init__(self, by_name: Mapping[str, Connection]) -> None:
        self._by_name = dict(by_name)

    def __repr__(self) -> str:
        return f"Connections({', '.join(sorted(self._by_name))})"

    def get(self, name: str, kind: SourceKind) -> Connection:
        connection = self._by_name.get(name)
        if connection is None or connection.kind != kind.value:
            raise ConnectionUnknown(connection=name, kind=kind.value)
        return connection

    def interface(self, name: str) -> InterfaceConnection:
        connection = self._by_name.get(name)
        if not isinstance(connection, InterfaceConnection):
            raise ConnectionUnknown(connection=name, kind="interface")
        return connection


class ConnectionsFile:
    """The operator's file as it stands: read again when it has changed, so that a new key counts at
    once. Blocking.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read: tuple[tuple[int, int], Connections] | None = None

    def __call__(self) -> Connections:
        """DeclarationError, ConnectionsExposed."""
        if not self._file.exists():
            return Connections({})
        stat_ = self._file.stat()
        mark = stat_.st_mtime_ns, stat_.st_ino
        if self._read is None or self._read[0] != mark:
            self._read = mark, read_connections(self._file)
        return self._read[1]


def read_connections(file: Path) -> Connections:
    """DeclarationError names file and line; ConnectionsExposed when others may read the file."""
    if file.exists():
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o177:
            raise ConnectionsExposed(file=file, mode=f"{mode:04o}")
    document = read_document(file)
    try:
        return Connections(FILE.validate_python(document.content))
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        # Not chained: the cause would carry the file's content into a log.
        raise document.error(first["loc"], f"{where}: {first['msg']}.") from None


def permitted_address(name: str, allow: Sequence[str], host: str, port: int) -> str:
    """The one address to connect to for host:port; AddressRefused when there is none.

    Every address the name resolves to must be permitted: a name that also points elsewhere is a
    name that somebody is changing.
    """
    pair = f"{host}:{port}".lower()
    if pair not in allow:
        raise AddressRefused(address=pair, connection=name, problem="not declared")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as wrong:
        raise AddressRefused(address=pair, connection=name, problem="unknown host") from wrong
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    for address in addresses:
        problem = _problem(address, host)
        if problem is not None:
            raise AddressRefused(address=f"{pair} ({address})", connection=name, problem=problem)
    return str(addresses[0])


def _problem(address: Address, host: str) -> str | None:
    plain = getattr(address, "ipv4_mapped", None) or address
    if plain.is_link_local:
        return "link-local"
    if plain.is_multicast or plain.is_unspecified:
        return "not an address of one machine"
    if plain.is_loopback and not _names_loopback(host):
        return "a name that leads back to this machine"
    return None


def _names_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
