import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.clock import ReplayClock
from catalog.contracts import Contract, Severity
from catalog.ids import LoadId, RuleId
from query.compile import compile_read
from query.relation import Scope
from query.tree import Leaf, Nested, Order, Read, ReadOne
from tests.shared_data import (
    READINGS,
    START,
    STATIONS,
    catalogue,
    grant,
    reading,
    reading_rows,
    station,
    station_rows,
    written,
)
from warehouse.duck import DuckWarehouse
from warehouse.engine import LoadPlan, Publication, ReferenceRule
from warehouse.errors import AsOfTooOld, BatchRejected, InputNotPublished, QueryTooLong

HERE, THERE = 500106004000000, 500106016000000
HOUR = timedelta(hours=1)
EVERY_READING = Read(READINGS, (Leaf("s", "station_code"), Leaf("l", "level_m")), limit=1000)


def scope() -> Scope:
    columns = ["station_code", "observed_at", "level_m", "place_code"]
    return Scope(
        catalogue(),
        [grant(READINGS, columns, places=["500000"]), grant(STATIONS, ["code", "name"])],
        "key",
    )


class Town:
    """A warehouse with its clock, and short words for what the tests do with it."""

    def __init__(self, folder: Path) -> None:
        self.clock = ReplayClock(START)
        self.landing = folder / "landing"
        self.warehouse = DuckWarehouse(folder / "w.duckdb", self.landing, self.clock)
        self.loads = 0

    def publish(
        self,
        contract: Contract,
        rows: pa.Table,
        *references: ReferenceRule,
        load: str | None = None,
    ) -> Publication:
        self.loads += 1
        name = load or f"load{self.loads}"
        file = written(rows, self.landing / name / "rows.parquet")
        return self.warehouse.publish(
            LoadPlan(
                LoadId(name), contract, file, "digest", file.parent / "unfit.parquet", references
            )
        )

    def read(self, tree: Read | ReadOne, *, hours_ago: float | None = None) -> Any:
        at = None if hours_ago is None else self.clock.now() - hours_ago * HOUR
        with self.warehouse.session(at) as session:
            return orjson.loads(session.read(compile_read(tree, scope(), session.at)).content)

    def unfit(self, load: str) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = pq.read_table(
            self.landing / load / "unfit.parquet"
        ).to_pylist()
        return rows


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    opened = Town(tmp_path)
    yield opened
    opened.warehouse.close()


def refers(severity: Severity) -> ReferenceRule:
    return ReferenceRule(RuleId("known_station"), ("station_code",), STATIONS, ("code",), severity)


def test_the_same_load_again_is_a_no_op(town: Town) -> None:
    rows = reading_rows(("A", START, "1", HERE))
    first = town.publish(reading(), rows, load="same")
    assert town.publish(reading(), rows, load="same") == first
    assert town.read(EVERY_READING) == [{"s": "A", "l": "1.000"}]


def test_append_takes_new_keys_drops_repetitions_and_sets_conflicts_apart(town: Town) -> None:
    town.publish(reading(), reading_rows(("A", START, "1", HERE)))
    second = town.publish(
        reading(),
        reading_rows(("A", START, "1", HERE), ("B", START, "2", HERE)),
    )
    assert (second.added, second.rejected, second.rows) == (1, 0, 2)
    third = town.publish(reading(), reading_rows(("A", START, "9", HERE)), load="clash")
    assert (third.added, third.rejected, third.rows) == (0, 1, 2)
    (row,) = town.unfit("clash")
    assert row["_row"] == 0
    assert [r["rule_id"] for r in row["reasons"]] == ["key_clash"]  # type: ignore[attr-defined]


def test_upsert_replaces_known_keys_and_keeps_the_rest(town: Town) -> None:
    town.publish(reading("upsert"), reading_rows(("A", START, "1", HERE), ("B", START, "2", HERE)))
    town.clock.advance(HOUR)
    done = town.publish(
        reading("upsert"), reading_rows(("A", START, "5", HERE), ("B", START, "2", HERE))
    )
    assert (done.added, done.changed, done.removed, done.rows) == (0, 1, 0, 2)
    assert town.read(EVERY_READING) == [{"s": "A", "l": "5.000"}, {"s": "B", "l": "2.000"}]


def test_snapshot_ends_the_keys_that_are_missing_and_as_of_still_shows_them(town: Town) -> None:
    tree = Read(STATIONS, (Leaf("c", "code"), Leaf("n", "name")))
    town.publish(station(), station_rows(("A", "甲", None), ("B", "乙", None)))
    town.clock.advance(HOUR)
    done = town.publish(station(), station_rows(("A", "甲改", None), ("C", "丙", None)))
    assert (done.added, done.changed, done.removed, done.rows) == (1, 1, 1, 2)
    assert town.read(tree) == [{"c": "A", "n": "甲改"}, {"c": "C", "n": "丙"}]
    assert town.read(tree, hours_ago=0.5) == [{"c": "A", "n": "甲"}, {"c": "B", "n": "乙"}]


def test_a_snapshot_keeps_the_last_good_version_of_a_key_whose_row_was_set_apart(
    town: Town,
) -> None:
    tree = Read(STATIONS, (Leaf("c", "code"), Leaf("n", "name")))
    town.publish(station(), station_rows(("A", "甲", None), ("B", "乙", None), ("C", "丙", None)))
    folder = town.landing / "spoiled"
    rows = written(station_rows(("A", "甲改", None)), folder / "rows.parquet")
    withheld = folder / "withheld.parquet"
    pq.write_table(pa.table({"code": ["B"]}), withheld)
    plan = LoadPlan(LoadId("spoiled"), station(), rows, "d", folder / "unfit.parquet")
    done = town.warehouse.publish(replace(plan, withheld=withheld))
    assert (done.changed, done.removed, done.rows) == (1, 1, 2)
    assert town.read(tree) == [{"c": "A", "n": "甲改"}, {"c": "B", "n": "乙"}]


def test_a_snapshot_with_rows_that_nobody_can_name_ends_no_key(town: Town) -> None:
    town.publish(station(), station_rows(("A", "甲", None), ("B", "乙", None)))
    folder = town.landing / "torn"
    rows = written(station_rows(("C", "丙", None)), folder / "rows.parquet")
    plan = LoadPlan(LoadId("torn"), station(), rows, "d", folder / "unfit.parquet", whole=False)
    done = town.warehouse.publish(plan)
    assert (done.added, done.removed, done.rows) == (1, 0, 3)


def test_as_of_before_the_first_version_says_so(town: Town) -> None:
    town.publish(reading(), reading_rows(("A", START, "1", HERE)))
    with pytest.raises(AsOfTooOld):
        town.read(EVERY_READING, hours_ago=1)


def test_as_of_before_a_data_set_was_there_says_so_though_others_were(town: Town) -> None:
    town.publish(station(), station_rows(("A", "甲", None)))
    town.clock.advance(HOUR)
    town.publish(reading(), reading_rows(("A", START, "1", HERE)))
    assert town.read(Read(STATIONS, (Leaf("n", "name"),)), hours_ago=0.5) == [{"n": "甲"}]
    with pytest.raises(AsOfTooOld):
        town.read(EVERY_READING, hours_ago=0.5)


def test_a_nested_list_and_object_come_from_the_same_version(town: Town) -> None:
    town.publish(station(), station_rows(("A", "甲", None)))
    town.publish(
        reading(),
        reading_rows(("A", START, "1", HERE), ("A", START + HOUR, None, THERE)),
    )
    tree = Read(
        STATIONS,
        (
            Leaf("n", "name"),
            Nested(
                "last",
                "readings",
                (Leaf("at", "observed_at"), Leaf("l", "level_m"), Leaf("p", "place_code")),
                order=(Order("observed_at", descending=True),),
            ),
        ),
    )
    assert town.read(tree) == [
        {
            "n": "甲",
            "last": [
                {"at": "2026-08-01T09:00:00+08:00", "l": None, "p": "500106016"},
                {"at": "2026-08-01T08:00:00+08:00", "l": "1.000", "p": "500106004"},
            ],
        }
    ]


def test_a_row_by_key_is_an_object_or_null(town: Town) -> None:
    town.publish(station(), station_rows(("A", "甲", None)))
    assert town.read(ReadOne(STATIONS, (Leaf("n", "name"),), (("code", "A"),))) == {"n": "甲"}
    assert town.read(ReadOne(STATIONS, (Leaf("n", "name"),), (("code", "Z"),))) is None


def test_a_row_that_refers_to_nothing_is_set_apart_with_its_reason(town: Town) -> None:
    town.publish(station(), station_rows(("A", "甲", None)))
    done = town.publish(
        reading(),
        reading_rows(("A", START, "1", HERE), ("Z", START, "2", HERE)),
        refers(Severity.WARNING),
        load="half",
    )
    assert (done.added, done.rejected) == (1, 1)
    assert "station_code" in str(town.unfit("half")[0]["reasons"])


def test_a_critical_reference_rejects_the_batch_and_the_served_version_stays(town: Town) -> None:
    town.publish(station(), station_rows(("A", "甲", None)))
    town.publish(reading(), reading_rows(("A", START, "1", HERE)), refers(Severity.CRITICAL))
    with pytest.raises(BatchRejected):
        town.publish(reading(), reading_rows(("Z", START, "2", HERE)), refers(Severity.CRITICAL))
    assert town.read(EVERY_READING) == [{"s": "A", "l": "1.000"}]
    assert town.warehouse.latest()[READINGS].rows == 1


def test_a_reference_to_a_set_never_published_waits_instead_of_refusing_rows(town: Town) -> None:
    with pytest.raises(InputNotPublished):
        town.publish(reading(), reading_rows(("A", START, "1", HERE)), refers(Severity.WARNING))


def test_what_is_committed_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    town = Town(tmp_path)
    town.publish(reading(), reading_rows(("A", START, "1", HERE)))
    town.warehouse.close()
    again = Town(tmp_path)
    assert again.read(EVERY_READING) == [{"s": "A", "l": "1.000"}]
    again.warehouse.close()


def test_a_contract_with_a_new_column_keeps_the_older_rows(town: Town) -> None:
    old = station()
    shorter = type(old)(
        **{f: getattr(old, f) for f in old.__slots__} | {"columns": old.columns[:2]}
    )
    town.publish(shorter, station_rows(("A", "甲", None)).drop_columns(["phone"]))
    town.publish(old, station_rows(("A", "甲", "1380")))
    assert town.read(Read(STATIONS, (Leaf("n", "name"),))) == [{"n": "甲"}]


def test_the_connection_is_locked_down_for_every_cursor(town: Town, tmp_path: Path) -> None:
    cursor = town.warehouse._cursor()  # noqa: SLF001 - the lock-down is what is tested
    assert cursor.execute("SELECT current_setting('TimeZone')").fetchall() == [("Asia/Shanghai",)]
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    for attack in (
        f"SELECT * FROM read_csv('{outside}')",
        f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
        f"ATTACH '{tmp_path / 'other.duckdb'}'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET GLOBAL allowed_directories = ['/']",
    ):
        with pytest.raises(duckdb.Error):
            cursor.execute(attack)


def test_an_interrupted_read_ends_with_a_stable_code_and_the_engine_goes_on(town: Town) -> None:
    town.publish(station(), station_rows(*((f"S{i}", "x", None) for i in range(3000))))
    town.publish(reading(), reading_rows(*((f"S{i}", START, "1", HERE) for i in range(3000))))
    below = (Nested("s", "station", (Nested("r", "readings", (Leaf("l", "level_m"),)),)),)
    slow = compile_read(Read(STATIONS, (Nested("r", "readings", below),), limit=1000), scope())

    with town.warehouse.session() as session:
        ending = threading.Event()

        def interrupt() -> None:
            while not ending.wait(0.001):
                session.interrupt()

        def read_until_ended() -> None:
            for _ in range(500):
                session.read(slow)

        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        try:
            with pytest.raises(QueryTooLong) as ended:
                read_until_ended()
        finally:
            ending.set()
            interrupting.join()
    assert ended.value.code == "QUERY_TIMEOUT"
    assert len(town.read(EVERY_READING)) == 1000


keys = st.sampled_from("ABCD")
batches = st.lists(st.dictionaries(keys, st.integers(0, 3), max_size=4), min_size=1, max_size=4)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batches=batches, mode=st.sampled_from(["append", "upsert", "snapshot"]))
def test_every_mode_equals_its_plain_definition_now_and_as_of(
    tmp_path_factory: pytest.TempPathFactory, batches: list[dict[str, int]], mode: str
) -> None:
    town = Town(tmp_path_factory.mktemp("town"))
    model: dict[str, int] = {}
    history = []
    for batch in batches:
        town.publish(
            reading(mode), reading_rows(*((k, START, str(v), HERE) for k, v in batch.items()))
        )
        if mode == "append":
            model = batch | model
        elif mode == "upsert":
            model = model | batch
        else:
            model = dict(batch)
        history.append((town.clock.now(), dict(model)))
        town.clock.advance(HOUR)
    for at, then in history:
        hours = (town.clock.now() - at) / HOUR - 0.5
        rows = town.read(EVERY_READING, hours_ago=hours)
        assert rows == [{"s": k, "l": f"{v}.000"} for k, v in sorted(then.items())]
    town.warehouse.close()


def test_tables_of_many_data_sets_are_made_together_and_older_ones_get_what_they_lack(
    tmp_path: Path,
) -> None:
    warehouse = DuckWarehouse(tmp_path / "w.duckdb", tmp_path / "landing", ReplayClock(START))
    warehouse.prepare(replace(station(), columns=station().columns[:2]))
    warehouse.close()
    again = DuckWarehouse(tmp_path / "w.duckdb", tmp_path / "landing", ReplayClock(START))
    again.prepare(station(), reading())
    again.close()
    with duckdb.connect(str(tmp_path / "w.duckdb")) as held:
        columns = held.sql(
            "SELECT table_name, list(column_name) FROM duckdb_columns()"
            " WHERE schema_name = 'shared' GROUP BY table_name ORDER BY table_name"
        ).fetchall()
    assert [name for name, _ in columns] == ["reading", "reading__past", "station", "station__past"]
    assert set(columns[2][1]) == {"code", "name", "phone", "_seq"}
    assert set(columns[3][1]) == {"code", "name", "phone", "_from_seq", "_to_seq"}


def test_what_is_published_is_known_from_memory_and_after_a_start(town: Town) -> None:
    nothing = town.warehouse.published
    assert nothing is not None
    assert (nothing.seq, nothing.publications) == (0, {})
    made = town.publish(reading(), reading_rows(("A", START, "1", HERE)))
    known = town.warehouse.published
    assert known is not None
    assert (known.seq, known.publications) == (made.seq, {READINGS: made})
    assert known.publications == town.warehouse.latest()


def test_what_a_session_reads_is_the_version_that_it_names_while_others_are_committed(
    town: Town,
) -> None:
    """Each version has one row more, so the number of rows tells which one was read."""
    versions, torn = 60, list[tuple[int, int]]()
    done = threading.Event()
    rows = [(f"S{n}", "名", None) for n in range(versions)]
    town.publish(station(), station_rows(*rows[:1]))
    every = compile_read(Read(STATIONS, (Leaf("c", "code"),), limit=1000), scope())

    def look() -> None:
        while not done.is_set():
            with town.warehouse.session() as session:
                seen = len(orjson.loads(session.read(every).content))
                if seen != session.seq:
                    torn.append((seen, session.seq))

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(2, versions + 1):
        town.publish(station(), station_rows(*rows[:number]))
    done.set()
    for reader in readers:
        reader.join()
    assert torn == []
    assert town.warehouse.health().seq == versions
