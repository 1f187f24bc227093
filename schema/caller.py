"""From a bearer token to who is asking and what they may read now.

Rules: a scope is today's grants, never older than the last change of grants or of the catalogue, and
looked at again every few seconds because grants also begin and end by time. It holds the grants for
the stated purpose only (`schema/purpose.py`), and is remembered for client and purpose together. A role
that may not read data has an empty scope, whatever grants its client holds.
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
from catalog.ids import ClientId, DatasetCode
from catalog.sharing.grant import NO_LIMIT, Grant
from query.relation import Scope
from schema.errors import PurposeRequired
from schema.purpose import NOTHING_STATED, Stated, chosen, purpose_required, purposes_of

REMEMBERED = 1_000
FRESH = timedelta(seconds=5)
"""How late a grant may begin or end by time, or by another process, before it is noticed."""


@dataclass(frozen=True, slots=True)
class Caller:
    principal: Principal
    capabilities: frozenset[Capability]
    scope: Scope
    stated: Stated = NOTHING_STATED
    grants: tuple[Grant, ...] = ()
    """All that are in force, for whatever purpose."""
    undecided: frozenset[DatasetCode] = frozenset()
    """Not in the scope: held for several purposes, of which none was stated."""
    metered: bool = field(init=False)
    """Whether any of the grants has a quota."""

    def __post_init__(self) -> None:
        metered = any(grant.quota != NO_LIMIT for grant in self.grants)
        object.__setattr__(self, "metered", metered)

    @property
    def purposes(self) -> tuple[str, ...]:
        return purposes_of(self.grants)

    def purpose_required(self) -> PurposeRequired:
        """What to say of a document that may ask for what is undecided."""
        return purpose_required([g for g in self.grants if g.data_set in self.undecided])


@dataclass(frozen=True, slots=True)
class Rights:
    """Where grants are looked up; `epoch` moves with each change of them."""

    grants: Callable[[Principal, datetime], Sequence[Grant]]
    epoch: Callable[[], int]
    catalogue: Callable[[], Catalogue]
    mask_key: str = field(repr=False)
    recalled: Callable[[], Catalogue | None] = lambda: None
    """The catalogue where nobody has to be asked for it."""


@dataclass(slots=True)
class _Known:
    scope: Scope
    undecided: frozenset[DatasetCode]
    grants: tuple[Grant, ...]
    epoch: int
    catalogue: Catalogue
    since: datetime
    until: datetime
    caller: Caller | None = None
    """The last one that was made of it: a client asks again with the same token."""

    def holds(self, epoch: int, catalogue: Catalogue, now: datetime) -> bool:
        return (
            self.epoch == epoch and self.catalogue is catalogue and self.since <= now < self.until
        )


class Callers:
    """`of` may read the registry, so it blocks; `recall` is fit for the event loop."""

    def __init__(self, verifier: Verifier, rights: Rights, clock: Clock) -> None:
        self._verifier = verifier
        self._rights = rights
        self._clock = clock
        self._known: OrderedDict[tuple[ClientId, str | None], _Known] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, bearer: str, stated: Stated = NOTHING_STATED) -> Caller:
        """TokenInvalid, TokenExpired, TokenRevoked, PurposeUnknown."""
        principal = self._verifier.verify(bearer)
        capabilities = capabilities_of(principal.roles)
        if Capability.READ_DATA not in capabilities:
            nothing = Scope(self._rights.catalogue(), (), self._rights.mask_key)
            return Caller(principal, capabilities, nothing, stated)
        return _caller(self._held(principal, stated.purpose), principal, capabilities, stated)

    def recall(self, bearer: str, stated: Stated = NOTHING_STATED) -> Caller | None:
        """What `of` would give, where nothing has to be looked up; memory only."""
        principal = self._verifier.recall(bearer)
        catalogue = self._rights.recalled()
        if principal is None or catalogue is None:
            return None
        known = self._known.get((principal.client, stated.purpose))
        if known is None or not known.holds(self._rights.epoch(), catalogue, self._clock.now()):
            return None
        last = known.caller
        if last is not None and last.principal is principal and last.stated == stated:
            return last
        capabilities = capabilities_of(principal.roles)
        if Capability.READ_DATA not in capabilities:
            return None
        return _caller(known, principal, capabilities, stated)

    def _held(self, principal: Principal, purpose: str | None) -> _Known:
        now, epoch = self._clock.now(), self._rights.epoch()
        catalogue, key = self._rights.catalogue(), (principal.client, purpose)
        with self._lock:
            known = self._known.get(key)
        if known is not None and known.holds(epoch, catalogue, now):
            return known
        grants = tuple(self._rights.grants(principal, now))
        until = min([now + FRESH, *(grant.expires for grant in grants)])
        serving = chosen(grants, purpose)
        if known is not None and known.catalogue is catalogue and known.grants == grants:
            scope = known.scope  # and with it what was compiled for it
        else:
            scope = Scope(catalogue, serving.grants, self._rights.mask_key)
        held = _Known(scope, serving.undecided, grants, epoch, catalogue, now, until)
        with self._lock:
            self._known[key] = held
            self._known.move_to_end(key)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return held


def _caller(
    known: _Known, principal: Principal, capabilities: frozenset[Capability], stated: Stated
) -> Caller:
    made = Caller(principal, capabilities, known.scope, stated, known.grants, known.undecided)
    known.caller = made
    return made
