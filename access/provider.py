"""Identity providers outside the hub (Keycloak, a government SSO), declared by the operator.

Rules: https, except on this machine; only signatures by key pairs; a shape of token says how an access
token is told from any other token of the same provider. The registry is the ceiling: a mapping of roles
only narrows what a linked client has, a mapping of organisations only confirms it.
"""

import stat
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from access.roles import Role
from catalog.declaration import Declared, checked, read_document

Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
OTHERS_MAY_WRITE = 0o022


def secure_address(address: str) -> str:
    """ValueError unless it is https, or plain http on this machine."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme not in {"https", "http"} or not host or parts.username or parts.fragment:
        raise ValueError(f"{address} is not an address like https://sso.example/realms/city")
    if parts.scheme == "http" and not _is_this_machine(host):
        raise ValueError(f"{address} must be https: only this machine is reached without")
    return address


Address = Annotated[str, AfterValidator(secure_address)]


class Mapped(Declared):
    """A claim of the token and what its values mean here."""

    claim: str | tuple[str, ...]
    """A name, with dots for what stands within, or the names one by one."""
    map: Mapping[str, str]

    @property
    def path(self) -> Sequence[str]:
        return self.claim.split(".") if isinstance(self.claim, str) else self.claim


class MappedRoles(Mapped):
    map: Mapping[str, Role]


class Provider(Declared):
    issuer: Address
    shape: Literal["keycloak", "rfc9068"]
    audience: str = Field(min_length=1)
    """What `aud` must hold."""
    keys: Address | None = None
    """Its JWKS; without it the provider's own discovery tells, on the same host."""
    ca: Path | None = None
    """A PEM file of the authority that signed its certificate, where that is a private one."""
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256", "PS256", "ES256"), min_length=1)
    clients: frozenset[str] = frozenset()
    """The provider's applications that people's tokens may come through; none: no people."""
    types: tuple[str, ...] = ()
    client_claim: str = ""
    service_claim: str = ""
    """Names the client again where the token is an application's own and nobody logged in."""
    required: Mapping[str, str] | None = None
    """Claims that only an access token has."""
    roles: MappedRoles | None = None
    organisation: Mapped | None = None

    @model_validator(mode="after")
    def _tells_access_tokens(self) -> Self:
        if "JWT" in self.types and not self.required:
            raise ValueError("`types` with JWT needs `required`: else an ID token would pass")
        return self

    def shaped(self) -> "Shape":
        known = SHAPES[self.shape]
        return Shape(
            types=frozenset(map(str.lower, self.types or known.types)),
            client_claim=self.client_claim or known.client_claim,
            service_claim=self.service_claim or known.service_claim,
            required=known.required if self.required is None else self.required,
        )


class Shape(Declared):
    """How a provider's access tokens look."""

    types: frozenset[str]
    client_claim: str
    service_claim: str
    required: Mapping[str, str]


SHAPES: Mapping[str, Shape] = {
    "keycloak": Shape(
        types=frozenset({"JWT", "at+jwt"}),
        client_claim="azp",
        service_claim="client_id",
        required={"typ": "Bearer"},
    ),
    "rfc9068": Shape(
        types=frozenset({"at+jwt", "application/at+jwt"}),
        client_claim="client_id",
        service_claim="sub",
        required={},
    ),
}


class _File(Declared):
    providers: tuple[Provider, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        issuers = [provider.issuer for provider in self.providers]
        if len(set(issuers)) != len(issuers):
            raise ValueError("an issuer stands twice")
        return self


def read_providers(file: Path) -> tuple[Provider, ...]:
    """None where there is no file; DeclarationError names the line."""
    if not file.exists():
        return ()
    document = read_document(file)
    if stat.S_IMODE(file.stat().st_mode) & OTHERS_MAY_WRITE:
        raise document.error((), "others may write it, and with it who is believed: chmod 600.")
    return checked(document, _File).providers


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
