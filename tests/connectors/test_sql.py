from collections.abc import Callable, Iterator
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, make_url, text

from catalog.contracts import Column, Contract, PublishMode
from catalog.domain import SourceKind
from connectors.columns import BATCH_ROWS
from connectors.connections import SqlConnection
from connectors.errors import (
    AddressRefused,
    ColumnMissing,
    ColumnRetyped,
    CursorUnsuitable,
    SourceEmpty,
    SourceUnavailable,
    TableMissing,
)
from connectors.limits import LIMITS, Limits
from connectors.source import Extraction, Fetch
from connectors.sql import sql_extractions
from tests.connectors import example

HEADERS = ("STCD", "TM", "Z", "Q")
COLUMNS = tuple(
    Column(c.name, c.type, c.label, header)
    for c, header in zip(example.COLUMNS, HEADERS, strict=True)
)
TABLE = (
    'CREATE TABLE river_regime ("RECNO" BIGINT PRIMARY KEY, "STCD" VARCHAR(16),'
    ' "TM" TIMESTAMP, "Z" NUMERIC(9,3), "Q" NUMERIC)'
)
STORES = ("sqlite", "postgresql")
READERS = [False, *([True] if find_spec("adbc_driver_sqlite") else [])]
Make = Callable[[str], str]


@pytest.fixture(params=STORES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / '水情 bureau.sqlite'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = create_engine(url)
    run(made, TABLE)
    yield made
    made.dispose()


@pytest.fixture(params=READERS, ids=lambda adbc: "adbc" if adbc else "dbapi")
def adbc(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def fill(engine: Engine, start: int, stop: int) -> None:
    rows = ",".join(
        f"({n}, 'CQ-{n % 3}', '2020-08-20 08:00:00', {Decimal(181000 + n) / 1000}, NULL)"
        for n in range(start, stop)
    )
    run(engine, f"INSERT INTO river_regime VALUES {rows}")


def connection_to(url: str) -> SqlConnection:
    host = make_url(url).query.get("host")
    return SqlConnection(kind="sql", url=SecretStr(url), allow=(f"unix:{host}",) if host else ())


def sql_fetch(
    url: str,
    after: dict[str, object] | None = None,
    of: Contract | None = None,
    **options: object,
) -> Fetch:
    chosen = {"table": "river_regime", "cursor": "RECNO", **options}
    of = of or example.contract(columns=COLUMNS)
    return example.fetch(SourceKind.SQL, connection_to(url), chosen, of=of, cursor=after)


def read(fetch: Fetch, *, adbc: bool, limits: Limits = LIMITS) -> tuple[Extraction, pa.Table]:
    (extraction,) = sql_extractions(fetch, limits, adbc=adbc)
    return extraction, example.table(extraction)


def test_rows_after_the_cursor_are_read_in_its_order(url: str, engine: Engine, adbc: bool) -> None:
    fill(engine, 1, 6)
    extraction, table = read(sql_fetch(url), adbc=adbc)
    assert table["_line"].to_pylist() == [1, 2, 3, 4, 5]
    assert table["level_m"].to_pylist()[:2] == ["181.001", "181.002"]
    assert table["flow_m3s"].null_count == 5
    assert extraction.cursor() == {"after": 5}
    fill(engine, 6, 8)
    extraction, table = read(sql_fetch(url, {"after": 5}), adbc=adbc)
    assert table["_line"].to_pylist() == [6, 7]
    assert extraction.identity() == "river_regime|RECNO|5|7"
    assert list(sql_extractions(sql_fetch(url, {"after": 7}), adbc=adbc)) == []


def test_a_column_that_begins_with_many_nulls_is_read_to_its_end(
    url: str, engine: Engine, adbc: bool
) -> None:
    fill(engine, 1, 3_000)
    run(engine, "INSERT INTO river_regime VALUES (3000, 'CQ-1', NULL, 181.5, 74600.25)")
    _, table = read(sql_fetch(url), adbc=adbc)
    assert table["flow_m3s"].to_pylist()[-1] == "74600.25"
    assert table["flow_m3s"].null_count == 2_999


def test_decimals_arrive_with_the_digits_they_were_stored_with(
    postgres_url: str, adbc: bool
) -> None:
    engine = create_engine(postgres_url)
    run(engine, TABLE)
    digits = "12345678901234567890.12345678901234567890"
    run(engine, f"INSERT INTO river_regime VALUES (1, 'CQ-1', NULL, 181.640, {digits})")
    run(engine, "INSERT INTO river_regime VALUES (2, 'CQ-1', NULL, 1, 'NaN')")
    engine.dispose()
    _, table = read(sql_fetch(postgres_url), adbc=adbc)
    assert table["level_m"].to_pylist() == ["181.640", "1.000"]
    assert table["flow_m3s"].to_pylist() == [digits, "NaN"]


def test_a_float_is_rounded_to_the_contracts_places(postgres_url: str, adbc: bool) -> None:
    engine = create_engine(postgres_url)
    run(engine, TABLE.replace("NUMERIC(9,3)", "DOUBLE PRECISION"))
    run(engine, "INSERT INTO river_regime VALUES (1, 'CQ-1', NULL, 0.1::float8 + 0.2, 1)")
    engine.dispose()
    _, table = read(sql_fetch(postgres_url), adbc=adbc)
    assert table["level_m"].to_pylist() == ["0.300"]


def test_a_zoned_time_says_its_zone_and_a_plain_one_stays_plain(
    postgres_url: str, adbc: bool
) -> None:
    engine = create_engine(postgres_url)
    run(engine, TABLE.replace("VARCHAR(16)", "TIMESTAMPTZ"))
    run(
        engine,
        "INSERT INTO river_regime VALUES (1, '2020-08-20 08:00+08', '2020-08-20 08:00', 1, 1)",
    )
    engine.dispose()
    _, table = read(sql_fetch(postgres_url), adbc=adbc)
    assert table["station_code"][0].as_py() == "2020-08-20 00:00:00+00"
    assert table["observed_at"][0].as_py() == "2020-08-20 08:00:00"


def test_a_whole_table_is_one_state_and_going_back_is_a_new_load(
    url: str, engine: Engine, adbc: bool
) -> None:
    snapshot = example.contract(columns=COLUMNS, mode=PublishMode.SNAPSHOT)
    fill(engine, 1, 4)
    cursor: dict[str, object] | None = None
    identities = []
    for change in ('SET "Q" = NULL', 'SET "Q" = 5', 'SET "Q" = NULL', 'SET "Q" = NULL'):
        run(engine, f"UPDATE river_regime {change}")
        fetch = sql_fetch(url, cursor, snapshot, cursor=None, order=["RECNO"])
        extraction, table = read(fetch, adbc=adbc)
        assert table["_line"].to_pylist() == [1, 2, 3]
        identities.append(extraction.identity())
        cursor = dict(extraction.cursor() or {})
    assert len(set(identities)) == 3
    assert identities[2] == identities[3]


def test_both_readers_give_the_same_rows_and_identity(url: str, engine: Engine) -> None:
    fill(engine, 1, 2_000)
    whole = example.contract(columns=COLUMNS, mode=PublishMode.SNAPSHOT)
    fetch = sql_fetch(url, None, whole, cursor=None, order=["RECNO"])
    read_by = [read(fetch, adbc=adbc) for adbc in READERS]
    assert all(table.equals(read_by[0][1]) for _, table in read_by)
    assert len({extraction.identity() for extraction, _ in read_by}) == 1


@pytest.mark.usefixtures("engine")
def test_an_empty_snapshot_is_refused(url: str, adbc: bool) -> None:
    snapshot = example.contract(columns=COLUMNS, mode=PublishMode.SNAPSHOT)
    with pytest.raises(SourceEmpty):
        list(sql_extractions(sql_fetch(url, None, snapshot, cursor=None), adbc=adbc))


def test_a_load_ends_at_its_limit_of_rows_and_the_next_goes_on(tmp_path: Path, adbc: bool) -> None:
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    engine = create_engine(url)
    run(engine, TABLE)
    for start in range(1, BATCH_ROWS + 5_001, 5_000):
        fill(engine, start, start + 5_000)
    engine.dispose()
    extraction, table = read(sql_fetch(url), adbc=adbc, limits=Limits(rows=10))
    last = table["_line"].to_pylist()[-1]
    assert extraction.cursor() == {"after": last}
    _, rest = read(sql_fetch(url, {"after": last}), adbc=adbc)
    assert rest["_line"].to_pylist()[0] == last + 1
    assert rest["_line"].to_pylist()[-1] == BATCH_ROWS + 5_000


def test_headers_differing_by_case_alone_are_found(url: str, engine: Engine, adbc: bool) -> None:
    run(engine, 'ALTER TABLE river_regime RENAME COLUMN "STCD" TO stcd')
    fill(engine, 1, 2)
    assert read(sql_fetch(url), adbc=adbc)[1]["station_code"].to_pylist() == ["CQ-1"]


def test_a_missing_column_names_contract_and_data_set(url: str, engine: Engine) -> None:
    run(engine, 'ALTER TABLE river_regime RENAME COLUMN "Z" TO "ZZ"')
    with pytest.raises(ColumnMissing, match="level_m") as refused:
        list(sql_extractions(sql_fetch(url)))
    assert "district_water_level" in refused.value.message_zh


def test_a_numeric_column_that_became_text_stops_the_load(url: str, engine: Engine) -> None:
    run(engine, "DROP TABLE river_regime", TABLE.replace("NUMERIC(9,3)", "VARCHAR(20)"))
    rows = ",".join(f"({n}, 'CQ-1', NULL, 'high', NULL)" for n in range(9))
    run(engine, f"INSERT INTO river_regime VALUES {rows}")
    with pytest.raises(ColumnRetyped, match="level_m"):
        read(sql_fetch(url), adbc=False)


@pytest.mark.usefixtures("engine")
def test_a_missing_table_is_named(url: str) -> None:
    with pytest.raises(TableMissing, match="nowhere"):
        list(sql_extractions(sql_fetch(url, table="nowhere")))


@pytest.mark.parametrize("column", ["TM", "NOWHERE", "STCD"])
@pytest.mark.usefixtures("engine")
def test_a_cursor_that_is_no_integer_is_refused(url: str, column: str) -> None:
    with pytest.raises(CursorUnsuitable):
        list(sql_extractions(sql_fetch(url, cursor=column)))


def test_names_are_quoted_whatever_they_hold(tmp_path: Path, adbc: bool) -> None:
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    engine = create_engine(url)
    odd = 'a"; DROP TABLE river_regime; --'
    run(engine, TABLE)
    with engine.begin() as connection:
        quoted = '"' + odd.replace('"', '""') + '"'
        connection.exec_driver_sql(f'ALTER TABLE river_regime RENAME COLUMN "STCD" TO {quoted}')
    fill(engine, 1, 2)
    columns = (Column("station_code", example.TEXT, "站码", odd),)
    fetch = sql_fetch(url, None, example.contract(columns=columns))
    assert read(fetch, adbc=adbc)[1]["station_code"].to_pylist() == ["CQ-1"]
    engine.dispose()


def test_a_source_is_opened_read_only_and_never_created(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="no such database"):
        list(sql_extractions(sql_fetch(f"sqlite:///{tmp_path / 'gone.sqlite'}")))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://hub:s3cret@169.254.169.254/water",
        "postgresql+psycopg://hub:s3cret@db.example/water",
        "postgresql+psycopg://hub:s3cret@/water?host=/tmp",
    ],
)
def test_an_undeclared_server_is_refused_without_a_word_of_the_password(url: str) -> None:
    connection = SqlConnection(
        kind="sql", url=SecretStr(url), allow=("169.254.169.254:5432", "10.0.0.1:5432")
    )
    fetch = example.fetch(SourceKind.SQL, connection, {"table": "river_regime"})
    with pytest.raises(AddressRefused) as refused:
        list(sql_extractions(fetch))
    assert "s3cret" not in str(refused.value)


def test_a_server_that_is_not_there_is_unavailable_without_a_word_of_the_password() -> None:
    connection = SqlConnection(
        kind="sql",
        url=SecretStr("postgresql+psycopg://hub:s3cret@127.0.0.1:1/water"),
        allow=("127.0.0.1:1",),
    )
    fetch = example.fetch(SourceKind.SQL, connection, {"table": "river_regime"})
    with pytest.raises(SourceUnavailable) as refused:
        list(sql_extractions(fetch))
    shown = f"{refused.value!r} {refused.value.__cause__!r} {refused.value.details} {fetch!r}"
    assert "s3cret" not in shown
