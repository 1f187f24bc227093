"""What the row mirror holds, as health and metrics tell it: only of the sets whose contract declares one."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily

from catalog.contracts import Contract
from schema.context import Services
from warehouse.mirror.standing import MirrorState, Standing

OFF = Standing(MirrorState.OFF)
COMING = Standing(MirrorState.BUILDING)
NAMED = 200
"""Sets that metrics name, by code."""


def standing_of(services: Services, contract: Contract) -> Standing | None:
    """None where the contract declares no mirror."""
    if contract.mirror is None:
        return None
    if services.mirror is None:
        return OFF
    return services.mirror.now.get(contract.data_set, COMING)


def mirror_told(services: Services, contract: Contract) -> dict[str, object] | None:
    """For `/health`: `version` is what the mirror holds, `reason` why it is unfit or could not be written."""
    standing = standing_of(services, contract)
    if standing is None:
        return None
    return {
        "state": standing.state.value,
        "version": standing.seq,
        "reason": standing.reason or None,
    }


def mirror_metrics(services: Services) -> Iterator[GaugeMetricFamily]:
    """The state of each declared set, and the version that the mirror holds of it."""
    states = GaugeMetricFamily(
        "vitalhub_mirror_state", "1 for the state of a set", labels=["data_set", "state"]
    )
    versions = GaugeMetricFamily(
        "vitalhub_mirror_version", "held of a set, 0 for none", labels=["data_set"]
    )
    declared = sorted(
        (code, contract)
        for code, contract in services.catalogue().data_sets.items()
        if contract.mirror is not None
    )
    for code, contract in declared[:NAMED]:
        standing = standing_of(services, contract) or OFF
        states.add_metric([code, standing.state.value], 1)
        versions.add_metric([code], standing.seq or 0)
    yield states
    yield versions
