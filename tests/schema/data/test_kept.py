"""Answers that are kept: found for the same words, values and versions, and for nothing else."""

from threading import Thread

from catalog.ids import PlaceCode, Seq
from catalog.predicate import Compare, Op, Values, Within
from catalog.slot import Slot
from query.compile import compile_read
from query.relation import Scope
from query.statement import LockedStatement
from query.tree import Condition, Leaf, Read
from schema.data.kept import OVERHEAD, Kept, KeptAnswers, versions_of
from tests.shared_data import READINGS, STATIONS, catalogue, grant

ONE = (Seq(1),)
ANSWER = Kept(b"[]", 0)
LARGE = 80 * OVERHEAD


def scope(*places: str, key: str = "k", masked: tuple[str, ...] = ()) -> Scope:
    held = grant(READINGS, ["station_code", "level_m"], places=places, masked=masked)
    return Scope(catalogue(), [held], key)


def statement(where: Condition | None = None, held: Scope | None = None) -> LockedStatement:
    read = Read(READINGS, (Leaf("l", "level_m"),), where)
    return compile_read(read, held or scope("500106"))


SLOT = Compare("station_code", Op.EQ, Slot(0))


def test_an_answer_is_found_for_its_values_and_versions_only() -> None:
    kept, asked = KeptAnswers(LARGE), statement(SLOT)
    kept.keep(asked, ("A",), ONE, ANSWER)
    assert kept.get(asked, ("A",), ONE) is ANSWER
    assert kept.get(asked, ("B",), ONE) is None
    assert kept.get(asked, ("A",), (Seq(2),)) is None
    assert kept.get(asked, ("A",), (None,)) is None
    assert (kept.hits, kept.misses) == (1, 1)


def test_two_scopes_share_an_answer_only_where_they_read_the_same_relation() -> None:
    kept = KeptAnswers(LARGE)
    kept.keep(statement(SLOT), ("A",), ONE, ANSWER)
    assert kept.get(statement(SLOT, scope("500106")), ("A",), ONE) is ANSWER
    others = (
        scope("500172"),
        scope("500106", masked=("station_code",)),
        scope("500106", "500172"),
    )
    for other in others:
        assert kept.get(statement(SLOT, other), ("A",), ONE) is None
    hidden = scope("500106", masked=("station_code",))
    kept.keep(statement(SLOT, hidden), ("A",), ONE, ANSWER)
    with_other_masks = scope("500106", masked=("station_code",), key="another")
    assert kept.get(statement(SLOT, with_other_masks), ("A",), ONE) is None


def test_what_stands_in_the_tree_counts_as_much_as_what_stands_in_a_slot() -> None:
    kept = KeptAnswers(LARGE)
    kept.keep(statement(Compare("station_code", Op.EQ, "A")), (), ONE, ANSWER)
    assert kept.get(statement(Compare("station_code", Op.EQ, "B")), (), ONE) is None
    assert kept.get(statement(Compare("station_code", Op.EQ, "A")), (), ONE) is ANSWER
    assert kept.get(statement(SLOT), ("A",), ONE) is None


def test_only_the_slots_of_a_statement_count() -> None:
    kept = KeptAnswers(LARGE)
    asked = statement(Compare("station_code", Op.EQ, Slot(1)))
    kept.keep(asked, ("x", "A"), ONE, ANSWER)
    assert kept.get(asked, ("y", "A"), ONE) is ANSWER


def test_what_was_used_least_recently_goes_and_the_bound_holds() -> None:
    kept, asked = KeptAnswers(20 * OVERHEAD), statement(SLOT)
    for n in range(100):
        kept.keep(asked, (f"s{n}",), ONE, ANSWER)
        kept.get(asked, ("s0",), ONE)
        assert kept.bytes <= 20 * OVERHEAD
    assert kept.get(asked, ("s0",), ONE) is ANSWER
    assert kept.get(asked, ("s99",), ONE) is ANSWER
    assert kept.get(asked, ("s50",), ONE) is None


def test_a_large_answer_is_not_kept_and_drives_nothing_out() -> None:
    kept, asked = KeptAnswers(16 * OVERHEAD), statement(SLOT)
    kept.keep(asked, ("A",), ONE, ANSWER)
    kept.keep(asked, ("B",), ONE, Kept(b"x" * 2 * OVERHEAD, 1))
    assert kept.get(asked, ("B",), ONE) is None
    assert kept.get(asked, ("A",), ONE) is ANSWER
    many: Values = (tuple(f"station {n}" for n in range(1_000)),)
    listed = statement(Compare("station_code", Op.IN, Slot(0)))
    kept.keep(listed, many, ONE, ANSWER)
    assert kept.get(listed, many, ONE) is None


def test_nothing_is_kept_where_nothing_may_be() -> None:
    kept = KeptAnswers(0)
    kept.keep(statement(), (), ONE, ANSWER)
    assert (kept.get(statement(), (), ONE), kept.bytes) == (None, 0)


def test_a_newer_answer_takes_the_place_of_an_older_one() -> None:
    kept, newer = KeptAnswers(LARGE), Kept(b"[1]", 1)
    kept.keep(statement(), (), ONE, ANSWER)
    before = kept.bytes
    kept.keep(statement(), (), (Seq(2),), newer)
    assert kept.bytes == before + 1
    assert kept.get(statement(), (), ONE) is None
    assert kept.get(statement(), (), (Seq(2),)) is newer


def test_what_a_publication_overtakes_goes_at_once_and_nothing_else_does() -> None:
    kept = KeptAnswers(LARGE)
    stations = compile_read(
        Read(STATIONS, (Leaf("c", "code"),)),
        Scope(catalogue(), [grant(STATIONS, ["code"])], "k"),
    )
    kept.keep(stations, (), ONE, ANSWER)
    before = kept.bytes
    kept.keep(statement(Within("place_code", (PlaceCode("500106"),)), ALL), (), ONE, ANSWER)
    kept.forget(READINGS)
    assert kept.bytes == before
    assert kept.get(stations, (), ONE) is ANSWER


ALL = Scope(catalogue(), [grant(READINGS, ["level_m", "place_code"], places=["500106"])], "k")


def test_versions_are_those_of_the_statements_own_data_sets() -> None:
    assert versions_of(statement(), {READINGS: Seq(3), STATIONS: Seq(4)}) == (3,)
    assert versions_of(statement(), {STATIONS: Seq(4)}) == (None,)


def test_threads_at_once_keep_the_sum_of_bytes_right() -> None:
    kept, asked = KeptAnswers(30 * OVERHEAD), statement(SLOT)

    def work(name: str) -> None:
        for n in range(300):
            kept.keep(asked, (f"{name}{n % 40}",), ONE, ANSWER)
            kept.get(asked, (f"{name}{n % 7}",), ONE)
            if n % 50 == 0:
                kept.forget(READINGS)

    threads = [Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 <= kept.bytes <= 30 * OVERHEAD
    kept.forget(READINGS)
    assert kept.bytes == 0
