"""Every declared feed of the demo city, from its running sources to the landing."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from catalog.clock import SystemClock
from catalog.contracts import Contract
from catalog.domain import Domain, Feed, Source, read_domains
from catalog.ids import DatasetCode
from connectors.connections import read_connections
from connectors.extractions import extractions
from connectors.landing import Landed, land
from connectors.source import Fetch
from demo.city import DemoCity
from demo.lifeline import CITY

CLOCK = SystemClock()
DOMAINS = read_domains(CITY)
FEEDS = [(source, feed) for domain in DOMAINS for source in domain.sources for feed in source.feeds]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoCity]:
    with DemoCity(tmp_path_factory.mktemp("city")) as running:
        yield running


def contract(data_set: DatasetCode, domains: tuple[Domain, ...] = DOMAINS) -> Contract:
    return next(c for domain in domains for c in domain.contracts if c.data_set == data_set)


def fetched(city: DemoCity, source: Source, feed: Feed, landing: Path) -> list[Landed]:
    connection = read_connections(city.connections_file).get(source.connection, source.kind)
    cursor = None
    found: list[Landed] = []
    while True:
        fetch = Fetch(contract(feed.data_set), feed, source, connection, cursor)
        before = len(found)
        for extraction in extractions(fetch):
            landed = land(extraction, source.id, fetch.contract, landing, CLOCK)
            if found and landed.load_id == found[-1].load_id:
                return found
            extraction.acknowledge()
            found.append(landed)
            cursor = landed.cursor
        if len(found) == before:
            return found


@pytest.mark.parametrize(("source", "feed"), FEEDS, ids=[feed.data_set for _, feed in FEEDS])
def test_a_declared_feed_is_read_whole_with_its_contracts_columns(
    city: DemoCity, source: Source, feed: Feed, tmp_path: Path
) -> None:
    loads = fetched(city, source, feed, tmp_path)
    assert loads
    promised = contract(feed.data_set)
    for landed in loads:
        table = pq.read_table(landed.raw)
        assert table.schema.names[:-3] == [column.name for column in promised.columns]
        assert table.num_rows == landed.rows > 0
        assert table["_broken"].null_count == table.num_rows
        for name in promised.key:
            assert table[name].null_count == 0
