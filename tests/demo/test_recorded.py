from datetime import timedelta
from pathlib import Path

import pytest

from demo.lifeline import CITY
from demo.recorded import read_recorded
from demo.timeline import SLOT

FILE = CITY / "domains" / "flood" / "readings.csv"


def test_each_station_has_a_reading_for_each_slot() -> None:
    found = read_recorded(FILE)
    assert len(found) == 14
    assert {len(station.readings) for station in found} == {55}


def test_no_reading_was_observed_after_the_slot_it_belongs_to() -> None:
    for station in read_recorded(FILE):
        assert all(timedelta(0) <= reading.lag < SLOT for reading in station.readings)


def test_the_reading_half_an_hour_late_waits_for_the_next_slot() -> None:
    dam = next(station for station in read_recorded(FILE) if station.name == "茅坪(二)")
    slots = [reading.slot for reading in dam.readings]
    assert slots[20:24] == [20, 22, 22, 23]
    assert dam.readings[21].lag == timedelta(minutes=90)


def test_a_missing_row_is_refused(tmp_path: Path) -> None:
    short = tmp_path / "readings.csv"
    lines = FILE.read_text("utf-8").splitlines()
    short.write_text("\n".join(lines[:-1]), "utf-8")
    with pytest.raises(ValueError, match="62601600 has 54 readings"):
        read_recorded(short)
