"""A PostgreSQL of the bench's own: loopback only, trusting, in a folder that is its alone.

Rules: PostgreSQL does not run as root, so a root starts it as the user `postgres`; settings are those of
a machine that it has for itself; it is always stopped, whatever happened.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psycopg
from adbc_driver_postgresql import dbapi

from bench.city.generate import DATA_SETS

SQL = Path(__file__).parent / "postgraphile"
USER = "postgres"
DATABASE = "city"
SCRIPTS = ("schema.sql", "indexes.sql", "functions.sql")
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = '{shared}'
work_mem = '128MB'
maintenance_work_mem = '1GB'
max_wal_size = '2GB'
effective_cache_size = '12GB'
random_page_cost = 1.1
synchronous_commit = off
wal_level = minimal
max_wal_senders = 0
max_parallel_workers_per_gather = 2
jit = off
timezone = 'Asia/Shanghai'
"""
PLACE = "({0} // CASE WHEN {0} % 1000000000 = 0 THEN 1000000000 ELSE 1000000 END)::INTEGER AS {0}"
ROWS = {
    "district": f"SELECT {PLACE.format('code')}, name, grids",
    "device": f"SELECT id, code, kind, {PLACE.format('district')}, {PLACE.format('township')},"
    " longitude, latitude",
    "city_event": "SELECT id, reported_at, closed_at, longitude, latitude, level,"
    f" {PLACE.format('district')}, {PLACE.format('township')}, type, grid, status, source, title",
    "device_reading": "SELECT ts, value, device_id",
}
TABLES = {"city_event": "event"}
"""Where a table has another name than the data set."""
WARM = """SELECT pg_prewarm(oid) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')
    ORDER BY relname <> 'device_reading'"""


class PostgresMissing(Exception):
    """There is no PostgreSQL where it was looked for."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """`programs` is the folder of initdb, pg_ctl and the rest; `data` the cluster's folder."""

    programs: Path
    data: Path
    port: int
    shared: str = "4GB"

    @property
    def address(self) -> str:
        return f"postgres://{USER}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def process(self) -> int:
        """The id of the one that all others are children of."""
        return int((self.data / "postmaster.pid").read_text("ascii").splitlines()[0])

    @property
    def version(self) -> str:
        return self.run("postgres", "--version").strip()

    @contextmanager
    def running(self) -> Iterator["Postgres"]:
        """PostgresMissing; the cluster is made when it is not there."""
        if not (self.programs / "initdb").exists():
            raise PostgresMissing(
                f"PostgreSQL 15 is needed for PostGraphile and is not in {self.programs}: install it"
                " (apt-get install postgresql-15), or say where it is with --postgres"
            )
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        log = self.data.with_suffix(".log")
        self._owned(log)
        self.run(
            "pg_ctl", "-D", str(self.data), "-l", str(log), "-o", f"-p {self.port}", "-w", "start"
        )
        try:
            yield self
        finally:
            self.run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "stop")

    def fill(self, rows: Path) -> None:
        """The data sets from Parquet, with indexes and functions; nothing where that is done so."""
        done, how = self.data.with_suffix(".loaded"), _digest()
        if done.exists() and done.read_text("ascii") == how:
            return
        admin = self.address.removesuffix(DATABASE) + "postgres"
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
            connection.execute(f"CREATE DATABASE {DATABASE} ENCODING 'UTF8' TEMPLATE template0")
        schema, indexes, functions = SCRIPTS
        self._script(schema)
        for name in DATA_SETS:
            self._copy(name, rows / f"{name}.parquet")
        self._script(indexes)
        self._script(functions)
        done.write_text(how, "ascii")

    def warm(self) -> None:
        """Into its buffers, as after some hours of work; where the extension is not there, not."""
        with psycopg.connect(self.address, autocommit=True) as connection:
            there = connection.execute(
                "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_prewarm'"
            ).fetchone()
            if there is not None:
                connection.execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
                connection.execute(WARM)

    def _script(self, name: str) -> None:
        """Statement by statement, for VACUUM wants no transaction."""
        text = (SQL / name).read_text("utf-8")
        with psycopg.connect(self.address, autocommit=True) as connection:
            for statement in text.split(";\n"):
                if statement.strip():
                    connection.execute(statement.encode())

    def _copy(self, name: str, file: Path) -> None:
        """By COPY in its binary form, out of a DuckDB stream."""
        with duckdb.connect(config={"threads": 1}) as source, dbapi.connect(self.address) as target:
            reader = source.sql(f"{ROWS[name]} FROM '{file}'").to_arrow_reader(100_000)
            with target.cursor() as cursor:
                cursor.adbc_ingest(TABLES.get(name, name), reader, mode="append")
            target.commit()

    def _initialise(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True)
        self._owned(self.data)
        self.run(
            "initdb", "-D", str(self.data), "-A", "trust", "-E", "UTF8", "--locale=C", "-U", USER
        )
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(SETTINGS.format(shared=self.shared))

    def _owned(self, path: Path) -> None:
        """By the user that runs it."""
        if os.geteuid() == 0:
            if not path.exists():
                path.touch()
            shutil.chown(path, USER)

    def run(self, program: str, *arguments: str) -> str:
        """What it prints; CalledProcessError with what it complained of."""
        command = [str(self.programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", *command]
        done = subprocess.run(
            command,
            check=False,
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode != 0:
            raise subprocess.CalledProcessError(done.returncode, command, done.stdout)
        return done.stdout


def _digest() -> str:
    """Of how the database is made."""
    texts = [(SQL / name).read_bytes() for name in SCRIPTS]
    return hashlib.sha256(b"".join(texts)).hexdigest()
