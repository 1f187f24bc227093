from datetime import UTC, datetime, timedelta

import pytest

from demo.timeline import SLOT, SLOTS, Timeline

START = datetime(2026, 3, 1, 8, 36, 27, tzinfo=UTC)


def test_the_first_cycle_ends_at_the_start_instant() -> None:
    line = Timeline("ciqikou", START)
    assert line.due(START) == SLOTS
    assert line.instant(SLOTS - 1) == START.replace(second=0)
    assert line.begin == START.replace(second=0) - timedelta(hours=108)


def test_afterwards_one_slot_comes_due_in_two_hours() -> None:
    line = Timeline("ciqikou", START)
    assert line.due(START + timedelta(minutes=119)) == SLOTS
    assert line.due(START + SLOT) == SLOTS + 1
    assert line.due(START + 10 * SLOT) == SLOTS + 10


def test_each_further_cycle_has_its_own_scenario_id() -> None:
    line = Timeline("ciqikou", START)
    assert [line.scenario_id(n) for n in (0, 54, 55, 109, 110)] == [
        "ciqikou-1",
        "ciqikou-1",
        "ciqikou-2",
        "ciqikou-2",
        "ciqikou-3",
    ]
    assert line.scenario_id_at(line.instant(55)) == "ciqikou-2"


def test_long_before_the_start_nothing_is_due() -> None:
    assert Timeline("ciqikou", START).due(START - timedelta(days=30)) == 0


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        Timeline("ciqikou", START.replace(tzinfo=None))
