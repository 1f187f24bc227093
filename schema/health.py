"""GET /health: whether the hub is up, and how old each data set is.

Rules: no row and no credential is ever needed or shown; without a token only the status; with one,
the data sets that the caller may read; auditors and operators see all of them.
"""

from datetime import datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response

from access.roles import Capability
from catalog.catalogue import Catalogue
from catalog.clock import CITY_ZONE
from catalog.contracts import camel
from catalog.errors import UserError
from catalog.ids import DatasetCode
from schema.caller import Caller, Callers
from schema.context import Services, blocking
from schema.errors import TokenMissing, reply_of
from schema.http import bearer_of, request_id_of
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
        latest = self._services.engine.latest()
        body: dict[str, object] = {"status": "up"}
        if bearer is not None:
            caller = self._callers.of(bearer)
            catalogue, now = self._services.catalogue(), self._services.clock.now()
            body["dataSets"] = [
                _age(code, catalogue, latest.get(code), now) for code in _seen(caller, catalogue)
            ]
        return 200, body


def _seen(caller: Caller, catalogue: Catalogue) -> list[DatasetCode]:
    everything = SEE_ALL & caller.capabilities
    return sorted(catalogue.contracts if everything else caller.scope.data_sets)


def _age(
    code: DatasetCode, catalogue: Catalogue, publication: Publication | None, now: datetime
) -> dict[str, object]:
    contract = catalogue.contracts[code]
    age = None if publication is None else now - publication.published_at
    stale = contract.max_age is not None and (age is None or age > contract.max_age)
    return {
        "name": camel(code),
        "title": contract.title,
        "version": None if publication is None else publication.seq,
        "publishedAt": publication and publication.published_at.astimezone(CITY_ZONE),
        "ageSeconds": None if age is None else max(0, int(age.total_seconds())),
        "stale": stale,
    }
