"""Shapingba asks once, and every figure of the answer is what a plain SQL finds in the source files."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.calls import Caller, Reply, until
from tests.acceptance.sources import Sources, gauge_rows
from tests.running_hub import RunningHub, running_hub

QUESTION = (Path(__file__).parents[2] / "docs" / "examples" / "flood.graphql").read_text("utf-8")
SITUATION = (
    "levelM",
    "rise6hM",
    "rise12hM",
    "rise24hM",
    "marginToWarningM",
    "marginToGuaranteeM",
)
EXPOSED = """query($asOf: DateTime) { floodExposure(limit: 1000, asOf: $asOf) {
  premisesName groundElevationM fenceLevelM } }"""
AT_THE_FENCE = (
    "磁正街1号铺",
    "磁正街2号铺",
    "磁正街3号铺",
    "磁横街1号铺",
    "磁横街2号铺",
    "磁横街3号铺",
)


@pytest.fixture(scope="module", params=["ciqikou", "august-2020"])
def hub(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, city: Path
) -> Iterator[RunningHub]:
    home = tmp_path_factory.mktemp(request.param)
    with running_hub(
        home, scenario=request.param, environment={"VITALHUB_CITY": str(city)}
    ) as running:
        yield running


@pytest.fixture(scope="module")
def sources(hub: RunningHub, city: Path) -> Iterator[Sources]:
    read = Sources(hub.home, city)
    yield read
    read.close()


@pytest.fixture(scope="module")
def answer(hub: RunningHub, sources: Sources) -> Reply:  # noqa: ARG001 - read before it is asked
    """Asked after the sources were read."""
    return Caller(hub, "shapingba-flood").call(QUESTION)


def decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_rise_upstream_and_the_room_left_are_those_of_both_sources(
    answer: Reply, sources: Sources
) -> None:
    found = [
        (
            row["sourceLevel"],
            row["station"]["stationName"],
            instant(row["observedAt"]),
            *(decimal(row[name]) for name in SITUATION),
        )
        for row in answer.data["upstream"]
    ]
    assert found == sources.rows("situation", station="北碚(三)")
    assert [row[0] for row in found] == ["national", "municipal"]
    assert all(value is not None for row in found for value in row)


def test_the_room_left_at_ciqikou_is_that_of_the_municipal_reading(
    answer: Reply, sources: Sources
) -> None:
    found = [
        (
            row["sourceLevel"],
            row["station"]["stationName"],
            instant(row["observedAt"]),
            *(decimal(row[name]) for name in SITUATION),
        )
        for row in answer.data["ciqikou"]
    ]
    assert found == sources.rows("situation", station="磁器口")
    assert len(found) == 1


def test_the_peak_at_ciqikou_is_the_last_forecast(answer: Reply, sources: Sources) -> None:
    (peak,) = answer.data["peak"]
    assert [
        (
            peak["station"]["stationName"],
            peak["station"]["river"],
            decimal(peak["peakLevelM"]),
            instant(peak["peakAt"]),
            instant(peak["issuedAt"]),
        )
    ] == sources.rows("peak", station="磁器口")


def test_one_station_shows_its_readings_of_three_levels(answer: Reply, sources: Sources) -> None:
    for station in answer.data["stations"]:
        found = [
            (
                "national",
                instant(r["observedAt"]),
                decimal(r["levelM"]),
                "吴淞",
                decimal(r["flowM3s"]),
            )
            for r in station["nationalReadings"]
        ] + [
            (
                "municipal",
                instant(r["observedAt"]),
                decimal(r["levelM"]),
                r["datum"],
                decimal(r["flowM3s"]),
            )
            for r in station["municipalReadings"]
        ]
        assert found == sources.rows("readings", code=station["stationCode"])
    beibei, ciqikou = answer.data["stations"]
    assert beibei["nationalReadings"]
    assert ciqikou["upstreamStation"] == {"stationName": "北碚(三)"}


def test_the_district_s_own_gauge_is_answered_as_it_stands_in_its_files(
    answer: Reply, hub: RunningHub
) -> None:
    ciqikou = next(s for s in answer.data["stations"] if s["stationCode"] == "CQ-CIQIKOU")
    (reading,) = ciqikou["districtReadings"]
    found = {(gauge, at): level for gauge, at, level in gauge_rows(hub.home)}
    at = instant(reading["observedAt"])
    assert Decimal(found[reading["gaugeCode"], at]) == decimal(reading["levelM"])


def test_premises_and_residents_stand_by_township_as_the_files_say(
    answer: Reply, sources: Sources
) -> None:
    wanted = sources.rows("exposed")
    found = [
        (
            row["townshipCode"],
            row["townshipName"],
            row["premisesId"],
            row["premisesName"],
            row["kind"],
            row["residentCount"],
            decimal(row["groundElevationM"]),
            decimal(row["depthBelowFenceM"]),
            decimal(row["fenceLevelM"]),
        )
        for row in answer.data["exposed"]
    ]
    assert found == wanted
    assert by_township(found) == by_township(wanted)
    assert "磁器口街道" in by_township(found)


def by_township(rows: list[tuple[Any, ...]]) -> dict[str, tuple[int, int]]:
    """Premises and residents of each 镇街, in its order."""
    towns = [(name, list(group)) for name, group in groupby(rows, key=lambda row: row[1])]
    assert len({name for name, _ in towns}) == len(towns), "a township stands in two places"
    return {name: (len(group), sum(row[5] for row in group)) for name, group in towns}


def test_each_premises_carries_the_peak_and_the_rise_upstream(answer: Reply) -> None:
    (peak,) = answer.data["peak"]
    national = answer.data["upstream"][0]
    for row in answer.data["exposed"]:
        assert (row["peakLevelM"], row["peakAt"]) == (peak["peakLevelM"], peak["peakAt"])
        assert row["upstreamLevelM"] == national["levelM"]
        assert row["upstreamRise24hM"] == national["rise24hM"]
        assert row["premises"]["controlStation"] == {"stationName": "磁器口"}


def test_the_answer_says_from_which_version_load_and_grade_it_came(answer: Reply) -> None:
    told = answer.body["extensions"]["data"]
    levels = {name: one["sourceLevel"] for name, one in told.items()}
    assert levels["riverRegimeNational"] == "national"
    assert levels["riverRegimeMunicipal"] == levels["floodPeakForecast"] == "municipal"
    assert levels["floodExposure"] == levels["districtWaterLevel"] == "district"
    for one in told.values():
        assert one["version"] > 0
        assert one["loadId"]
        assert one["grade"] in "ABCDE"


def exposed(caller: Caller, as_of: str | None = None) -> dict[str, Decimal]:
    """The exposed premises by name, with their ground in 黄海."""
    rows = caller.ask(EXPOSED, asOf=as_of)["floodExposure"]
    return {row["premisesName"]: Decimal(row["groundElevationM"]) for row in rows}


@pytest.mark.parametrize("hub", ["ciqikou"], indirect=True)
def test_the_fence_counts_equality_in_both_datums_and_hangs_on_the_offset(
    hub: RunningHub, city: Path
) -> None:
    caller = Caller(hub, "shapingba-flood")
    before, at = exposed(caller), datetime.now(UTC).isoformat()
    assert [name in before for name in AT_THE_FENCE] == [True, True, False] * 2
    assert before["磁正街2号铺"] == before["磁横街2号铺"] == Decimal("183.00")

    set_offset(hub, "0")
    dropped = until(lambda: changed(caller, before))
    assert [name in dropped for name in AT_THE_FENCE] == [True, True, False] + [False] * 3
    assert dropped.keys() < before.keys()
    assert exposed(caller, at) == before
    later = Sources(hub.home, city)
    assert set(dropped) == {row[3] for row in later.rows("exposed")}
    later.close()

    set_offset(hub, "1.64")
    assert until(lambda: changed(caller, dropped)) == before


def changed(caller: Caller, from_what: dict[str, Decimal]) -> dict[str, Decimal] | None:
    now = exposed(caller)
    return None if now == from_what else now


def set_offset(hub: RunningHub, metres: str) -> None:
    """The bureau writes another difference between 吴淞 and 黄海 at 磁器口."""
    with closing(sqlite3.connect(hub.home / "bureau" / "river.sqlite", timeout=60)) as connection:
        connection.execute("UPDATE river_station SET DTPR = ? WHERE STCD = 'CQ-CIQIKOU'", (metres,))
        connection.commit()
