"""What the mirror answers, and everything that it leaves to the engine without a word."""

import itertools
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from catalog.catalogue import Catalogue
from catalog.contracts import ColumnType, Kind
from catalog.ids import Seq
from catalog.predicate import Compare, Op, Or, Scalar, Values
from catalog.slot import Slot
from query import mirror_condition
from query.compile import compile_read
from query.mirror_bind import stored
from query.mirror_source import Bind, Unmirrored
from query.relation import Scope
from query.statement import LockedStatement
from query.tree import Leaf, Nested, Order, Read, ReadOne, Tree
from tests.shared_data import PLACES, grant
from tests.warehouse.mirror.both import Both
from tests.warehouse.mirror.things import OWNERS, READINGS, THINGS, VALUES, contracts
from warehouse.engine import Answer
from warehouse.mirror import read
from warehouse.mirror.standing import MirrorState, Standing

NAMES = (Leaf("c", "code"), Leaf("n", "name"))
ALL_OWNERS = Read(OWNERS, NAMES)
IN_THREES = Read(
    OWNERS,
    (*NAMES, Nested("t", "things", (Leaf("i", "id"),), order=(Order("id", True),), limit=3)),  # noqa: FBT003
)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    made = Both(tmp_path, contracts())
    made.show({OWNERS: owners("A", "B"), THINGS: things(20), READINGS: []})
    yield made
    made.close()


def owners(*codes: str) -> list[dict[str, Scalar | None]]:
    return [{"code": c, "name": c * 2, "rank": 1, "phone": None} for c in codes]


def things(number: int) -> list[dict[str, Scalar | None]]:
    empty = dict.fromkeys(column.name for column in contracts()[THINGS].columns)
    return [
        {**empty, "id": n, "owner_code": "AB"[n % 2], "level_m": Decimal(n), "longitude": n / 4}
        for n in range(number)
    ]


def statement(tree: Tree) -> LockedStatement:
    held = [
        grant(code, [column.name for column in contract.columns])
        for code, contract in whole().contracts.items()
    ]
    return compile_read(tree, Scope(whole(), held, "key"))


def whole() -> Catalogue:
    """Without a column of places, so that all is granted."""
    open_to_all = {code: replace(c, place_column=None) for code, c in contracts().items()}
    return Catalogue(contracts=open_to_all, organisations={}, places=PLACES)


def same(both: Both, tree: Tree, values: Values = ()) -> Answer:
    """What the engine and the mirror answer."""
    asked = statement(tree)
    found = both.mirror(asked, values)
    assert found is not None
    assert found == both.engine(asked, values)
    return found


def test_what_is_published_is_answered_from_the_mirror(both: Both) -> None:
    assert same(both, ALL_OWNERS).content == b'[{"c":"A","n":"AA"},{"c":"B","n":"BB"}]'
    assert same(both, IN_THREES).rows == 2
    one = ReadOne(OWNERS, NAMES, (("code", "B"),))
    assert same(both, one) == Answer(b'{"c":"B","n":"BB"}', 1)
    nobody = ReadOne(OWNERS, NAMES, (("code", "C"),))
    assert same(both, nobody) == Answer(b"null", 0)


def test_values_are_put_into_slots(both: Both) -> None:
    by_key = ReadOne(OWNERS, NAMES, (("code", Slot(0)),))
    assert same(both, by_key, ("A",)).rows == 1
    among = Read(THINGS, (Leaf("i", "id"),), Compare("id", Op.IN, Slot(0)))
    assert same(both, among, ((3, 5, 99),)).content == b'[{"i":"3"},{"i":"5"}]'
    without = Read(THINGS, (Leaf("i", "id"),), Compare("level_m", Op.NOT_IN, Slot(0)))
    assert same(both, without, ((Decimal(3), 5),)).rows == 18


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("name", Kind.STRING),
        ("count_of", Kind.INTEGER),
        ("far", Kind.BIGINT),
        ("day", Kind.DATE),
        ("seen_at", Kind.TIMESTAMP),
    ],
)
def test_a_list_in_a_slot_finds_whatever_the_column_holds(
    both: Both, name: str, kind: Kind
) -> None:
    held = VALUES[kind]
    rows = [{**row, name: value} for row, value in zip(things(len(held)), held, strict=True)]
    both.show({OWNERS: [], THINGS: rows, READINGS: []})
    among = Read(THINGS, (Leaf("i", "id"), Leaf("v", name)), Compare(name, Op.IN, Slot(0)))
    assert same(both, among, (tuple(held),)).rows == len(held)
    assert same(both, among, (tuple(held[:1]),)).rows == 1


def test_several_statements_are_answered_together_or_not_at_all(both: Both) -> None:
    asked = [(s, s.bound()) for s in (statement(ALL_OWNERS), statement(IN_THREES))]
    answers = both.reader.read(asked, both.published)
    assert answers is not None
    assert [answer.rows for answer in answers] == [2, 2]
    not_mirrored = statement(Read(READINGS, (Leaf("r", "remark"),)))
    assert both.reader.read([*asked, (not_mirrored, {})], both.published) is None
    assert both.reader.read([], both.published) == []


def test_a_mirror_that_is_behind_answers_nothing(both: Both) -> None:
    asked, published = statement(ALL_OWNERS), both.published
    later = published | {OWNERS: Seq(published[OWNERS] + 1)}
    assert both.reader.read([(asked, {})], later) is None
    never = {code: seq for code, seq in published.items() if code != OWNERS}
    assert both.reader.read([(asked, {})], never) is None
    assert both.reader.read([(asked, {})], published) is not None


@pytest.mark.parametrize("change", ["seq = seq - 1", "state = 'building'", "shape = 'other'"])
def test_what_the_file_itself_says_of_a_set_counts(both: Both, change: str, tmp_path: Path) -> None:
    """Though the server takes it to be ready: a version may come in between."""
    with sqlite3.connect(tmp_path / "mirror.sqlite") as file:
        file.execute(f'UPDATE "$publication" SET {change} WHERE data_set = ?', (OWNERS,))
    file.close()
    assert both.mirror(statement(ALL_OWNERS)) is None
    assert both.mirror(statement(Read(THINGS, (Leaf("i", "id"),)))) is not None
    assert not both.standings.doubted


def test_a_version_that_comes_in_is_seen_by_a_connection_that_is_open(both: Both) -> None:
    same(both, ALL_OWNERS)
    both.show({OWNERS: owners("A", "B", "C"), THINGS: [], READINGS: []})
    assert same(both, ALL_OWNERS).rows == 3


def test_a_damaged_file_is_told_to_its_keeper(both: Both, tmp_path: Path) -> None:
    same(both, ALL_OWNERS)
    both.reader.close()
    both.standings.renew()
    file = tmp_path / "mirror.sqlite"
    file.write_bytes(file.read_bytes()[:100] + b"torn" * (file.stat().st_size // 4 - 25))
    assert both.mirror(statement(ALL_OWNERS)) is None
    assert both.standings.doubted


def test_a_file_that_is_gone_is_told_to_its_keeper(both: Both, tmp_path: Path) -> None:
    (tmp_path / "mirror.sqlite").unlink()
    assert both.mirror(statement(ALL_OWNERS)) is None
    assert both.standings.doubted


def test_a_file_in_the_old_ones_place_is_read_once_the_keeper_says_so(
    both: Both, tmp_path: Path
) -> None:
    same(both, ALL_OWNERS)
    other = Both(tmp_path / "other", contracts())
    other.show({OWNERS: owners("Z"), THINGS: [], READINGS: []})
    other.close()
    (tmp_path / "other" / "mirror.sqlite").replace(tmp_path / "mirror.sqlite")
    both.standings.renew()
    found = both.mirror(statement(ALL_OWNERS))
    assert found is not None
    assert found.rows == 1


def test_what_takes_too_long_is_ended_and_not_begun_again_at_this_version(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "STEP", 20)
    monkeypatch.setattr(read, "STEPS", 5)
    asked = statement(IN_THREES)
    assert both.mirror(asked) is None
    monkeypatch.setattr(read, "STEPS", 10_000)
    assert both.mirror(asked) is None, "remembered"
    assert not both.standings.doubted
    both.show({OWNERS: owners("A"), THINGS: [], READINGS: []})
    assert both.mirror(asked) == both.engine(asked)


MANY = Or(tuple(Compare("id", Op.EQ, 2 * n) for n in range(1500)))


def test_a_condition_of_very_many_terms_is_answered(both: Both) -> None:
    asked = Read(THINGS, (Leaf("i", "id"),), MANY)
    assert same(both, asked).rows == 10


def test_what_sqlite_does_not_take_is_left_to_the_engine_and_says_nothing_of_the_file(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror_condition, "CHAIN", len(MANY.terms))
    asked = statement(Read(THINGS, (Leaf("i", "id"),), MANY))
    assert both.mirror(asked) is None
    assert not both.standings.doubted
    assert not both.reader.takes([asked], both.published)
    assert both.mirror(statement(ALL_OWNERS)) is not None


def test_who_asks_for_many_rows_may_take_longer(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "STEP", 20)
    monkeypatch.setattr(read, "STEPS", 5)
    monkeypatch.setattr(read, "LONG", 2)
    asked = statement(IN_THREES)
    found = both.reader.read([(asked, {})], both.published, 1_000)
    assert found == [both.engine(asked)]
    assert both.mirror(asked) is None
    assert not both.reader.takes([asked], both.published)
    assert both.reader.takes([statement(ALL_OWNERS)], both.published)


def test_rows_past_a_bound_buy_no_more_time(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "STEP", 20)
    monkeypatch.setattr(read, "STEPS", 5)
    monkeypatch.setattr(read, "LONG", 1)
    monkeypatch.setattr(read, "LONGEST", 1)
    assert both.reader.read([(statement(IN_THREES), {})], both.published, 10**9) is None


def test_what_takes_too_much_of_the_processor_is_ended_as_well(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few steps may be long ones."""
    monkeypatch.setattr(read, "STEP", 20)
    monkeypatch.setattr(read, "STEPS", 10_000)
    worked = itertools.count(step=read.WORK_SECONDS)
    monkeypatch.setattr(read, "thread_time", lambda: next(worked))
    asked = statement(IN_THREES)
    assert both.mirror(asked) is None
    monkeypatch.undo()
    assert both.mirror(asked) is None, "remembered"


def test_what_had_to_wait_is_ended_but_tried_again(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "STEP", 20)
    monkeypatch.setattr(read, "STEPS", 10_000)
    monkeypatch.setattr(read, "thread_time", lambda: 1.0)
    now = itertools.count(step=read.WAIT_SECONDS)
    monkeypatch.setattr(read, "monotonic", lambda: next(now))
    asked = statement(IN_THREES)
    assert both.mirror(asked) is None
    monkeypatch.setattr(read, "monotonic", lambda: 1.0)
    assert both.mirror(asked) == both.engine(asked)


def test_a_set_that_the_keeper_does_not_know_is_not_read(both: Both) -> None:
    published = both.published
    both.standings.replace({OWNERS: Standing(MirrorState.BUILDING)})
    assert both.reader.read([(statement(ALL_OWNERS), {})], published) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ColumnType(Kind.STRING), "\ud800"),
        (ColumnType(Kind.STRING), "a\0b"),
        (ColumnType(Kind.BIGINT), 2**63),
        (ColumnType(Kind.DECIMAL, 9, 3), Decimal("0.0001")),
        (ColumnType(Kind.DECIMAL, 9, 3), Decimal("1234567890123456789.123")),
        (ColumnType(Kind.DECIMAL, 9, 3), Decimal("9999999999999.0000000000000001")),
        (ColumnType(Kind.DOUBLE), 2**53 + 1),
        (ColumnType(Kind.DOUBLE), float("inf")),
        (ColumnType(Kind.DATE), VALUES[Kind.TIMESTAMP][0]),
    ],
)
def test_a_value_that_the_mirror_holds_none_like_is_left_to_the_engine(
    kind: ColumnType, value: Scalar
) -> None:
    with pytest.raises((Unmirrored, UnicodeEncodeError)):
        str(stored(Bind("p", kind), value)).encode()


def test_a_list_of_doubles_is_left_to_the_engine(both: Both) -> None:
    """SQLite would read them of a text, and not always to the last bit."""
    tree = Read(THINGS, (Leaf("i", "id"),), Compare("longitude", Op.IN, Slot(0)))
    assert both.mirror(statement(tree), ((0.25, 0.5),)) is None
    one_by_one = Read(THINGS, (Leaf("i", "id"),), Compare("longitude", Op.IN, (0.25, 0.5)))
    assert same(both, one_by_one).rows == 2


def test_a_text_that_no_file_can_hold_is_left_to_the_engine(both: Both) -> None:
    by_name = statement(Read(OWNERS, NAMES, Compare("name", Op.EQ, Slot(0))))
    assert both.reader.read([(by_name, {"p0": "\ud800"})], both.published) is None
    assert not both.standings.doubted
