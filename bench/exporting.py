"""1 M events as a file over loopback, beside `psql` COPY of the same rows from PostgreSQL 15.

The hub is a process of its own with a client of a granted data set: token, scope, quota, usage records and the
digest of the file included. All readers throw away what they get, so that the figures are the senders'.
PostgreSQL has the rows in a plain table and gives them in its own order, too; it is left out where it is
not installed.
"""

import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import duckdb
import psycopg
import pyarrow.csv

from bench.city.postgres import Postgres
from bench.exported import FIELDS, Server, events, served
from bench.measure import Table, best_of
from schema.export.form import ARROW, CSV, NDJSON, PARQUET

ROWS = 1_000_000
PROGRAMS = Path(os.environ.get("POSTGRES_PROGRAMS", "/usr/lib/postgresql/15/bin"))
PORT = 54_329
ROUNDS = 7
LARGEST = 64
"""MiB that the server may grow by."""
COLUMNS = {
    "id": "bigint primary key",
    "type": "text",
    "level": "integer",
    "district": "text",
    "township": "text",
    "grid": "text",
    "longitude": "float8",
    "latitude": "float8",
    "reported_at": "timestamptz",
    "closed_at": "timestamptz",
    "status": "text",
    "source": "text",
    "title": "text",
}
CREATED = f"CREATE TABLE exported ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})"
COPIES = {
    "psql COPY as CSV": "COPY (SELECT * FROM exported) TO STDOUT WITH (FORMAT csv)",
    "psql COPY of row_to_json": "COPY (SELECT row_to_json(e) FROM exported e) TO STDOUT",
}


def exporting() -> Table:
    folder = Path(tempfile.mkdtemp(prefix="vitalhub-bench-"))
    folder.chmod(0o755)  # PostgreSQL runs as another user
    try:
        return _exporting(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _exporting(folder: Path) -> Table:
    table = Table(f"Exports of {ROWS:,} rows x {len(FIELDS.split())} columns over loopback")
    with served(events(folder, ROWS)) as hub:
        files = {
            "Arrow": partial(hub.export, ARROW),
            "NDJSON": partial(hub.export, NDJSON),
            "NDJSON, zstd": partial(hub.export, NDJSON, "zstd"),
            "CSV": partial(hub.export, CSV),
            "Parquet": partial(hub.export, PARQUET),
        }
        growth = {name: hub.growth(run) for name, run in files.items()}
        assert _lines(hub) == ROWS
        with copied(folder) as copies:
            best = best_of({**files, **copies}, ROUNDS)
    for name, seconds in best.items():
        table.seconds(name, seconds, f"{ROWS / seconds / 1e6:.2f} M rows/s")
    if copies:
        as_csv, as_json = (best[name] for name in COPIES)
        _ratio(table, "Arrow beside COPY as CSV", as_csv / best["Arrow"], 2)
        _ratio(table, "NDJSON beside COPY of row_to_json", as_json / best["NDJSON"], 1.5)
    else:
        table.figure("no PostgreSQL in", str(PROGRAMS))
    for name, mib in growth.items():
        told = "met" if mib < LARGEST else "NOT MET"
        table.figure(f"memory of the server, {name}", f"{mib:+10.1f} MiB  below {LARGEST}: {told}")
    return table


def _ratio(table: Table, name: str, value: float, least: float) -> None:
    table.ratio(name, value, f"at least {least}", met=value >= least)


def _lines(hub: Server) -> int:
    with hub.file(NDJSON) as reply:
        return sum(piece.count(b"\n") for piece in reply.iter_raw())


@contextmanager
def copied(folder: Path) -> Iterator[dict[str, Callable[[], object]]]:
    """`psql` COPY of the rows; nothing where PostgreSQL is missing."""
    if not (PROGRAMS / "initdb").exists():
        yield {}
        return
    postgres = Postgres(PROGRAMS, folder / "postgres", PORT, "512MB")
    with postgres.running():
        address = f"postgres://postgres@127.0.0.1:{PORT}/postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(CREATED.encode())
            with connection.cursor().copy("COPY exported FROM STDIN WITH (FORMAT csv)") as copy:
                for rows in _rows(folder / "rows" / "city_event.parquet"):
                    copy.write(rows)
            connection.execute("VACUUM ANALYZE exported")
        yield {name: partial(_copy, address, statement) for name, statement in COPIES.items()}


def _copy(address: str, statement: str) -> None:
    psql = ["psql", "-X", "-q", address, "-c", statement]
    subprocess.run(psql, check=True, stdout=subprocess.DEVNULL)


def _rows(file: Path) -> Iterator[bytes]:
    """As the hub gives them, places as text, for COPY to read."""
    zeros = "CASE WHEN {0} % 1000000000 = 0 THEN 6 ELSE 9 END"
    short = f"left({{0}}::VARCHAR, {zeros}) AS {{0}}"
    shown = ", ".join(short.format(n) if n in {"district", "township"} else n for n in COLUMNS)
    headless = pyarrow.csv.WriteOptions(include_header=False)
    with duckdb.connect(config={"threads": 1}) as source:
        for batch in source.sql(f"SELECT {shown} FROM '{file}' ORDER BY id").to_arrow_reader(
            50_000
        ):
            buffer = io.BytesIO()
            pyarrow.csv.write_csv(batch, buffer, headless)
            yield buffer.getvalue()
