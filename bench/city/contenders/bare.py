"""The bare DuckDB query of each question, written to the same JSON, behind the least HTTP there is.

Rules: one table a data set, as the generator wrote it, in a file of its own; the engine has the hub's
settings; a cursor a thread, as many threads as the machine has cores; no token, no scope, no second lock,
no usage record. `loop` is the same without HTTP: the query and its JSON, again and again.
"""

import asyncio
import io
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb
import orjson
from arro3.io import write_json

from bench.city.contenders.fixed import App, Receive, Send, body_of, lifespan, reply
from bench.city.generate import DATA_SETS
from bench.city.question import PER_DISTRICT

PLACE = "left(CAST({0} AS VARCHAR), CASE WHEN {0} % 1000000000 = 0 THEN 6 ELSE 9 END)"
DISTRICT, TOWNSHIP = (f'{PLACE.format(name)} AS "{name}"' for name in ("district", "township"))
EVENT = (
    f"CAST(id AS VARCHAR) AS id, type, level, {DISTRICT}, {TOWNSHIP}, grid,"
    ' reported_at AS "reportedAt", status, source, title'
)
LIST = f"SELECT {EVENT} FROM city_event ORDER BY reported_at DESC LIMIT $limit"
PAGE = f"""SELECT {EVENT} FROM city_event
    WHERE district = $district AND status = $status ORDER BY reported_at DESC LIMIT 100"""
NESTED = f"""SELECT {PLACE.format("d.code")} AS code, d.name, (
    SELECT list(struct_pack("id" := CAST(e.id AS VARCHAR), "type" := e.type, "level" := e.level,
        "township" := {PLACE.format("e.township")}, "reportedAt" := e.reported_at,
        "status" := e.status, "title" := e.title) ORDER BY e.reported_at DESC)
    FROM (SELECT * FROM city_event c WHERE c.district = d.code AND c.closed_at IS NULL
        ORDER BY c.reported_at DESC LIMIT {PER_DISTRICT}) AS e
    ) AS "newestOpen" FROM district AS d ORDER BY d.code"""
LOCAL = "make_timestamp(epoch_us(reported_at) + 28800000000)"
RATES = f"""SELECT {PLACE.format("district")} AS district,
    make_timestamptz(y, m, 1, 0, 0, 0, 'Asia/Shanghai') AS month, events, closed FROM (
        SELECT district, year({LOCAL}) AS y, month({LOCAL}) AS m, count(*) AS events,
            count(closed_at) AS closed
        FROM city_event WHERE reported_at < $until::TIMESTAMPTZ GROUP BY ALL
    ) AS r ORDER BY r.district, y, m"""
"""The city has no summer time, so its months are those of UTC + 8 h; DuckDB's own zones are 7 times dearer."""
LATEST = """SELECT device_id AS "deviceId", max(ts) AS ts, arg_max(value, ts) AS value
    FROM device_reading WHERE device_id IN (SELECT unnest($devices::INTEGER[]))
    GROUP BY device_id ORDER BY device_id"""
QUERIES: Mapping[str, str] = {
    "Q1": f"SELECT {EVENT} FROM city_event WHERE id = $id",
    "Q2": PAGE,
    "Q3": LIST,
    "Q3b": LIST,
    "Q4": NESTED,
    "Q5": RATES,
    "Q6": LATEST,
    "repeated": PAGE,
}
Answer = Callable[[str, Mapping[str, Any]], bytes]


def copied(file: Path, rows: Path, threads: int, memory: str) -> Mapping[str, float]:
    """The data sets as plain tables in `file`; seconds that each plain INSERT took."""
    part, took = file.with_suffix(".part"), {}
    part.unlink(missing_ok=True)
    with duckdb.connect(str(part), config={"threads": threads, "memory_limit": memory}) as target:
        for name in DATA_SETS:
            source = f"SELECT * EXCLUDE (_row) FROM '{rows / f'{name}.parquet'}'"
            target.execute(f"CREATE TABLE {name} AS {source} LIMIT 0")
            began = perf_counter()
            target.execute(f"INSERT INTO {name} {source}")
            took[name] = perf_counter() - began
        target.execute("CHECKPOINT")
    part.replace(file)
    return took


def opened(file: Path, threads: int, memory: str) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "memory_limit": memory,
    }
    connection = duckdb.connect(str(file), read_only=True, config=config)
    connection.execute("SET GLOBAL TimeZone = 'Asia/Shanghai'")
    return connection


def answering(connection: duckdb.DuckDBPyConnection) -> Answer:
    """A question's JSON, on a cursor of the calling thread's own."""
    local = threading.local()

    def answer(name: str, arguments: Mapping[str, Any]) -> bytes:
        cursor = getattr(local, "cursor", None)
        if cursor is None:
            cursor = local.cursor = connection.cursor()
        return _answered(cursor, name, _bound(arguments))

    return answer


def _bound(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    district = arguments.get("district")
    if district is None:
        return arguments
    return {**arguments, "district": int(district.ljust(15, "0"))}


def _answered(cursor: duckdb.DuckDBPyConnection, name: str, arguments: Mapping[str, Any]) -> bytes:
    relation = cursor.sql(QUERIES[name], params=arguments)
    buffer = io.BytesIO()
    write_json(relation.to_arrow_reader(100_000), buffer, explicit_nulls=True)
    return buffer.getvalue()


def bare_app(connection: duckdb.DuckDBPyConnection) -> App:
    """POST /<question> with its arguments as JSON."""
    answer = answering(connection)
    pool = ThreadPoolExecutor(os.cpu_count() or 1)

    async def app(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        name, body = scope["path"][1:], await body_of(receive)
        if name not in QUERIES:
            await reply(send, b"{}", 404)
            return
        loop = asyncio.get_running_loop()
        await reply(send, await loop.run_in_executor(pool, answer, name, orjson.loads(body)))

    return app


def loop(answer: Answer, name: str, asked: Sequence[Mapping[str, Any]], seconds: float) -> float:
    """Queries per second of `asked`, one after the other, over and over."""
    began, done = perf_counter(), 0
    while True:
        answer(name, asked[done % len(asked)])
        done += 1
        passed = perf_counter() - began
        if passed >= seconds:
            return done / passed
