"""The embedded OAuth 2.1 issuer: client credentials in, a signed access token of ten minutes out.

Authlib decides the protocol; this binds its synchronous core to our clients and keys, so it blocks
and is called in a worker thread. Clients authenticate by HTTP Basic alone. There is no
authorization code yet, hence no PKCE, and the metadata says so. Nothing that a caller sent is
repeated in an error, and Authlib's debug lines, which print tokens, never reach a log.
"""

import base64
import binascii
import logging
import secrets
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import unquote_plus

from authlib.common.security import is_secure_transport
from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidRequestError,
    OAuth2Error,
)
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from joserfc import jwt

from access.clients import ClientStore, RegisteredClient
from access.errors import IssuerAddressFault
from access.keys import ALGORITHM, SigningKeys
from access.token import TYPE
from catalog.clock import Clock, SystemClock

LIFETIME = timedelta(minutes=10)
TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address
JWKS_PATH = "/.well-known/jwks.json"
METADATA_PATH = "/.well-known/oauth-authorization-server"
GRANT_TYPES = (ClientCredentialsGrant.GRANT_TYPE,)
TALKATIVE = (
    "authlib.oauth2.rfc6749.authenticate_client",
    "authlib.oauth2.rfc6749.grants.client_credentials",
)
"""Authlib's loggers that print client ids and whole tokens at debug level."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the HTTP edge sends: a JSON body with its status and headers."""

    status: int
    body: Mapping[str, object]
    headers: tuple[tuple[str, str], ...]


class Issuer:
    """`address` is the `iss` of its tokens and the base of its endpoints; `audience` their `aud`."""

    def __init__(
        self,
        address: str,
        audience: str,
        keys: SigningKeys,
        clients: ClientStore,
        system_clock: Clock | None = None,
    ) -> None:
        if not is_secure_transport(address):
            raise IssuerAddressFault(f"{address} is neither https nor a loopback address")
        self.address = address.rstrip("/")
        self._audience = audience
        self._keys = keys
        self._clients = clients
        self._clock = system_clock or SystemClock()  # tokens run on system time, not city time
        self._server = _Server(self)
        for name in TALKATIVE:
            logging.getLogger(name).addFilter(_not_debug)

    def token(self, authorization: str | None, form: Mapping[str, str]) -> Reply:
        """Answers a token request; `form` has each parameter once."""
        uri = self.address + TOKEN_PATH
        request = _TokenRequest(uri, {"Authorization": authorization or ""}, form)
        reply: Reply = self._server.create_token_response(request)
        return reply

    def jwks(self) -> Mapping[str, object]:
        """The keys that verify its tokens."""
        self._keys.reload()
        return {"keys": self._keys.public()["keys"]}

    def metadata(self) -> Mapping[str, object]:
        """RFC 8414."""
        return {
            "issuer": self.address,
            "token_endpoint": self.address + TOKEN_PATH,
            "jwks_uri": self.address + JWKS_PATH,
            "grant_types_supported": list(GRANT_TYPES),
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def authenticate(self, authorization: str) -> RegisteredClient:
        """Raises the one refusal for whatever is wrong with the credentials."""
        credentials = basic_credentials(authorization)
        if credentials is None:
            raise _ClientRefused
        client = self._clients.authenticate(*credentials)
        if client is None:
            raise _ClientRefused
        return client

    def sign(self, client: RegisteredClient) -> str:
        """A new access token, known to the registry before anyone holds it."""
        self._keys.reload()
        issued = self._clock.now().replace(microsecond=0)
        expires = issued + LIFETIME
        token_id = secrets.token_urlsafe(24)
        claims: jwt.Claims = {
            "iss": self.address,
            "aud": self._audience,
            "sub": client.id,
            "client_id": client.id,
            "jti": token_id,
            "iat": int(issued.timestamp()),
            "exp": int(expires.timestamp()),
        }
        signed = jwt.encode({"alg": ALGORITHM, "typ": TYPE}, claims, self._keys.signing)
        self._clients.record_token(token_id, client.id, issued, expires)
        return signed


def basic_credentials(authorization: str) -> tuple[str, str] | None:
    """The form-encoded id and secret of RFC 6749, 2.3.1; None where the header is anything else."""
    scheme, _, encoded = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    client, separator, secret = text.partition(":")
    if not (client and separator and secret):
        return None
    return unquote_plus(client), unquote_plus(secret)


# --- what Authlib asks for; it has no types, hence the ignores -------------------------------


class _ClientRefused(InvalidClientError):  # type: ignore[misc] # untyped base
    description = "Client authentication failed."
    status_code = 401

    def get_headers(self) -> list[tuple[str, str]]:
        challenge = ("WWW-Authenticate", 'Basic realm="vitalhub", charset="UTF-8"')
        return [*OAuth2Error.get_headers(self), challenge]


class _GrantTypeRefused(OAuth2Error):  # type: ignore[misc] # untyped base
    error = "unsupported_grant_type"
    description = "The only grant_type of this server is client_credentials."


class _Payload(OAuth2Payload):  # type: ignore[misc] # untyped base
    def __init__(self, form: Mapping[str, str]) -> None:
        self._form = form

    @property
    def data(self) -> Mapping[str, str]:
        return self._form

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, {name: [value] for name, value in self._form.items()})


class _TokenRequest(OAuth2Request):  # type: ignore[misc] # untyped base
    def __init__(self, uri: str, headers: Mapping[str, str], form: Mapping[str, str]) -> None:
        super().__init__("POST", uri, headers=headers)
        self.payload = _Payload(form)
        self._form = form

    @property
    def args(self) -> Mapping[str, str]:
        return {}

    @property
    def form(self) -> Mapping[str, str]:
        return self._form


class _Bearer(ClientMixin):  # type: ignore[misc] # untyped base
    """A registered client in Authlib's eyes: confidential, client credentials only, no scopes."""

    def __init__(self, registered: RegisteredClient) -> None:
        self.registered = registered

    def get_client_id(self) -> str:
        return self.registered.id

    def get_allowed_scope(self, scope: str | None) -> str | None:
        return None if scope else ""  # roles and grants say what is allowed; a scope is refused

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic" and endpoint == "token"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in GRANT_TYPES


class _Server(AuthorizationServer):  # type: ignore[misc] # untyped base
    def __init__(self, issuer: Issuer) -> None:
        super().__init__()
        self._issuer = issuer
        self.register_client_auth_method("client_secret_basic", self._authenticate)
        self.register_token_generator(
            "default",
            BearerTokenGenerator(self._sign, expires_generator=int(LIFETIME.total_seconds())),
        )
        self.register_grant(ClientCredentialsGrant)

    def _authenticate(self, _query_client: object, request: _TokenRequest) -> _Bearer:
        return _Bearer(self._issuer.authenticate(request.headers["Authorization"]))

    def _sign(self, client: _Bearer, **_circumstances: object) -> str:
        return self._issuer.sign(client.registered)

    def get_token_grant(self, request: _TokenRequest) -> ClientCredentialsGrant:
        if not request.payload.grant_type:
            raise InvalidRequestError("The parameter grant_type is missing.")
        if request.payload.grant_type not in GRANT_TYPES:
            raise _GrantTypeRefused
        return super().get_token_grant(request)

    def create_token_response(self, request: _TokenRequest) -> Reply:
        try:
            return super().create_token_response(request)  # type: ignore[no-any-return] # untyped base
        except OAuth2Error as error:
            return self.handle_response(*error())

    def create_oauth2_request(self, request: _TokenRequest) -> _TokenRequest:
        return request

    def query_client(self, client_id: str) -> None:
        """Clients are found by their credentials alone."""

    def save_token(self, token: object, request: object) -> None:
        """`Issuer.sign` has recorded it."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def handle_response(
        self, status: int, body: Mapping[str, object], headers: list[tuple[str, str]]
    ) -> Reply:
        return Reply(status, body, tuple(headers))


def invalid_request(description: str, status: int = 400) -> Reply:
    """The refusal of a request that is not even well-formed."""
    _, body, headers = InvalidRequestError(description)()
    return Reply(status, body, tuple(headers))


def _not_debug(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG
