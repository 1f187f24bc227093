from collections.abc import Iterator

import duckdb
import pytest

from catalog.ids import Seq
from warehouse.newest import Newest


def newest(*numbers: int) -> Newest:
    told: Iterator[int] = iter(numbers)
    found = Newest(lambda: Seq(next(told)))
    found.settle()
    return found


def nothing() -> None:
    """A transaction that begins."""


def test_what_was_asked_once_is_known_to_every_transaction_until_a_commit() -> None:
    known = newest(7)
    assert [known.seen_by(nothing) for _ in range(3)] == [7, 7, 7]


def test_a_transaction_that_begins_while_a_commit_is_under_way_must_ask() -> None:
    known = newest(7, 8)
    with known.moving():
        assert known.seen_by(nothing) is None
    assert known.seen_by(nothing) == 8


def test_a_transaction_that_began_before_a_commit_and_saw_its_end_must_ask() -> None:
    known = newest(7, 8)

    def overtaken() -> None:
        with known.moving():
            pass

    assert known.seen_by(overtaken) is None


def test_a_commit_that_changes_nothing_is_a_commit_all_the_same() -> None:
    known = newest(7, 7)

    def overtaken() -> None:
        with known.moving():
            pass

    assert known.seen_by(overtaken) is None
    assert known.seen_by(nothing) == 7


def test_a_failed_commit_is_followed_by_a_question_too() -> None:
    known = newest(7, 8)
    with pytest.raises(duckdb.IOException), known.moving():
        raise duckdb.IOException("the disk is full")
    assert known.seen_by(nothing) == 8


def test_where_asking_fails_nothing_is_known() -> None:
    def away() -> Seq:
        raise duckdb.IOException("the file is away")

    known = Newest(away)
    known.settle()
    assert known.seen_by(nothing) is None
