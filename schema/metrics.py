"""GET /metrics: what the hub does, for Prometheus.

Rules: for operators only, with a token as for everything else (Prometheus fetches one by its `oauth2`
setting); figures and codes, never a name of a client or a person; live services, which fail one by one, and mirrored
sets are named by their codes, so many at most; what is not counted as it happens is looked up when it is asked for.
"""

import logging
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from access.errors import NotPermitted
from access.roles import Capability
from catalog.ids import DatasetCode
from connectors.calling.breaker import Phase
from connectors.calling.standing import InterfaceStanding
from schema.caller import Callers
from schema.context import Services, blocking
from schema.http import failure
from schema.media import JSON
from schema.message import bearer_of, request_id_of
from schema.mirrored import mirror_metrics

log = logging.getLogger(__name__)

PATH = "/metrics"
FORBIDDEN = 403
Figures = Mapping[str, Callable[[], float]]
NAMED = 200
"""Interfaces that metrics name, each a time series; the rest of them count as one."""
OTHERS = "other"


class MetricsEndpoint:
    """`__call__` is the Starlette endpoint; `figures` are told beside what the services know."""

    def __init__(self, callers: Callers, services: Services, figures: Figures) -> None:
        self._callers = callers
        self._counted = services.observer.registry
        self._standing = CollectorRegistry()
        self._standing.register(Standing(_of(services) | dict(figures)))
        self._standing.register(LiveServices(services))
        self._standing.register(Mirrored(services))

    async def __call__(self, request: Request) -> Response:
        request_id = request_id_of(request)
        try:
            content = await blocking(self._content, bearer_of(request))
        except Exception as error:  # noqa: BLE001 - the edge: whatever it is leaves as an error
            refused = failure(error, JSON, request_id).response()
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
    """Figures that are looked up. Metrics are asked for when something is down, so one that cannot be told
    is left out, and the log says why.
    """

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def describe(self) -> list[Metric]:
        return [GaugeMetricFamily(f"vitalhub_{name}", name) for name in self._figures]

    def collect(self) -> Iterator[Metric]:
        for name, figure in self._figures.items():
            try:
                value = figure()
            except Exception:
                log.exception("the figure %s cannot be told", name)
                continue
            yield GaugeMetricFamily(f"vitalhub_{name}", name.replace("_", " "), value)


class LiveServices(Collector):
    """How each interface does, since the hub started."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> list[Metric]:
        return list(of_interfaces({}))

    def collect(self) -> Iterator[Metric]:
        try:
            interfaces = sorted(self._services.catalogue().interfaces.items())
            standings = {code: self._services.interfaces.standing(c) for code, c in interfaces}
        except Exception:
            log.exception("how the interfaces do cannot be told")
            return
        yield from of_interfaces(standings)


class Mirrored(Collector):
    """What the row mirror holds."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> list[Metric]:
        return [GaugeMetricFamily(f"vitalhub_mirror_{name}", name) for name in ("state", "version")]

    def collect(self) -> Iterator[Metric]:
        try:
            told = list(mirror_metrics(self._services))
        except Exception:
            log.exception("what is mirrored cannot be told")
            return
        yield from told


def of_interfaces(standings: Mapping[DatasetCode, InterfaceStanding]) -> Iterator[Metric]:
    """A figure a metric for each of the first NAMED interfaces by code, and the sum of all others."""
    labels = {code: code if n < NAMED else OTHERS for n, code in enumerate(standings)}
    for name, about, figure in OF_INTERFACE:
        sums: dict[str, float] = {}
        for code, standing in standings.items():
            sums[labels[code]] = sums.get(labels[code], 0.0) + figure(standing)
        metric = GaugeMetricFamily(f"vitalhub_{name}", about, labels=["interface"])
        for label, value in sums.items():
            metric.add_metric([label], value)
        yield metric


OF_INTERFACE: tuple[tuple[str, str, Callable[[InterfaceStanding], float]], ...] = (
    ("interface_calls", "calls of the provider", lambda one: one.calls),
    ("interface_failures", "calls that the provider failed", lambda one: one.failures),
    ("interface_cached", "answered without a call", lambda one: one.cached),
    ("interface_refused", "never left the hub", lambda one: one.refused),
    ("interface_spared", "the breaker is not closed", lambda one: one.phase is not Phase.CLOSED),
    ("interface_seconds", "spent in calls", lambda one: one.calls * (one.mean_seconds or 0.0)),
)


def _of(services: Services) -> dict[str, Callable[[], float]]:
    def published() -> float:
        return max((p.seq for p in services.engine.latest().values()), default=0)

    def parts_down() -> float:
        return sum(1 for runs in services.parts.values() if not runs())

    return {
        "published_version": published,
        "published_data_sets": lambda: len(services.engine.latest()),
        "catalogue_data_sets": lambda: len(services.catalogue().data_sets),
        "catalogue_interfaces": lambda: len(services.catalogue().interfaces),
        "jobs_open": lambda: len(services.queue.open_keys()),
        "usage_log_records": lambda: services.usage.position.number,
        "parts_down": parts_down,
    }
