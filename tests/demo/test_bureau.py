"""The bureau's database on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from catalog.clock import CITY_ZONE, ReplayClock
from demo.bureau import FORECASTS, READINGS, STATIONS, Bureau
from demo.lifeline import CITY
from demo.scenario import ScenarioName, scenario

START = datetime(2026, 7, 12, 3, 20, tzinfo=UTC)


@pytest.fixture
def bureau(registry_url: str) -> Iterator[Bureau]:
    """On an empty database of either kind."""
    opened = Bureau(registry_url, scenario(ScenarioName.CIQIKOU, START, CITY))
    yield opened
    opened.close()


def test_the_bureau_fills_its_tables_and_adds_nothing_twice(bureau: Bureau) -> None:
    clock = ReplayClock(START)
    forecasts = len(bureau.scenario.forecasts(START))
    assert bureau.update(clock) == 17 + 4 * 55 + forecasts
    assert bureau.update(clock) == 0
    clock.advance(timedelta(hours=4))
    assert bureau.update(clock) == 2 * 4 + len(bureau.scenario.forecasts(clock.now())) - forecasts
    with bureau.engine.connect() as connection:
        numbers = connection.execute(select(READINGS.c.RECNO).order_by(READINGS.c.RECNO)).scalars()
        assert list(numbers) == list(range(1, 4 * 57 + 1))
        assert connection.execute(select(func.count()).select_from(STATIONS)).scalar() == 17


def test_the_bureau_writes_beijing_time_and_exact_levels(bureau: Bureau) -> None:
    bureau.update(ReplayClock(START))
    local = START.astimezone(CITY_ZONE).replace(tzinfo=None)
    with bureau.engine.connect() as connection:
        latest = select(READINGS).where(READINGS.c.STCD == "CQ-CIQIKOU")
        latest = latest.order_by(READINGS.c.RECNO.desc()).limit(1)
        reading = connection.execute(latest).mappings().one()
        assert reading["TM"] == local
        assert (reading["Z"], reading["DTM"]) == (Decimal("179.850"), "黄海")
        assert (reading["Q"], reading["ADDVCD"]) == (None, "500106004")
        newest = select(FORECASTS).order_by(FORECASTS.c.RECNO.desc())
        newest = newest.where(FORECASTS.c.STCD == "CQ-CIQIKOU").limit(1)
        forecast = connection.execute(newest).mappings().one()
        assert (forecast["PKZ"], forecast["FTM"]) == (Decimal("181.000"), local)
        ciqikou = select(STATIONS).where(STATIONS.c.STCD == "CQ-CIQIKOU")
        station = connection.execute(ciqikou).mappings().one()
        assert (station["WRZ"], station["WRZ_DTM"]) == (Decimal("181.000"), "黄海")
        assert (station["DTPR"], station["ASGN"]) == (Decimal("1.64"), True)
        assert station["UPSTCD"] == "CQ-BEIBEI3"


def test_unknown_levels_and_places_stay_empty(bureau: Bureau) -> None:
    bureau.update(ReplayClock(START))
    with bureau.engine.connect() as connection:
        yichang = select(STATIONS).where(STATIONS.c.STNM == "宜昌")
        station = connection.execute(yichang).mappings().one()
    unknown = ("ADDVCD", "UPSTCD", "DTPR", "WRZ", "WRZ_DTM", "GRZ")
    assert [station[name] for name in unknown] == [None] * 6
    assert station["DTMNM"] == "吴淞"
