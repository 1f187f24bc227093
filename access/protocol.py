"""The token endpoint's protocol as Authlib has it, bound to our clients, log-ins and keys.

Rules: Authlib's own query-then-delete of codes is never used (it lets one code give several tokens):
a code or refresh token is spent by the look-up itself, whatever comes of the request; PKCE is S256
and always asked for; lifetimes are ours; every refusal of a client reads the same. Authlib's core is
synchronous, its debug lines print tokens: they never reach a log.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidClientError, OAuth2Error
from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
)
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge

from access.clients import CONSOLE, RegisteredClient
from access.replies import NEVER_KEPT, TEXTS, Reply, client_refused, refusal
from access.sessions import LogIn, Redeemed, SessionStore
from catalog.ids import ClientId

BASIC, PUBLIC = "client_secret_basic", "none"
METHODS = (BASIC, PUBLIC)
APPLICATIONS = (ClientCredentialsGrant.GRANT_TYPE,)
PAGES = (AuthorizationCodeGrant.GRANT_TYPE, RefreshTokenGrant.GRANT_TYPE)
GRANT_TYPES = (*APPLICATIONS, *PAGES)
TALKATIVE = (
    "authlib.oauth2.rfc6749.authenticate_client",
    "authlib.oauth2.rfc6749.grants.authorization_code",
    "authlib.oauth2.rfc6749.grants.client_credentials",
    "authlib.oauth2.rfc6749.grants.refresh_token",
)
"""Authlib's loggers that print client ids and whole tokens at debug level."""


class Authority(Protocol):
    """What the protocol needs of the issuer."""

    sessions: SessionStore

    def authenticate(self, authorization: str) -> RegisteredClient | None: ...
    def sign(self, holder: RegisteredClient, login: LogIn | None = None) -> str: ...


class TokenProtocol:
    """Answers token requests; `seconds` is how long a token lives."""

    def __init__(self, authority: Authority, seconds: int) -> None:
        self._server = _Server(authority, seconds)
        for name in TALKATIVE:
            logging.getLogger(name).addFilter(_not_debug)

    def token(self, uri: str, authorization: str, form: Mapping[str, str]) -> Reply:
        """`form` has each parameter once."""
        request = _TokenRequest(uri, {"Authorization": authorization}, form)
        reply: Reply = self._server.create_token_response(request)
        return reply


# --- what Authlib asks for; it has no types, hence the ignores -------------------------------


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


class _Asking(ClientMixin):  # type: ignore[misc] # untyped base
    """A client in Authlib's eyes; without a registered one it is the hub's own public pages."""

    def __init__(self, registered: RegisteredClient | None) -> None:
        self.registered = registered

    def get_client_id(self) -> ClientId:
        return self.registered.id if self.registered else CONSOLE

    def get_allowed_scope(self, scope: str | None) -> str | None:
        return None if scope else ""  # roles and grants say what is allowed; a scope is refused

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and method == (BASIC if self.registered else PUBLIC)

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in (APPLICATIONS if self.registered else PAGES)


@dataclass(frozen=True, slots=True)
class _Code:
    redeemed: Redeemed
    code_challenge_method: str = "S256"

    @property
    def code_challenge(self) -> str:
        return self.redeemed.challenge

    def get_redirect_uri(self) -> str:
        return self.redeemed.redirect

    def get_scope(self) -> str:
        return ""


class _OnlyS256(CodeChallenge):  # type: ignore[misc] # untyped base
    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)


class _CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc] # untyped base
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def query_authorization_code(self, code: str, client: _Asking) -> _Code | None:
        redeemed = self.server.sessions.redeem(code, client.get_client_id())
        return None if redeemed is None else _Code(redeemed)

    def authenticate_user(self, code: _Code) -> LogIn:
        return code.redeemed.login

    def delete_authorization_code(self, code: _Code) -> None:
        """It was spent when it was looked up."""


@dataclass(frozen=True, slots=True)
class _Refresh:
    login: LogIn

    def check_client(self, client: _Asking) -> bool:
        return client.get_client_id() == self.login.client

    def get_scope(self) -> str:
        return ""


class _RefreshGrant(RefreshTokenGrant):  # type: ignore[misc] # untyped base
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> _Refresh | None:
        client = self.request.client.get_client_id()
        login = self.server.sessions.renew(refresh_token, client)
        return None if login is None else _Refresh(login)

    def authenticate_user(self, refresh: _Refresh) -> LogIn:
        return refresh.login

    def revoke_old_credential(self, refresh: _Refresh) -> None:
        """It was spent when it was looked up."""


class _Server(AuthorizationServer):  # type: ignore[misc] # untyped base
    def __init__(self, authority: Authority, seconds: int) -> None:
        super().__init__()
        self._authority = authority
        self.sessions = authority.sessions
        self.register_client_auth_method(BASIC, self._by_secret)
        self.register_client_auth_method(PUBLIC, _by_name)
        self.register_token_generator(
            "default", BearerTokenGenerator(self._sign, _refresh_of, expires_generator=seconds)
        )
        self.register_grant(ClientCredentialsGrant)
        self.register_grant(_CodeGrant, [_OnlyS256(required=True)])
        self.register_grant(_RefreshGrant)

    def _by_secret(self, _query_client: object, request: _TokenRequest) -> _Asking | None:
        authorization = request.headers["Authorization"]
        if not authorization:
            return None
        client = self._authority.authenticate(authorization)
        if client is None:
            raise InvalidClientError
        return _Asking(client)

    def _sign(self, client: _Asking, user: LogIn | None, **_circumstances: object) -> str:
        if user is not None:
            return self._authority.sign(user.person, user)
        if client.registered is None:
            raise InvalidClientError
        return self._authority.sign(client.registered)

    def create_oauth2_request(self, request: _TokenRequest) -> _TokenRequest:
        return request

    def query_client(self, client_id: str) -> None:
        """Clients are found by their credentials alone."""

    def save_token(self, token: object, request: object) -> None:
        """`sign` has recorded it."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def handle_response(
        self, status: int, body: Mapping[str, object], _headers: list[tuple[str, str]]
    ) -> Reply:
        return Reply(status, body, NEVER_KEPT)

    def handle_error_response(self, _request: object, error: OAuth2Error) -> Reply:
        if isinstance(error, InvalidClientError):
            return client_refused()
        return refusal(error.error if error.error in TEXTS else "invalid_request")


def _by_name(_query_client: object, request: _TokenRequest) -> _Asking | None:
    named = request.payload.client_id == CONSOLE and not request.headers["Authorization"]
    return _Asking(None) if named else None


def _refresh_of(user: LogIn, **_circumstances: object) -> str:
    return user.refresh


def _not_debug(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG
