"""Every declared feed, read from the running demo city and checked against its contract."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catalog.clock import SystemClock
from catalog.domain import Domain, Feed, Source, read_domains
from connectors.connections import Connections, read_connections
from connectors.extractions import extractions
from connectors.landing import land
from connectors.source import Fetch
from demo.city import DemoCity
from demo.scenario import ScenarioName, scenario
from quality.gate import Decision, Verdict, check
from settings import Settings
from warehouse.scratch import Scratch

CITY = Settings().city


@pytest.fixture(scope="module", params=list(ScenarioName))
def city(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DemoCity]:
    home = tmp_path_factory.mktemp("city")
    start = datetime.now(UTC) - timedelta(minutes=1)
    with DemoCity(home, request.param, start, busy_every=2) as opened:
        yield opened


def feeds(domains: tuple[Domain, ...]) -> Iterator[tuple[Source, Feed]]:
    for domain in domains:
        for source in domain.sources:
            for feed in source.feeds:
                yield source, feed


def verdicts(
    domains: tuple[Domain, ...], connections: Connections, folder: Path
) -> dict[str, list[Verdict]]:
    contracts = {c.data_set: c for domain in domains for c in domain.contracts}
    found: dict[str, list[Verdict]] = {}
    with Scratch([folder]) as scratch:
        for source, feed in feeds(domains):
            connection = connections.get(source.connection, source.kind)
            fetch = Fetch(contracts[feed.data_set], feed, source, connection, None)
            for extraction in extractions(fetch):
                landed = land(extraction, source.id, fetch.contract, folder, SystemClock())
                verdict = check(
                    landed.raw,
                    fetch.contract,
                    landed.folder,
                    now=datetime.now(UTC),
                    scratch=scratch,
                )
                found.setdefault(feed.data_set, []).append(verdict)
    return found


def test_every_feed_is_read_whole_and_passes_its_contract(city: DemoCity, tmp_path: Path) -> None:
    found = verdicts(read_domains(CITY), read_connections(city.connections_file), tmp_path)
    every = [verdict for of_set in found.values() for verdict in of_set]
    assert all(verdict.decision is Decision.PUBLISH for verdict in every)
    assert all(verdict.rejected == 0 for verdict in every)
    assert city.start is not None
    flood = scenario(city.scenario, city.start, CITY)
    gauges = sum(verdict.good for verdict in found.pop("district_water_level"))
    assert gauges >= 108  # the history, and what has come since
    assert {name: of_set[0].good for name, of_set in found.items()} == {
        "administrative_place": 12343,
        "river_station": 17,
        "river_regime_national": 825,
        "river_regime_municipal": 220,
        "flood_peak_forecast": len(flood.forecasts(city.start)),
        "riverside_premises": 456,
    }
