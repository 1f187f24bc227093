"""From a bearer token to who is asking and what they may read now.

Rules: a scope is today's grants, never older than the last change of grants or of the catalogue, and
looked at again every few seconds because grants also begin and end by time. A role that may not read
data has an empty scope, whatever grants its client holds.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from access.principal import Principal
from access.roles import Capability, capabilities_of
from access.token import Verifier
from catalog.catalogue import Catalogue
from catalog.clock import Clock
from catalog.ids import ClientId
from catalog.sharing.grant import Grant
from query.relation import Scope

REMEMBERED = 1_000
FRESH = timedelta(seconds=5)
"""How late a grant may begin or end by time, or by another process, before it is noticed."""


@dataclass(frozen=True, slots=True)
class Caller:
    principal: Principal
    capabilities: frozenset[Capability]
    scope: Scope


@dataclass(frozen=True, slots=True)
class Rights:
    """Where grants are looked up; `epoch` moves with each change of them."""

    grants: Callable[[Principal, datetime], Sequence[Grant]]
    epoch: Callable[[], int]
    catalogue: Callable[[], Catalogue]
    mask_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Known:
    scope: Scope
    grants: tuple[Grant, ...]
    epoch: int
    catalogue: Catalogue
    since: datetime
    until: datetime


class Callers:
    """Blocking: `of` may read the registry."""

    def __init__(self, verifier: Verifier, rights: Rights, clock: Clock) -> None:
        self._verifier = verifier
        self._rights = rights
        self._clock = clock
        self._known: OrderedDict[ClientId, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, bearer: str) -> Caller:
        """TokenInvalid, TokenExpired, TokenRevoked."""
        principal = self._verifier.verify(bearer)
        capabilities = capabilities_of(principal.roles)
        if Capability.READ_DATA not in capabilities:
            return Caller(principal, capabilities, self._scope_of(()))
        return Caller(principal, capabilities, self._scope(principal))

    def _scope(self, principal: Principal) -> Scope:
        now, epoch = self._clock.now(), self._rights.epoch()
        catalogue, client = self._rights.catalogue(), principal.client
        with self._lock:
            known = self._known.get(client)
        if (
            known is not None
            and known.epoch == epoch
            and known.catalogue is catalogue
            and known.since <= now < known.until
        ):
            return known.scope
        grants = self._rights.grants(principal, now)
        until = min([now + FRESH, *(grant.expires for grant in grants)])
        if known is not None and known.catalogue is catalogue and known.grants == tuple(grants):
            scope = known.scope  # and with it what was compiled for it
        else:
            scope = Scope(catalogue, grants, self._rights.mask_key)
        with self._lock:
            self._known[client] = _Known(scope, tuple(grants), epoch, catalogue, now, until)
            self._known.move_to_end(client)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return scope

    def _scope_of(self, grants: Sequence[Grant]) -> Scope:
        return Scope(self._rights.catalogue(), grants, self._rights.mask_key)
