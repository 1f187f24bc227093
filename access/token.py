"""Turns a bearer token into a principal, or refuses it.

Rules: only ES256, only `typ: at+jwt`, our issuer and audience, a key of ours by its `kid`, 30 s of
leeway; the token must have been handed out here and neither it nor its client revoked. A token that
names another issuer is that provider's matter (`access/external.py`). Whatever is wrong with a token
reads the same, except that it expired or was revoked. A verified token is
remembered by digest until it expires or the access epoch changes, never past either; what another
process revoked counts within a second, because the epoch is looked at again that often.
"""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError

from access.clients import ClientStore
from access.compact import read_compact
from access.errors import TokenExpired, TokenInvalid, TokenRevoked
from access.external import ExternalTokens
from access.keys import ALGORITHM, SigningKeys
from access.principal import LEEWAY, Principal
from catalog.clock import Clock, SystemClock

TYPE = "at+jwt"
LONGEST_TOKEN = 4096
LONGEST_EXTERNAL = 16_384
"""Other providers put every role of a person into a token."""
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class _Verified:
    principal: Principal
    until: datetime
    epoch: int


class Verifier:
    """Verifies the tokens of one issuer for one audience, and hands on those of `external` providers."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        keys: SigningKeys,
        clients: ClientStore,
        system_clock: Clock | None = None,
        external: ExternalTokens | None = None,
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._clients = clients
        self._external = external
        self._clock = system_clock or SystemClock()  # tokens run on system time, not city time
        self._remembered: dict[bytes, _Verified] = {}
        self._lock = threading.Lock()
        self._claims: dict[str, jwt.ClaimsOption] = {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": audience},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "jti": {"essential": True},
            "sub": {"essential": True},
            "client_id": {"essential": True},
        }

    def recall(self, bearer: str) -> Principal | None:
        """The principal of a token that was verified before; memory only, so fit for the event loop."""
        known = self._remembered.get(_digest(bearer))
        epoch = self._clients.epoch
        if known is None or known.epoch != self._moved(epoch.value) or not epoch.is_fresh:
            return None
        return known.principal if self._clock.now() < known.until else None

    def epoch(self) -> int:
        """Moves with whatever may have ended a token, in this process or another; blocks for a look.

        What lives longer than a request (a subscription) asks twice a second, verifies its token
        again when the number has moved, and ends by itself at `Principal.ends`.
        """
        epoch = self._clients.epoch
        return self._moved(epoch.value if epoch.is_fresh else epoch.refresh())

    def verify(self, bearer: str) -> Principal:
        """Raises TokenInvalid, TokenExpired or TokenRevoked; may read the registry, so it blocks."""
        epoch = self.epoch()  # taken before the look-up: a revocation in between is not missed
        recalled = self.recall(bearer)
        if recalled is not None:
            return recalled
        principal = self._principal(bearer)
        self._remember(bearer, _Verified(principal, principal.ends, epoch))
        return principal

    def _moved(self, epoch: int) -> int:
        """Both only grow: their sum moves when either does."""
        return epoch + (self._external.generation if self._external else 0)

    def _principal(self, bearer: str) -> Principal:
        said = read_compact(bearer, LONGEST_EXTERNAL)
        if said is None:
            raise TokenInvalid
        if self._external is not None and said.claims.get("iss") != self._issuer:
            return self._external.principal(bearer, said)
        if len(bearer) > LONGEST_TOKEN:
            raise TokenInvalid
        if not self._keys.knows(said.kid):  # another process may have rotated it in
            self._keys.reload()
        return self._known(self._checked(bearer))

    def _checked(self, bearer: str) -> dict[str, Any]:
        now = int(self._clock.now().timestamp())
        try:
            token = jwt.decode(bearer, self._keys.verifying, algorithms=[ALGORITHM])
            if token.header.get("typ") != TYPE:
                raise TokenInvalid
            registry = jwt.JWTClaimsRegistry(
                now, leeway=int(LEEWAY.total_seconds()), **self._claims
            )
            registry.validate(token.claims)
        except ExpiredTokenError:
            raise TokenExpired from None
        except (JoseError, ValueError, TypeError, KeyError):
            raise TokenInvalid from None
        return token.claims

    def _known(self, claims: dict[str, Any]) -> Principal:
        standing = self._clients.standing(claims["jti"])
        named = claims["sub"], claims["client_id"]
        if standing is None or named != (standing.client.id, standing.through):
            raise TokenInvalid
        if standing.revoked:
            raise TokenRevoked
        client = standing.client
        expires = datetime.fromtimestamp(claims["exp"], UTC)
        return Principal(client.id, client.organisation, client.roles, claims["jti"], expires)

    def _remember(self, bearer: str, verified: _Verified) -> None:
        with self._lock:
            if len(self._remembered) >= REMEMBERED:
                self._forget(verified.epoch)
            self._remembered[_digest(bearer)] = verified

    def _forget(self, epoch: int) -> None:
        """Drops what is over; where nothing is, the older half."""
        now = self._clock.now()
        live = {k: v for k, v in self._remembered.items() if v.until > now and v.epoch == epoch}
        if len(live) >= REMEMBERED:
            live = dict(list(live.items())[REMEMBERED // 2 :])
        self._remembered = live


def signed_claims(bearer: str, keys: SigningKeys) -> Mapping[str, object]:
    """The claims of a token that we signed, even if it has ended since; none of any other text."""
    if len(bearer) > LONGEST_TOKEN or not bearer.isascii():
        return {}
    keys.reload()
    try:
        token = jwt.decode(bearer, keys.verifying, algorithms=[ALGORITHM])
    except (JoseError, ValueError, TypeError, KeyError):
        return {}
    return token.claims if token.header.get("typ") == TYPE else {}


def _digest(bearer: str) -> bytes:
    return hashlib.sha256(bearer.encode("utf-8", "surrogateescape")).digest()
