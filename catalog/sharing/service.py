"""Requests, decisions and grants: approval is enforcement, for the grant it writes is all that is read.

Each method is one transaction: who may do it and whether the state allows it is checked inside, so
that of two deciders one wins and the other is told. The epoch moves after each commit.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import func, select

from catalog.actor import Actor, Duty, has
from catalog.catalogue import Catalogue
from catalog.clock import Clock
from catalog.domain import Derivation
from catalog.epoch import Epoch, Listener
from catalog.ids import ClientId, DatasetCode, GrantId, OrganisationCode, RequestId
from catalog.models import GrantEventRow, RequestRow
from catalog.sharing import process
from catalog.sharing.decision import Decision
from catalog.sharing.grant import Grant, GrantEvent
from catalog.sharing.ledger import (
    GrantHistory,
    histories,
    history,
    request_events,
    request_of,
    request_row,
    requests_of,
)
from catalog.sharing.provision import own_grants
from catalog.sharing.request import OPEN, Request, RequestEvent, RequestState, Terms
from catalog.sharing.standing import Standing
from catalog.sharing.supervision import change_grant
from catalog.sharing.working_days import WEEKDAYS, WorkingDays
from catalog.writing import Writer
from registry.store import Registry

MARK = select(select(func.max(GrantEventRow.id)).scalar_subquery())
"""Differs after every change of what may be read: each grant and its end leave an event."""
OrganisationOf = Callable[[ClientId], OrganisationCode | None]


def _unknown(_client: ClientId) -> None:
    return None


class SharingService:
    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        catalogue: Callable[[], Catalogue],
        working_days: WorkingDays = WEEKDAYS,
        organisation_of: OrganisationOf = _unknown,
    ) -> None:
        """`organisation_of` tells whose a client is, for requests made on behalf of another one."""
        self._registry = registry
        self._clock = clock
        self._catalogue = catalogue
        self._days = working_days
        self._organisation_of = organisation_of
        self._epoch = Epoch()
        self._writer = Writer(registry, clock, self._epoch, MARK)
        self._standing = Standing(registry, self._epoch, catalogue, self._writer.look)

    @property
    def epoch(self) -> int:
        """Moves after each committed change of this process."""
        return self._epoch.number

    def listen(self, listener: Listener) -> None:
        self._epoch.listen(listener)

    def look_again(self) -> None:
        """Another process says that it has changed something; memory only."""
        self._epoch.bump()

    # -- the requester's side ------------------------------------------------------------------

    def draft(self, by: Actor, terms: Terms, client: ClientId | None = None) -> Request:
        """A request for `client` (default: the actor itself), an application of the actor's own."""
        process.check_requester(by, by.organisation)
        process.check_client(by, client or by.client, self._organisation_of)
        with self._writer.write("request", by) as writing:
            return process.draft(writing, client or by.client, terms, self._catalogue())

    def revise(self, request: RequestId, by: Actor, terms: Terms) -> Request:
        """New terms of a draft or a supplement; they need the office head's signature again."""
        with self._writer.write(request, by) as writing:
            return process.revise(writing, request, terms, self._catalogue())

    def submit(self, request: RequestId, by: Actor) -> Request:
        """Hands it in, first or after a supplement. RequestIncomplete lists all that is missing.

        An unconditional data set is granted at once, a withheld one refused with the law.
        """
        with self._writer.write(request, by) as writing:
            return process.submit(writing, request, self._catalogue(), self._days)

    def cancel(self, request: RequestId, by: Actor, why: str = "") -> Request:
        with self._writer.write(request, by) as writing:
            return process.cancel(writing, request, why)

    # -- either side ---------------------------------------------------------------------------

    def sign(self, request: RequestId, by: Actor) -> Request:
        """Records the signature of the actor's office head: requester's, provider's or an input's."""
        with self._writer.write(request, by) as writing:
            return process.sign(writing, request, self._catalogue())

    # -- the provider's side -------------------------------------------------------------------

    def receive(self, request: RequestId, by: Actor) -> Request:
        with self._writer.write(request, by) as writing:
            return process.receive(writing, request, self._catalogue())

    def ask_supplement(self, request: RequestId, by: Actor, missing: str) -> Request:
        """One complete list of what is missing, once; the provider's clock stops meanwhile."""
        with self._writer.write(request, by) as writing:
            return process.ask_supplement(writing, request, missing, self._catalogue())

    def extend(self, request: RequestId, by: Actor, days: int, why: str) -> Request:
        """At most ten working days, once, by the competent authority's consent."""
        with self._writer.write(request, by) as writing:
            return process.extend(writing, request, days, why, self._catalogue(), self._days)

    def decide(self, request: RequestId, decision: Decision, by: Actor) -> Request:
        """The answer; an approval writes the grant. Important columns wait for a second approval."""
        with self._writer.write(request, by) as writing:
            return process.decide(writing, request, decision, self._catalogue())

    def suspend(self, grant: GrantId, by: Actor, reason: str) -> GrantHistory:
        return self._change(grant, GrantEvent.SUSPENDED, by, reason)

    def resume(self, grant: GrantId, by: Actor, reason: str) -> GrantHistory:
        return self._change(grant, GrantEvent.ACTIVATED, by, reason)

    def revoke(self, grant: GrantId, by: Actor, reason: str) -> GrantHistory:
        """For good: the field is unknown from the next operation on."""
        return self._change(grant, GrantEvent.REVOKED, by, reason)

    def _change(self, grant: GrantId, event: GrantEvent, by: Actor, reason: str) -> GrantHistory:
        with self._writer.write(grant, by) as writing:
            return change_grant(writing, grant, event, reason, self._catalogue())

    # -- what is in force ----------------------------------------------------------------------

    def grants_of(self, client: ClientId, at: datetime | None = None) -> tuple[Grant, ...]:
        """The grants that requests of this client won and that are in force."""
        return self._standing.of_client(client, at or self._clock.now())

    def grants_for(self, actor: Actor, at: datetime | None = None) -> tuple[Grant, ...]:
        """All that an actor may read: its grants and, for an application, its own organisation's
        data (`own:<data set>`), derived sets included.
        """
        won = self.grants_of(actor.client, at)
        if not has(actor, Duty.APP):
            return won
        return (*own_grants(self._catalogue(), actor.organisation, actor.client), *won)

    def grants_of_organisation(
        self, organisation: OrganisationCode, at: datetime | None = None
    ) -> tuple[Grant, ...]:
        return self._standing.of_organisation(organisation, at or self._clock.now())

    def next_change(self, client: ClientId, at: datetime) -> datetime | None:
        """When time alone next changes what the client's grants allow."""
        held = self._standing.histories_of_client(client)
        ahead = [change for h in held if (change := h.next_change(at)) is not None]
        return min(ahead, default=None)

    def derivation_inputs(
        self, derivation: Derivation, at: datetime | None = None
    ) -> Mapping[DatasetCode, Grant | None]:
        """Each input with the grant its owner reads it through; None: nothing in force."""
        return self._standing.inputs(derivation, at or self._clock.now())

    def check_inputs(self, data_set: DatasetCode, at: datetime | None = None) -> None:
        """InputWithdrawn when a derived data set may not be refreshed or served now."""
        self._standing.check_inputs(data_set, at or self._clock.now())

    def granted_data_sets(self, at: datetime | None = None) -> frozenset[DatasetCode]:
        """The data sets somebody holds a grant in force on: 已共享."""
        now = at or self._clock.now()
        with self._registry.read() as session:
            organisations = set(session.scalars(select(RequestRow.organisation).distinct()))
        return frozenset(
            grant.data_set
            for code in organisations
            for grant in self.grants_of_organisation(OrganisationCode(code), now)
        )

    # -- records -------------------------------------------------------------------------------

    def request(self, request: RequestId) -> Request:
        with self._registry.read() as session:
            return request_of(session, request_row(session, request))

    def requests(
        self,
        *,
        requester: OrganisationCode | None = None,
        provider: OrganisationCode | None = None,
        state: RequestState | None = None,
        data_set: DatasetCode | None = None,
    ) -> tuple[Request, ...]:
        """Newest first."""
        statement = select(RequestRow).order_by(RequestRow.drafted_at.desc(), RequestRow.id)
        for column, value in (
            (RequestRow.organisation, requester),
            (RequestRow.provider, provider),
            (RequestRow.state, state),
            (RequestRow.data_set, data_set),
        ):
            if value is not None:
                statement = statement.where(column == value)
        with self._registry.read() as session:
            return requests_of(session, list(session.scalars(statement)))

    def overdue(self, at: datetime | None = None) -> tuple[Request, ...]:
        """Requests whose provider has let the deadline pass; the authority decides them."""
        now = at or self._clock.now()
        with self._registry.read() as session:
            rows = session.scalars(
                select(RequestRow).where(RequestRow.state.in_(list(OPEN)), RequestRow.due_at <= now)
            )
            return requests_of(session, list(rows))

    def events(self, request: RequestId) -> tuple[RequestEvent, ...]:
        with self._registry.read() as session:
            request_row(session, request)
            return request_events(session, request)

    def grant(self, grant: GrantId) -> GrantHistory:
        with self._registry.read() as session:
            return history(session, grant)

    def grants(
        self,
        *,
        client: ClientId | None = None,
        organisation: OrganisationCode | None = None,
        data_set: DatasetCode | None = None,
    ) -> tuple[GrantHistory, ...]:
        """Every grant there ever was, with its events: what an auditor reads."""
        with self._registry.read() as session:
            return histories(
                session,
                client=client,
                organisation=organisation,
                data_sets=None if data_set is None else (data_set,),
            )
