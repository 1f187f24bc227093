"""The embedded OAuth 2.1 issuer: who proves who they are gets a signed access token of ten minutes.

Applications prove themselves by HTTP Basic (client credentials); people log in on the hub's own page,
whose code and refresh tokens follow. `access/protocol.py` decides the token endpoint's protocol. A
token is revoked by its id, a log-in as a whole; of a token that is not the asker's nothing is told.
All of it blocks and is called in a worker thread.
"""

import base64
import binascii
import secrets
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import unquote_plus

from authlib.common.security import is_secure_transport
from joserfc import jwt

from access.clients import CONSOLE, ClientStore, RegisteredClient, TokenStanding
from access.errors import IssuerAddressFault
from access.keys import ALGORITHM, SigningKeys
from access.protocol import BASIC, GRANT_TYPES, PUBLIC, TokenProtocol
from access.replies import Reply, client_refused, invalid_request, refusal
from access.roles import Capability, capabilities_of
from access.sessions import LogIn, SessionStore
from access.token import TYPE, signed_claims
from catalog.clock import Clock, SystemClock

LIFETIME = timedelta(minutes=10)
TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address
AUTHORIZE_PATH = "/oauth/authorize"
REVOKE_PATH = "/oauth/revoke"
INTROSPECT_PATH = "/oauth/introspect"
JWKS_PATH = "/.well-known/jwks.json"
METADATA_PATH = "/.well-known/oauth-authorization-server"
CONSOLE_PATH = "/graphql"
"""The page that people log in for, and where its codes are sent."""


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
        self.clients = clients
        self.sessions = SessionStore(clients, system_clock)
        self._audience = audience
        self._keys = keys
        self._clock = system_clock or SystemClock()  # tokens run on system time, not city time
        self._protocol = TokenProtocol(self, int(LIFETIME.total_seconds()))

    @property
    def redirect(self) -> str:
        """The one address that codes are sent to."""
        return self.address + CONSOLE_PATH

    def token(self, authorization: str | None, form: Mapping[str, str]) -> Reply:
        """Answers a token request; `form` has each parameter once."""
        refused = _malformed(form, "grant_type")
        if refused is not None:
            return refused
        if form.get("scope"):  # before anything is spent
            return refusal("invalid_scope")
        if form["grant_type"] not in GRANT_TYPES:
            return refusal("unsupported_grant_type")
        return self._protocol.token(self.address + TOKEN_PATH, authorization or "", form)

    def revoke(self, authorization: str | None, form: Mapping[str, str]) -> Reply:
        """RFC 7009: a token of the asking client ends, and the answer is the same for any other."""
        client = self._asking(authorization, form)
        if client is None:
            return client_refused()
        refused = _malformed(form, "token")
        if refused is not None:
            return refused
        name = CONSOLE if isinstance(client, str) else client.id
        claims = signed_claims(form["token"], self._keys)
        standing = self._standing(claims)
        if standing is not None and standing.through == name:
            self.clients.revoke_token(str(claims["jti"]))
        else:
            self.sessions.end(form["token"], name)
        return Reply(200, {})

    def introspect(self, authorization: str | None, form: Mapping[str, str]) -> Reply:
        """RFC 7662, for resource servers: whether an access token of this hub holds, and whose it is."""
        client = self.authenticate(authorization or "")
        if client is None:
            return client_refused()
        refused = _malformed(form, "token")
        if refused is not None:
            return refused
        claims = signed_claims(form["token"], self._keys)
        standing = self._standing(claims)
        may = Capability.INTROSPECT in capabilities_of(client.roles)
        if not may or standing is None or standing.revoked or self._has_ended(claims):
            return Reply(200, {"active": False})
        told = {name: claims[name] for name in ("iss", "aud", "sub", "client_id", "jti")}
        times = {name: claims[name] for name in ("iat", "exp")}
        holder = standing.client
        roles = sorted(role.value for role in holder.roles)
        who = {"organisation": holder.organisation, "roles": roles}
        return Reply(200, {"active": True, "token_type": "Bearer", **told, **times, **who})

    def jwks(self) -> Mapping[str, object]:
        """The keys that verify its tokens."""
        self._keys.reload()
        return {"keys": self._keys.public()["keys"]}

    def metadata(self) -> Mapping[str, object]:
        """RFC 8414."""
        return {
            "issuer": self.address,
            "authorization_endpoint": self.address + AUTHORIZE_PATH,
            "token_endpoint": self.address + TOKEN_PATH,
            "revocation_endpoint": self.address + REVOKE_PATH,
            "introspection_endpoint": self.address + INTROSPECT_PATH,
            "jwks_uri": self.address + JWKS_PATH,
            "grant_types_supported": list(GRANT_TYPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": [BASIC, PUBLIC],
            "revocation_endpoint_auth_methods_supported": [BASIC, PUBLIC],
            "introspection_endpoint_auth_methods_supported": [BASIC],
            "authorization_response_iss_parameter_supported": True,
            "ui_locales_supported": ["zh-CN", "en"],
            "client_registration": "by the operator of the hub",
        }

    def authenticate(self, authorization: str) -> RegisteredClient | None:
        """The application that the header proves; None for whatever is wrong with it."""
        credentials = basic_credentials(authorization)
        return None if credentials is None else self.clients.authenticate(*credentials)

    def sign(self, holder: RegisteredClient, login: LogIn | None = None) -> str:
        """A new access token, known to the registry before anyone holds it."""
        self._keys.reload()
        issued = self._clock.now().replace(microsecond=0)
        expires = issued + LIFETIME
        token_id = secrets.token_urlsafe(24)
        claims: jwt.Claims = {
            "iss": self.address,
            "aud": self._audience,
            "sub": holder.id,
            "client_id": login.client if login else holder.id,
            "jti": token_id,
            "iat": int(issued.timestamp()),
            "exp": int(expires.timestamp()),
        }
        signed = jwt.encode({"alg": ALGORITHM, "typ": TYPE}, claims, self._keys.signing)
        family = login.family if login else None
        self.clients.record_token(token_id, holder.id, issued, expires, family)
        return signed

    def _asking(
        self, authorization: str | None, form: Mapping[str, str]
    ) -> RegisteredClient | str | None:
        """A registered client by its secret, or the hub's own pages by name."""
        if authorization:
            return self.authenticate(authorization)
        return CONSOLE if form.get("client_id") == CONSOLE else None

    def _standing(self, claims: Mapping[str, object]) -> TokenStanding | None:
        token_id = claims.get("jti")
        return self.clients.standing(token_id) if isinstance(token_id, str) else None

    def _has_ended(self, claims: Mapping[str, object]) -> bool:
        ends = claims["exp"]
        return not isinstance(ends, int) or self._clock.now().timestamp() >= ends


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


def _malformed(form: Mapping[str, str], needed: str) -> Reply | None:
    if form.get(needed):
        return None
    return invalid_request(f"The parameter {needed} is missing.", f"缺少参数 {needed}。")
