"""An identity provider over real HTTP whose tokens look like Keycloak's own: the outside world.

The default access token of Keycloak: header `typ: JWT` (not at+jwt); claims `typ: Bearer`, `azp` for
the application, `aud: account` (or a list), `jti` with a prefix, roles below `realm_access` and
`resource_access`; a service account's also `client_id` and `preferred_username: service-account-...`.
Its ID token differs by `typ: ID` and `aud`, its refresh token by `typ: Refresh` and HS512. Its key set
holds an encryption key (`use: enc`) beside the signing one.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import patch

from joserfc.jwk import ECKey, KeySet, RSAKey
from joserfc.jws import serialize_compact

from access import jwks

REALM = "/realms/city"
PATIENCE = 60.0
"""Seconds that only what goes wrong takes."""
SM2 = {"kty": "EC", "crv": "SM2", "kid": "sm2", "use": "sig", "x": "AA", "y": "AA"}
"""A national key, whose curve no library here knows."""


def new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)


@cache
def first_keys() -> tuple[RSAKey, RSAKey]:
    """A signing and an encryption key; making them takes longer than the tests."""
    return new_key(), RSAKey.generate_key(2048, {"use": "enc", "alg": "RSA-OAEP"}, auto_kid=True)


@dataclass
class Keycloak:
    """`answers` replaces what a path tells: (status, headers, body); `asked` are the paths served."""

    host: str
    signing: RSAKey = field(default_factory=lambda: first_keys()[0])
    keys: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    """Answers wait for it."""

    def __post_init__(self) -> None:
        self.hold.set()
        public = [key.as_dict(private=False) for key in (first_keys()[1], self.signing)]
        self.keys = [SM2, *public]

    @property
    def issuer(self) -> str:
        return f"{self.host}{REALM}"

    @property
    def certs(self) -> str:
        return f"{self.issuer}/protocol/openid-connect/certs"

    def served(self, path: str) -> tuple[int, dict[str, str], bytes]:
        if path in self.answers:
            return self.answers[path]
        told: dict[str, object]
        if path == f"{REALM}/.well-known/openid-configuration":
            told = {"issuer": self.issuer, "jwks_uri": self.certs}
        elif path == f"{REALM}/protocol/openid-connect/certs":
            told = {"keys": self.keys}
        else:
            return 404, {}, b"{}"
        return 200, {"Content-Type": "application/json"}, json.dumps(told).encode()

    def rotate(self) -> None:
        """A new signing key; the old one is withdrawn."""
        self.signing = new_key()
        self.keys = [*self.keys[:2], self.signing.as_dict(private=False)]

    def token(self, now: datetime, **changes: object) -> str:
        """A person's default access token, through the application `city-portal`."""
        return self.signed(self.claims(now) | changes)

    def service_token(self, now: datetime, client: str, **changes: object) -> str:
        """The default access token of an application's service account."""
        own = {
            "azp": client,
            "client_id": client,
            "clientHost": "10.1.2.3",
            "clientAddress": "10.1.2.3",
            "preferred_username": f"service-account-{client}",
            "sub": f"sub-of-{client}",
            "jti": "trrtcc:20cda5b8-8b46-4046-976d-0a477d66e919",
        }
        return self.signed(self.claims(now) | own | changes)

    def id_token(self, now: datetime, **changes: object) -> str:
        own = {"typ": "ID", "aud": "city-portal", "at_hash": "x", "nonce": "n"}
        return self.signed(self.claims(now) | own | changes)

    def claims(self, now: datetime) -> dict[str, object]:
        at = int(now.timestamp())
        return {
            "exp": at + 300,
            "iat": at,
            "auth_time": at,
            "jti": "onrtac:6f1d3d0e-0e0c-4d1f-9a53-1d0ff1a2b3c4",
            "iss": self.issuer,
            "aud": "account",
            "sub": "1f4db6ad-5e75-479c-b289-b8096ec1f4f4",
            "typ": "Bearer",
            "azp": "city-portal",
            "sid": "a2b1",
            "acr": "1",
            "allowed-origins": ["/*"],
            "realm_access": {"roles": ["offline_access", "default-roles-city", "hub-steward"]},
            "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}},
            "scope": "email profile",
            "email_verified": False,
            "preferred_username": "liming",
        }

    def signed(
        self,
        claims: dict[str, object],
        header: dict[str, object] | None = None,
        key: RSAKey | ECKey | None = None,
    ) -> str:
        present = {name: value for name, value in claims.items() if value is not None}
        head = {"alg": "RS256", "typ": "JWT", **(header or {})}
        keys = KeySet([key or self.signing])
        content = json.dumps(present).encode()
        return serialize_compact(head, content, keys, algorithms=[str(head["alg"])])


@contextmanager
def keycloak() -> Iterator[Keycloak]:
    """Running until the end of the block; a test that is about a slow one hurries whoever asks it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            told.hold.wait(4 * PATIENCE)
            status, headers, body = told.served(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):  # who asked has had enough
                self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told = Keycloak(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        with patch.object(jwks, "SECONDS", PATIENCE):
            yield told
    finally:
        told.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


def later(now: datetime, **by: int) -> int:
    """Seconds since the epoch."""
    return int((now + timedelta(**by)).timestamp())
