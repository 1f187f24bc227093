"""Plain Strawberry over the same tables, as its documentation shows it: types, resolvers, a data loader.

Rules: a `@strawberry.type` for each kind of row and an object of it for each row; resolvers are functions
that run SQL on a cursor; what 41 districts need at once is loaded by a DataLoader in one statement, as
the documentation advises against N+1. No token, no scope, no usage record.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import duckdb
import strawberry
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader

from bench.city.contenders.bare import LOCAL, PLACE

INSTANT = "strftime({0}, '%Y-%m-%dT%H:%M:%S+08:00')"
"""DuckDB's own fetch of an instant wants pytz, and is slower."""
COLUMNS = f"""CAST(id AS VARCHAR), type, level, {PLACE.format("district")}, {PLACE.format("township")},
    grid, {INSTANT.format("reported_at")}, {INSTANT.format("closed_at")}, status, source, title"""
EVENT = f"SELECT {COLUMNS} FROM city_event WHERE id = ?"
DISTRICTS = f"SELECT {PLACE.format('code')}, name, code FROM district ORDER BY code"
NEWEST_OPEN = f"""SELECT district, {COLUMNS} FROM city_event
    WHERE closed_at IS NULL AND district IN (SELECT unnest(?))
    QUALIFY row_number() OVER (PARTITION BY district ORDER BY reported_at DESC) <= ?
    ORDER BY district, reported_at DESC"""
RATES = f"""SELECT {PLACE.format("district")},
    strftime(make_timestamp(y, m, 1, 0, 0, 0), '%Y-%m-%dT%H:%M:%S+08:00'), events, closed FROM (
        SELECT district, year({LOCAL}) AS y, month({LOCAL}) AS m, count(*) AS events,
            count(closed_at) AS closed
        FROM city_event WHERE reported_at < ? GROUP BY ALL
    ) AS r ORDER BY r.district, y, m"""
LATEST = f"""SELECT device_id, {INSTANT.format("max(ts)")}, arg_max(value, ts) FROM device_reading
    WHERE device_id IN (SELECT unnest(?)) GROUP BY device_id ORDER BY device_id"""
Row = TypeVar("Row")


@strawberry.type
class Event:
    id: strawberry.ID
    type: str
    level: int
    district: str
    township: str
    grid: str | None
    reported_at: str
    closed_at: str | None
    status: str
    source: str | None
    title: str | None


@strawberry.type
class District:
    code: str
    name: str
    padded: strawberry.Private[int]

    @strawberry.field
    async def newest_open(self, info: strawberry.Info, limit: int) -> list[Event]:
        loader: DataLoader[tuple[int, int], list[Event]] = info.context["newest_open"]
        return await loader.load((self.padded, limit))


@strawberry.type
class ClosureRate:
    district: str
    month: str
    events: int
    closed: int


@strawberry.type
class Reading:
    device_id: int
    ts: str
    value: float | None


def _made(kind: type[Row], rows: Iterable[Sequence[Any]]) -> list[Row]:
    """An object of the type for each row; columns come in the order of its fields."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return [kind(**dict(zip(names, row, strict=True))) for row in rows]


def _cursor(info: strawberry.Info) -> duckdb.DuckDBPyConnection:
    cursor: duckdb.DuckDBPyConnection = info.context["cursor"]
    return cursor


@strawberry.type
class Query:
    @strawberry.field
    def event(self, info: strawberry.Info, id: strawberry.ID) -> Event | None:  # noqa: A002 - the argument's name
        row = _cursor(info).execute(EVENT, [int(id)]).fetchone()
        return None if row is None else _made(Event, [row])[0]

    @strawberry.field
    def events(
        self,
        info: strawberry.Info,
        limit: int,
        district: str | None = None,
        status: str | None = None,
    ) -> list[Event]:
        conditions: list[str] = []
        values: list[object] = []
        if district is not None:
            conditions.append("district = ?")
            values.append(int(district.ljust(15, "0")))
        if status is not None:
            conditions.append("status = ?")
            values.append(status)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        sql = f"SELECT {COLUMNS} FROM city_event {where} ORDER BY reported_at DESC LIMIT ?"
        return _made(Event, _cursor(info).execute(sql, [*values, limit]).fetchall())

    @strawberry.field
    def districts(self, info: strawberry.Info) -> list[District]:
        rows = _cursor(info).execute(DISTRICTS).fetchall()
        return [District(code=code, name=name, padded=padded) for code, name, padded in rows]

    @strawberry.field
    def closure_rates(self, info: strawberry.Info, until: datetime) -> list[ClosureRate]:
        return _made(ClosureRate, _cursor(info).execute(RATES, [until]).fetchall())

    @strawberry.field
    def latest_readings(self, info: strawberry.Info, devices: list[int]) -> list[Reading]:
        return _made(Reading, _cursor(info).execute(LATEST, [devices]).fetchall())


async def _newest_open(
    cursor: duckdb.DuckDBPyConnection, keys: Sequence[tuple[int, int]]
) -> list[list[Event]]:
    found: dict[int, list[Sequence[Any]]] = {code: [] for code, _ in keys}
    most = max(limit for _, limit in keys)
    for code, *row in cursor.execute(NEWEST_OPEN, [list(found), most]).fetchall():
        found[code].append(row)
    return [_made(Event, found[code][:limit]) for code, limit in keys]


class TypedApp(GraphQL[Mapping[str, Any], None]):
    """A cursor and a loader for each request."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(strawberry.Schema(Query))
        self._connection = connection

    async def get_context(self, *_: object, **__: object) -> Mapping[str, Any]:
        cursor = self._connection.cursor()
        loader = DataLoader(load_fn=partial(_newest_open, cursor))
        return {"cursor": cursor, "newest_open": loader}
