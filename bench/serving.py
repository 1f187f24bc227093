"""10,000 rows x 6 columns: through `/graphql`, through plain Strawberry, and as a bare DuckDB query.

Both applications are called as ASGI applications in this process, so that the figures hold the whole way
from request bytes to reply bytes and nothing of a network. Ours checks the token, scopes, locks, encodes
and writes the usage record. The bare query writes the same JSON, byte for byte the same rows.
"""

import asyncio
import base64
import io
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb
import orjson
from arro3.io import write_json
from starlette.applications import Starlette
from strawberry.asgi import GraphQL

from access.limits import ClientLimits, LimitStore
from access.roles import Role
from bench.measure import Table
from bench.plain import plain_app
from bench.readings import contract, texts
from bench.town import publish_all, published
from catalog.ids import ClientId, OrganisationCode
from hub.composition import build_hub
from settings import Settings

ROWS = 10_000
ROUNDS = 15
COLUMNS = ("stationCode", "observedAt", "levelM", "datum", "flowM3s", "placeCode")
QUERY = f"{{ riverRegimeMunicipal(limit: {ROWS}) {{ {' '.join(COLUMNS)} }} }}"
PLACE = "left(CAST(place_code AS VARCHAR), 9)"
ORDERED = "FROM shared.river_regime_municipal ORDER BY station_code, observed_at"
BARE = f"""SELECT station_code AS "stationCode", observed_at AS "observedAt",
  CAST(level_m AS VARCHAR) AS "levelM", datum, CAST(flow_m3s AS VARCHAR) AS "flowM3s",
  CASE WHEN place_code % 1000000000 = 0 THEN left(CAST(place_code AS VARCHAR), 6)
    ELSE {PLACE} END AS "placeCode" {ORDERED}"""
PLAIN = f"""SELECT station_code, strftime(observed_at, '%Y-%m-%dT%H:%M:%S+08:00'),
  CAST(level_m AS VARCHAR), datum, CAST(flow_m3s AS VARCHAR),
  CASE WHEN place_code % 1000000000 = 0 THEN left(CAST(place_code AS VARCHAR), 6)
    ELSE {PLACE} END {ORDERED}"""


def serving() -> Table:
    folder = Path(tempfile.mkdtemp(prefix="vitalhub-bench-"))
    try:
        return _serving(folder)
    finally:
        shutil.rmtree(folder)


def _serving(folder: Path) -> Table:
    hub = build_hub(Settings(home=folder, result_cache_mb=0))  # each round is to read
    publish_all(hub)
    published(hub, contract(), texts(ROWS))
    secret = hub.clients.register(ClientId("bench"), OrganisationCode("cq_water"), [Role.APP])
    LimitStore(hub.registry).set(ClientId("bench"), ClientLimits(page_limit=ROWS))
    hub.close()
    hub = build_hub(Settings(home=folder, result_cache_mb=0))
    hub.engine.maintain()
    copy = folder / "copy.duckdb"
    shutil.copy(folder / "warehouse.duckdb", copy)
    bare = duckdb.connect(str(copy), config={"threads": 2})
    bare.execute("SET GLOBAL TimeZone = 'Asia/Shanghai'")
    plain = plain_app(bare, PLAIN)
    best = asyncio.run(_measure(hub.app, plain, bare, secret))
    hub.close()
    table = Table(f"Serving {ROWS:,} rows x {len(COLUMNS)} columns (rows equal in all three)")
    table.seconds("through /graphql: token, scope, lock, usage record", best["ours"])
    table.seconds("plain Strawberry: one typed object a row over fetchall", best["strawberry"])
    table.seconds("the bare DuckDB query that writes the same JSON", best["query"])
    faster, slower = best["strawberry"] / best["ours"], best["ours"] / best["query"]
    table.ratio("faster than plain Strawberry", faster, "at least 15", met=faster >= 15)
    table.ratio("of the bare query's time", slower, "at most 2", met=slower <= 2)
    return table


async def _measure(
    app: Starlette, plain: GraphQL[None, None], bare: duckdb.DuckDBPyConnection, secret: str
) -> dict[str, float]:
    """One event loop for all rounds, as a server has: worker threads live as long as it does."""
    bearer = {b"authorization": f"Bearer {await _token(app, secret)}".encode()}
    fields = " ".join(COLUMNS)

    async def ours() -> bytes:
        return await _graphql(app, QUERY, bearer)

    async def strawberry() -> bytes:
        return await _graphql(plain, f"{{ readings {{ {fields} }} }}", {})

    async def query() -> bytes:
        buffer = io.BytesIO()
        write_json(bare.cursor().sql(BARE).to_arrow_table(), buffer)
        return buffer.getvalue()

    rows = orjson.loads(await ours())["data"]["riverRegimeMunicipal"]
    assert len(rows) == ROWS
    assert rows == orjson.loads(await strawberry())["data"]["readings"]
    assert rows == orjson.loads(await query())
    contenders = {"ours": ours, "strawberry": strawberry, "query": query}
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(ROUNDS):
        for name, run in contenders.items():
            start = perf_counter()
            await run()
            best[name] = min(best[name], perf_counter() - start)
    return best


async def _token(app: Any, secret: str) -> str:  # noqa: ANN401 - an ASGI application
    basic = base64.b64encode(f"bench:{secret}".encode())
    headers = {
        b"authorization": b"Basic " + basic,
        b"content-type": b"application/x-www-form-urlencoded",
    }
    reply = await _call(app, "/oauth/token", headers, b"grant_type=client_credentials")
    return str(orjson.loads(reply)["access_token"])


async def _graphql(app: Any, query: str, headers: Mapping[bytes, bytes]) -> bytes:  # noqa: ANN401 - as above
    body = orjson.dumps({"query": query})
    return await _call(app, "/graphql", {**headers, b"content-type": b"application/json"}, body)


async def _call(app: Any, path: str, headers: Mapping[bytes, bytes], body: bytes) -> bytes:  # noqa: ANN401 - as above
    """One POST to an ASGI application; the reply's body."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": list(headers.items()),
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 1),
    }
    replied: list[bytes] = []
    sent = False

    async def receive() -> Mapping[str, object]:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        replied.append(message.get("body", b""))

    await app(scope, receive, send)
    return b"".join(replied)
