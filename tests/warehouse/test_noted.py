from datetime import UTC, datetime

from catalog.ids import DatasetCode, LoadId, Seq
from tests.shared_data import READINGS, STATIONS
from warehouse.engine import Publication
from warehouse.noted import Noted


def made(seq: int, data_set: DatasetCode = STATIONS) -> Publication:
    at = datetime(2026, 8, 1, tzinfo=UTC)
    return Publication(Seq(seq), data_set, LoadId(f"load{seq}"), "digest", at, 1, 0, 0, 0, 1, 0, {})


def told(noted: Noted) -> Seq | None:
    return None if noted.now is None else noted.now.seq


def test_what_is_noted_is_known_with_what_was_published_before() -> None:
    noted = Noted({READINGS: made(1, READINGS)})
    noted.note(made(2))
    assert noted.now is not None
    assert noted.now.seq == 2
    assert {code: p.seq for code, p in noted.now.publications.items()} == {READINGS: 1, STATIONS: 2}


def test_nothing_is_told_from_memory_while_a_reader_has_seen_what_is_not_noted_yet() -> None:
    noted = Noted({STATIONS: made(1)})
    noted.saw(Seq(1))
    assert told(noted) == 1
    noted.saw(Seq(2))
    assert told(noted) is None
    noted.note(made(2))
    assert told(noted) == 2


def test_a_publication_that_was_noted_before_changes_nothing() -> None:
    noted = Noted({STATIONS: made(2)})
    noted.note(made(1, READINGS))
    assert noted.now is not None
    assert (noted.now.seq, set(noted.now.publications)) == (2, {STATIONS})
