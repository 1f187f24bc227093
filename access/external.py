"""Turns an outside provider's access token into a principal, by the provider's declaration.

Rules: a declared issuer, a key of its own by `kid`, a declared algorithm that is also the key's, the
declared type, audience and claims; 30 s of leeway. A token is its application's own where the provider
says so and then means a linked application; else it is a person's, counts only where it came through
an application that is declared for people, and means the linked subject. Whatever is wrong reads alike.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from access.clients import Kind, RegisteredClient
from access.compact import Compact
from access.errors import TokenExpired, TokenInvalid, TokenRevoked
from access.jwks import Fetch, ProviderKeys
from access.links import Identity, LinkStore, Meant
from access.principal import LEEWAY, Principal
from access.provider import Provider, Shape
from access.roles import Role
from catalog.clock import Clock, SystemClock

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Known:
    provider: Provider
    shape: Shape
    keys: ProviderKeys


class ExternalTokens:
    """The tokens of all declared providers. Blocking: it may fetch keys."""

    def __init__(
        self,
        providers: Sequence[Provider],
        links: LinkStore,
        system_clock: Clock | None = None,
        fetch: Fetch | None = None,
    ) -> None:
        self._clock = system_clock or SystemClock()
        self._links = links
        self._known = {
            provider.issuer: _Known(
                provider, provider.shaped(), ProviderKeys(provider, self._clock, fetch)
            )
            for provider in providers
        }

    @property
    def generation(self) -> int:
        """Moves when a provider has withdrawn a key."""
        return sum([known.keys.generation for known in self._known.values()])

    @property
    def issuers(self) -> frozenset[str]:
        return frozenset(self._known)

    def prepare(self) -> None:
        """Begins to fetch every provider's keys, without waiting for them."""
        for known in self._known.values():
            known.keys.renew()

    @property
    def is_up(self) -> bool:
        """Whether every provider's keys are at hand."""
        up = [known.keys.is_up for known in self._known.values()]  # each looks after its own
        return all(up)

    def principal(self, bearer: str, said: Compact) -> Principal:
        """TokenInvalid, TokenExpired, TokenRevoked."""
        issuer = said.claims.get("iss")
        known = self._known.get(issuer) if isinstance(issuer, str) else None
        if known is None:
            raise TokenInvalid
        claims = self._verified(bearer, said, known)
        client = self._meant(claims, known)
        if client.revoked_at is not None:
            raise TokenRevoked
        _confirm_organisation(claims, known.provider, client)
        return Principal(
            client.id,
            client.organisation,
            client.roles & _mapped_roles(claims, known.provider, client.roles),
            f"{issuer}#{_token_id(claims, bearer)}",
            datetime.fromtimestamp(claims["exp"], UTC),
        )

    def _verified(self, bearer: str, said: Compact, known: _Known) -> Claims:
        """The claims, once everything about the token is as declared."""
        provider, shape = known.provider, known.shape
        if said.algorithm not in provider.algorithms or said.type.lower() not in shape.types:
            raise TokenInvalid
        key = known.keys.key(said.kid)
        if key is None:
            raise TokenInvalid
        registry = JWSRegistry(algorithms=[said.algorithm], strict_check_header=False)
        try:
            claims = jwt.decode(bearer, KeySet([key]), registry=registry).claims
            self._wanted(provider, shape).validate(claims)
            if any(claims.get(name) != value for name, value in shape.required.items()):
                raise TokenInvalid
            datetime.fromtimestamp(claims["exp"], UTC)
        except ExpiredTokenError:
            raise TokenExpired from None
        except (JoseError, ValueError, TypeError, KeyError, OverflowError, OSError):
            raise TokenInvalid from None
        return claims

    def _wanted(self, provider: Provider, shape: Shape) -> jwt.JWTClaimsRegistry:
        now = int(self._clock.now().timestamp())
        claims: dict[str, jwt.ClaimsOption] = {
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": provider.audience},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "sub": {"essential": True},
            shape.client_claim: {"essential": True},
        }
        return jwt.JWTClaimsRegistry(now, leeway=int(LEEWAY.total_seconds()), **claims)

    def _meant(self, claims: Claims, known: _Known) -> RegisteredClient:
        issuer, through = known.provider.issuer, claims[known.shape.client_claim]
        if not isinstance(through, str):
            raise TokenInvalid
        own = claims.get(known.shape.service_claim) == through
        found = self._links.find(Identity(issuer, Meant.SUBJECT, claims["sub"]))
        if found is None and own:
            found = self._links.find(Identity(issuer, Meant.APPLICATION, through))
        if found is None:
            raise TokenInvalid
        by_itself = own and found.kind is Kind.APPLICATION
        if not by_itself and through not in known.provider.clients:
            raise TokenInvalid
        return found


def _mapped_roles(claims: Claims, provider: Provider, without: frozenset[Role]) -> frozenset[Role]:
    """What the token's roles mean here; `without` a mapping they mean nothing."""
    if provider.roles is None:
        return without
    given = _at(claims, provider.roles.path)
    names = given if isinstance(given, list) else [given]
    meaning = provider.roles.map
    return frozenset(meaning[name] for name in names if isinstance(name, str) and name in meaning)


def _confirm_organisation(claims: Claims, provider: Provider, client: RegisteredClient) -> None:
    if provider.organisation is None:
        return
    given = _at(claims, provider.organisation.path)
    if not isinstance(given, str) or provider.organisation.map.get(given) != client.organisation:
        raise TokenInvalid


def _at(claims: Claims, path: Sequence[str]) -> object:
    found: object = claims
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _token_id(claims: Claims, bearer: str) -> str:
    given = claims.get("jti")
    plain = isinstance(given, str) and given.isascii() and given.isprintable()
    return str(given) if plain else hashlib.sha256(bearer.encode()).hexdigest()
