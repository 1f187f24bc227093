from decimal import Decimal

from demo.lifeline import CITY
from demo.recorded import read_recorded
from demo.stations import ASSIGNED, BEIBEI, CIQIKOU, CUNTAN, Station, stations


def all_stations() -> dict[str, Station]:
    found = stations(read_recorded(CITY / "domains" / "flood" / "readings.csv"))
    return {station.code: station for station in found}


def test_the_warning_level_of_ciqikou_is_181_metres_above_huanghai() -> None:
    ciqikou = all_stations()[CIQIKOU]
    assert ciqikou.warning == (Decimal("181.00"), "黄海")
    assert ciqikou.offset == Decimal("1.64")


def test_offsets_are_known_only_where_bulletins_give_them() -> None:
    known = {code for code, station in all_stations().items() if station.offset is not None}
    assert known == {CIQIKOU, BEIBEI, CUNTAN}


def test_a_guarantee_level_stands_above_its_warning_level() -> None:
    for station in all_stations().values():
        if station.warning and station.guarantee:
            assert station.guarantee[1] == station.warning[1]
            assert station.guarantee[0] > station.warning[0]


def test_ciqikou_looks_upstream_to_beibei_and_no_other_station_looks_anywhere() -> None:
    upstream = {code: s.upstream for code, s in all_stations().items() if s.upstream is not None}
    assert upstream == {CIQIKOU: BEIBEI}


def test_assigned_codes_say_so() -> None:
    assert all(station.assigned and station.code.startswith("CQ-") for station in ASSIGNED)
