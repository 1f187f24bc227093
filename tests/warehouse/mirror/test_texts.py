"""A value that has no text of its own is printed by SQLite exactly as the replies have it."""

import json

import apsw
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.clock import CITY_ZONE
from query.encode import json_rows
from query.mirror_value import double_text
from query.mirrored import PLAIN_BEFORE_MICROSECONDS, PLAIN_SINCE_MICROSECONDS, Storage
from warehouse.mirror.plan import PlannedColumn, TablePlan
from warehouse.mirror.texts import with_texts

DAY = 86_400_000_000
DOUBLES = st.lists(
    st.one_of(
        st.floats(allow_nan=False, allow_infinity=False),
        st.floats(1e-5, 1e11),
        st.builds(
            lambda n, scale: n / 10**scale, st.integers(-(10**15), 10**15), st.integers(0, 15)
        ),
        st.integers(-(2**53), 2**53).map(float),
        st.none(),
    )
)
INSTANTS = st.lists(
    st.one_of(
        st.integers(-62_135_510_400_000_000, PLAIN_BEFORE_MICROSECONDS - 1),
        st.integers(-62_135_510_400, PLAIN_BEFORE_MICROSECONDS // 1_000_000 - 1).map(
            lambda s: s * 1_000_000
        ),
        st.integers(PLAIN_SINCE_MICROSECONDS - DAY, PLAIN_SINCE_MICROSECONDS + DAY),
        st.sampled_from([PLAIN_SINCE_MICROSECONDS, PLAIN_SINCE_MICROSECONDS - 1_000_000, 0, -1]),
        st.none(),
    )
)


def texts(values: pa.Array, storage: Storage) -> list[str | None]:
    plan = TablePlan("t", "", (PlannedColumn("v", storage, "v$text"),), ("v",), None, ())
    batch = with_texts(pa.RecordBatch.from_arrays([values], ["v"]), plan)
    return list(batch.column("v$text").to_pylist())


def printed(values: pa.Array, said: list[str | None], how: str, kind: str) -> list[str | None]:
    """What a printer makes of them: the text, or SQLite's own rendering."""
    connection = apsw.Connection(":memory:")
    connection.execute(f"CREATE TABLE t (v {kind}, text TEXT)")
    connection.executemany(
        "INSERT INTO t VALUES (?, ?)", zip(values.to_pylist(), said, strict=True)
    )
    query = (
        f"SELECT CASE WHEN v IS NULL THEN NULL ELSE coalesce(text, {how}) END FROM t ORDER BY rowid"
    )
    found = [text for (text,) in connection.execute(query)]
    connection.close()
    return found


def replied(values: pa.Array) -> list[str | None]:
    return [row["v"] for row in json.loads(json_rows(pa.table({"v": values})), parse_float=str)]


@settings(max_examples=300, deadline=None)
@given(DOUBLES)
def test_a_double_is_printed_as_replied(numbers: list[float | None]) -> None:
    values = pa.array(numbers, pa.float64())
    said = texts(values, Storage.REAL)
    assert printed(values, said, double_text("v"), "REAL") == replied(values)


@settings(max_examples=300, deadline=None)
@given(INSTANTS)
def test_an_instant_is_printed_as_replied(microseconds: list[int | None]) -> None:
    values = pa.array(microseconds, pa.int64())
    said = texts(values, Storage.INTEGER)
    how = "strftime('%Y-%m-%dT%H:%M:%S', v / 1000000 + 28800, 'unixepoch') || '+08:00'"
    zoned = values.cast(pa.timestamp("us", str(CITY_ZONE)))
    assert printed(values, said, how, "INTEGER") == replied(zoned)


def test_what_cities_measure_mostly_needs_no_text() -> None:
    doubles = pa.array([106.551234, 29.5, 0.0, -3.25, 1234567.891, 0.0001, 42.0])
    assert texts(doubles, Storage.REAL) == [None] * 7


def test_an_instant_always_has_its_text() -> None:
    instants = pa.array([1_785_546_000_000_000, PLAIN_SINCE_MICROSECONDS, 0, None], pa.int64())
    assert texts(instants, Storage.INTEGER) == replied(
        instants.cast(pa.timestamp("us", str(CITY_ZONE)))
    )
