from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from sqlglot import exp

from warehouse.scratch import Scratch


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Scratch]:
    (tmp_path / "landing").mkdir()
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    with Scratch([tmp_path / "landing"], memory_limit="256MB", threads=1) as opened:
        yield opened


def test_it_reads_and_writes_parquet_in_its_folder(scratch: Scratch, tmp_path: Path) -> None:
    file = tmp_path / "landing" / "rows.parquet"
    scratch.execute(f"COPY (SELECT range AS n FROM range(3)) TO '{file}'")
    assert scratch.execute(f"SELECT sum(n)::INT FROM '{file}'") == [(3,)]
    assert scratch.to_arrow(f"FROM '{file}'").num_rows == 3


def test_a_file_outside_its_folders_cannot_be_read_written_or_attached(
    scratch: Scratch, tmp_path: Path
) -> None:
    secret, inside = tmp_path / "secret.csv", tmp_path / "landing"
    for statement in (
        f"FROM read_csv('{secret}')",
        f"FROM read_csv('{inside}/../secret.csv')",
        f"COPY (SELECT 1) TO '{tmp_path}/out.parquet'",
        f"ATTACH '{tmp_path}/warehouse.duckdb'",
        "FROM read_csv('http://127.0.0.1:9/x.csv')",
        "INSTALL httpfs",
        "LOAD httpfs",
    ):
        with pytest.raises(duckdb.PermissionException):
            scratch.execute(statement)
    assert not (tmp_path / "out.parquet").exists()


def test_the_lock_cannot_be_undone_from_any_cursor(scratch: Scratch) -> None:
    for connection in (scratch, scratch.cursor()):
        for statement in (
            "SET enable_external_access = true",
            "SET allowed_directories = ['/']",
            "SET GLOBAL TimeZone = 'UTC'",
            "SET memory_limit = '100GB'",
            "SET lock_configuration = false",
        ):
            with pytest.raises(duckdb.InvalidInputException):
                connection.execute(statement)


def test_a_cursor_has_the_citys_zone_and_the_same_limits(scratch: Scratch, tmp_path: Path) -> None:
    with scratch.cursor() as cursor:
        assert cursor.execute(
            "SELECT current_setting('TimeZone'), current_setting('threads'), "
            "(TIMESTAMPTZ '2020-08-20 08:00')::VARCHAR"
        ) == [("Asia/Shanghai", 1, "2020-08-20 08:00:00+08")]
        with pytest.raises(duckdb.PermissionException):
            cursor.execute(f"FROM read_csv('{tmp_path}/secret.csv')")
    assert scratch.execute("SELECT 1") == [(1,)]


def test_a_cursor_keeps_its_temporary_tables_to_itself(scratch: Scratch) -> None:
    with scratch.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE staged AS SELECT 1 AS n")
        with pytest.raises(duckdb.CatalogException):
            scratch.execute("FROM staged")


def test_values_are_bound_and_never_read_as_sql(scratch: Scratch) -> None:
    evil = "x'; DROP TABLE t; --"
    at = datetime(2020, 8, 20, tzinfo=UTC)
    tree = exp.select(exp.Placeholder(this="p0"), exp.Placeholder(this="p1"))
    assert scratch.execute(tree, (evil, Decimal("181.240"))) == [(evil, Decimal("181.240"))]
    assert scratch.execute("SELECT ($p0)::VARCHAR", (at,)) == [("2020-08-20 08:00:00+08",)]


def test_a_folder_with_a_quote_in_its_name_is_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "o'clock 水位"
    folder.mkdir()
    with Scratch([folder]) as scratch:
        name = str(folder / "a.parquet").replace("'", "''")
        scratch.execute(f"COPY (SELECT 1 AS n) TO '{name}'")
        assert scratch.execute(
            "SELECT count(*) FROM read_parquet($p0)", (str(folder / "a.parquet"),)
        ) == [(1,)]
