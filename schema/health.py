"""GET /health: whether the hub is up, and how old each data set is.

Rules: no row and no credential is ever needed or shown; without a token the status of the hub's parts
and figures without names; with one also the data sets that the caller may read; auditors and operators
see all of them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response

from access.roles import Capability
from catalog.catalogue import Catalogue
from catalog.clock import CITY_ZONE
from catalog.contracts import Contract, camel
from catalog.errors import UserError
from catalog.ids import DatasetCode
from connectors.calling.breaker import Phase
from connectors.calling.standing import InterfaceStanding
from schema.caller import Caller, Callers
from schema.context import Services, blocking
from schema.errors import TokenMissing, reply_of
from schema.message import bearer_of, request_id_of
from schema.mirrored import mirror_told
from warehouse.engine import Publication

SEE_ALL = frozenset({Capability.READ_USAGE, Capability.MANAGE_SOURCES})
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class HealthEndpoint:
    """`__call__` is the Starlette endpoint."""

    def __init__(self, callers: Callers, services: Services) -> None:
        self._callers = callers
        self._services = services

    async def __call__(self, request: Request) -> Response:
        request_id = request_id_of(request)
        try:
            bearer = bearer_of(request)
        except TokenMissing:
            bearer = None
        try:
            status, body = await blocking(self._state, bearer)
        except UserError as wrong:
            status, body = 401, {"errors": [reply_of(wrong, request_id)]}
        except Exception as fault:  # noqa: BLE001 - what is asked is exactly whether something is down
            status, body = 503, {"status": "down", "errors": [reply_of(fault, request_id)]}
        headers = HEADERS | {"X-Request-Id": request_id}
        content = orjson.dumps(body)
        return Response(content, status, headers, media_type="application/json")

    def _state(self, bearer: str | None) -> tuple[int, dict[str, object]]:
        services = self._services
        catalogue, now = services.catalogue(), services.clock.now()
        latest, checked = services.engine.latest(), _checked(services)
        ages = [
            _age(contract, latest.get(code), checked.get(code), now)
            | {"mirror": mirror_told(services, contract)}
            for code, contract in sorted(catalogue.data_sets.items())
        ]
        parts = {name: "up" if runs() else "down" for name, runs in services.parts.items()}
        body: dict[str, object] = {
            "status": "degraded" if "down" in parts.values() else "up",
            "parts": parts,
            "summary": _summary(ages),
        }
        if bearer is not None:
            caller = self._callers.of(bearer)
            seen = {camel(code) for code in _seen(caller, catalogue)}
            body["dataSets"] = [age for age in ages if age["name"] in seen]
            body["interfaces"] = [
                _standing(contract, services.interfaces.standing(contract))
                for contract in _interfaces(caller, catalogue)
            ]
        return 200, body


def _seen(caller: Caller, catalogue: Catalogue) -> list[DatasetCode]:
    everything = SEE_ALL & caller.capabilities
    return sorted(
        catalogue.data_sets if everything else {*caller.scope.data_sets, *caller.undecided}
    )


def _interfaces(caller: Caller, catalogue: Catalogue) -> list[Contract]:
    everything = SEE_ALL & caller.capabilities
    seen = catalogue.interfaces if everything else {*caller.scope.interfaces, *caller.undecided}
    return [c for code, c in sorted(catalogue.interfaces.items()) if code in seen]


def _standing(contract: Contract, standing: InterfaceStanding) -> dict[str, object]:
    return {
        "name": camel(contract.data_set),
        "title": contract.title,
        "state": "up" if standing.phase is Phase.CLOSED else "down",
        "breaker": standing.phase.value,
        "triedAgainAt": standing.tried_again_at and standing.tried_again_at.astimezone(CITY_ZONE),
        "availability": standing.availability,
    }


def _checked(services: Services) -> dict[DatasetCode, datetime]:
    """When each data set's source was last read, whether or not it had anything new."""
    return {
        code: standing.last_success_at
        for (_, code), standing in services.ledger.feeds().items()
        if standing.last_success_at is not None
    }


def _age(
    contract: Contract,
    publication: Publication | None,
    checked_at: datetime | None,
    now: datetime,
) -> dict[str, object]:
    """A set whose source was read a moment ago is not stale, however long nothing changed there."""
    published_at = None if publication is None else publication.published_at
    known = [at for at in (published_at, checked_at) if at is not None]
    fresh = published_at is not None and (
        contract.max_age is None or now - max(known) <= contract.max_age
    )
    return {
        "name": camel(contract.data_set),
        "title": contract.title,
        "version": None if publication is None else publication.seq,
        "publishedAt": published_at and published_at.astimezone(CITY_ZONE),
        "checkedAt": checked_at and checked_at.astimezone(CITY_ZONE),
        "ageSeconds": published_at and max(0, int((now - published_at).total_seconds())),
        "stale": not fresh,
    }


def _summary(ages: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """How many, how old: no name of a data set."""
    seconds = [age["ageSeconds"] for age in ages if isinstance(age["ageSeconds"], int)]
    return {
        "dataSets": len(ages),
        "published": len(seconds),
        "stale": sum(1 for age in ages if age["stale"]),
        "newestSeconds": min(seconds, default=None),
        "oldestSeconds": max(seconds, default=None),
    }
