"""The demo city's sources as they are, read without the hub: the oracle of the flood question.

Rules: nothing of the product is used; every value is the text that stands in the bureau's SQLite file,
on the ministry's pages (fetched one by one, each request signed), in the district's Excel and CSV files
or in the city's list of places; plain DuckDB computes on them by the SQL in `sql/`.
"""

import csv
import hashlib
import hmac
import json
import secrets
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import openpyxl
import pyarrow as pa
import yaml

SQL = Path(__file__).parent / "sql"
BUREAU = ("river_station", "river_regime", "flood_peak_forecast")
Row = Mapping[str, object]
TRIES = 5


class Sources:
    """The sources of one home, read when it is made."""

    def __init__(self, home: Path, city: Path) -> None:
        self._engine = duckdb.connect()
        self._engine.execute("SET TimeZone = 'Asia/Shanghai'")
        for table in BUREAU:
            self._take(table, bureau_rows(home, table))
        self._take("ministry", list(ministry_rows(home)))
        self._take("premises", premises_rows(home))
        with (city / "places.csv").open(encoding="utf-8", newline="") as file:
            self._take("places", list(csv.DictReader(file)))

    def rows(self, sql: str, **parameters: str) -> list[tuple[Any, ...]]:
        """The rows of a file in `sql/`."""
        text = (SQL / f"{sql}.sql").read_text("utf-8")
        found = self._engine.sql(text, params=parameters or None).to_arrow_table()
        return list(zip(*(column.to_pylist() for column in found.columns), strict=True))

    def close(self) -> None:
        self._engine.close()

    def _take(self, table: str, rows: Sequence[Row]) -> None:
        names = list(rows[0])
        columns = {
            name: pa.array([None if r[name] is None else str(r[name]) for r in rows], pa.string())
            for name in names
        }
        self._engine.register(table, pa.table(columns))


def bureau_rows(home: Path, table: str) -> list[Row]:
    file = home / "bureau" / "river.sqlite"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=60)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]


def ministry_rows(home: Path) -> Iterator[Row]:
    """Page by page, signed; a busy service is asked again."""
    connections = yaml.safe_load((home / "connections.yaml").read_text("utf-8"))
    connection, after = connections["mwr_river"], "0"
    with httpx.Client(base_url=connection["url"], timeout=60, trust_env=False) as client:
        while after is not None:
            page = _page(client, connection, f"/v1/river-regime?after={after}&limit=500")
            yield from page["rows"]
            after = page["next"]


def _page(client: httpx.Client, connection: Mapping[str, str], target: str) -> Any:
    for _ in range(TRIES):
        stamp, nonce = str(int(time.time())), secrets.token_hex(8)
        text = f"GET\n{target}\n{stamp}\n{nonce}".encode()
        headers = {
            "X-Key-Id": connection["key_id"],
            "X-Timestamp": stamp,
            "X-Nonce": nonce,
            "X-Signature": hmac.new(
                connection["secret"].encode(), text, hashlib.sha256
            ).hexdigest(),
        }
        reply = client.get(target, headers=headers)
        if reply.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            return json.loads(reply.raise_for_status().content)
        time.sleep(float(reply.headers["Retry-After"]))
    raise AssertionError("the ministry stays busy")


def premises_rows(home: Path) -> list[Row]:
    """The newest workbook of the district."""
    files = [
        f for room in ("inbox", "collected") for f in (home / "district" / room).glob("*.xlsx")
    ]
    newest = max(files, key=lambda file: file.stat().st_mtime)
    with closing(openpyxl.load_workbook(newest, read_only=True)) as book:
        header, *rows = book["沿江场所"].iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def gauge_rows(home: Path) -> Iterator[tuple[str, datetime, str]]:
    """Gauge, time and level of every reading that the district dropped so far."""
    for room in ("inbox", "collected"):
        for file in sorted((home / "district" / room).glob("water-level-*.csv")):
            with file.open(encoding="gb18030", newline="") as stream:
                for row in csv.DictReader(stream):
                    at = datetime.fromisoformat(row["观测时间"] + "+08:00")
                    yield row["测点编号"], at, row["水位(米)"]
