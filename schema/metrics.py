"""GET /metrics: what the hub does, for Prometheus.

Rules: for operators only, with a token as for everything else (Prometheus fetches one by its `oauth2`
setting); figures and codes, never a name of a client, a data set or a person; what is not counted as it
happens is looked up when it is asked for.
"""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from access.errors import NotPermitted
from access.roles import Capability
from connectors.calling.breaker import Phase
from connectors.calling.standing import InterfaceStanding
from schema.caller import Callers
from schema.context import Services, blocking
from schema.http import bearer_of, failure, request_id_of
from schema.media import JSON

PATH = "/metrics"
FORBIDDEN = 403
Figures = Mapping[str, Callable[[], float]]


class MetricsEndpoint:
    """`__call__` is the Starlette endpoint; `figures` are told beside what the services know."""

    def __init__(self, callers: Callers, services: Services, figures: Figures) -> None:
        self._callers = callers
        self._counted = services.observer.registry
        self._standing = CollectorRegistry()
        self._standing.register(Standing(_of(services) | dict(figures)))

    async def __call__(self, request: Request) -> Response:
        request_id = request_id_of(request)
        try:
            content = await blocking(self._content, bearer_of(request))
        except Exception as error:  # noqa: BLE001 - the edge: whatever it is leaves as an error
            refused = failure(error, JSON, request_id)
            if isinstance(error, NotPermitted):
                refused.status_code = FORBIDDEN
            return refused
        headers = {"Cache-Control": "no-store", "X-Request-Id": request_id}
        return Response(content, headers=headers, media_type=CONTENT_TYPE_PLAIN_1_0_0)

    def _content(self, bearer: str) -> bytes:
        caller = self._callers.of(bearer)
        if Capability.MANAGE_SOURCES not in caller.capabilities:
            raise NotPermitted(capability=Capability.MANAGE_SOURCES)
        return generate_latest(self._counted) + generate_latest(self._standing)


class Standing(Collector):
    """Figures that are looked up; one that cannot be told now is left out."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def describe(self) -> list[Metric]:
        return [GaugeMetricFamily(f"vitalhub_{name}", name) for name in self._figures]

    def collect(self) -> Iterator[Metric]:
        for name, figure in self._figures.items():
            try:
                value = figure()
            except Exception:  # noqa: BLE001, S112 - metrics are asked for when something is down
                continue
            yield GaugeMetricFamily(f"vitalhub_{name}", name.replace("_", " "), value)


def _of(services: Services) -> dict[str, Callable[[], float]]:
    def published() -> float:
        return max((p.seq for p in services.engine.latest().values()), default=0)

    def parts_down() -> float:
        return sum(1 for runs in services.parts.values() if not runs())

    def standings() -> list[InterfaceStanding]:
        return [services.interfaces.standing(c) for c in services.catalogue().interfaces.values()]

    return {
        "published_version": published,
        "published_data_sets": lambda: len(services.engine.latest()),
        "catalogue_data_sets": lambda: len(services.catalogue().data_sets),
        "catalogue_interfaces": lambda: len(services.catalogue().interfaces),
        "interface_calls": lambda: sum(one.calls for one in standings()),
        "interface_failures": lambda: sum(one.failures for one in standings()),
        "interfaces_spared": lambda: sum(one.phase is not Phase.CLOSED for one in standings()),
        "jobs_open": lambda: len(services.queue.open_keys()),
        "usage_log_records": lambda: services.usage.position.number,
        "parts_down": parts_down,
    }
