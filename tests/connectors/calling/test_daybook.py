"""Today's counts outlive the process."""

from datetime import date
from pathlib import Path

from catalog.ids import DatasetCode
from connectors.calling.daybook import DayBook

LOT, TODAY, TOMORROW = DatasetCode("parking_lot"), date(2026, 8, 1), date(2026, 8, 2)


def test_a_new_process_goes_on_counting_where_the_old_one_stood(tmp_path: Path) -> None:
    DayBook(tmp_path / "calls").keep(LOT, TODAY, 41)
    assert DayBook(tmp_path / "calls").spent(LOT, TODAY) == 41
    assert DayBook(tmp_path / "calls").spent(LOT, TOMORROW) == 0
    assert DayBook(tmp_path / "calls").spent(DatasetCode("other"), TODAY) == 0


def test_of_two_writers_the_higher_count_stays_and_a_new_day_begins_low(tmp_path: Path) -> None:
    book = DayBook(tmp_path)
    for day, spent in ((TODAY, 7), (TODAY, 6), (TOMORROW, 1)):
        book.keep(LOT, day, spent)
        assert book.spent(LOT, day) == (7 if day == TODAY else 1)


def test_a_torn_file_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "parking_lot.json").write_text('{"day"', "utf-8")
    assert DayBook(tmp_path).spent(LOT, TODAY) == 0
    assert DayBook().spent(LOT, TODAY) == 0
