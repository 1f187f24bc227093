"""The rows of the bench as Parquet, one file a data set, in the form in which the gate leaves them.

Rules: every value follows from the row's number and the seed, so the same scale gives the same rows,
whatever the threads; districts and townships are the city's real ones, under who governs them; kinds,
levels, grids and the time to closing are skewed as a city's are, some 3 % stay open; no two events are
reported in the same second, so that "newest first" means one order to every contender.
"""

from pathlib import Path

import duckdb

from bench.city.scale import READINGS_SINCE, SINCE, UNTIL, Scale

SEED = 20261120
DATA_SETS = ("district", "city_event", "device", "device_reading")
"""In the order in which they are published."""
PLACES = """CREATE TABLE place AS SELECT code, name, level, parent_code,
    rpad(code, 15, '0')::BIGINT AS padded FROM read_csv('{places}', all_varchar = true)"""
RANDOM = """CREATE MACRO u(i, k) AS
    (hash(i * 1000003 + k, {seed}) >> 11)::DOUBLE / 9007199254740992.0"""
DISTRICT = """CREATE TABLE district AS
    SELECT padded AS code, name, 200 + (hash(code, {seed}) % 900)::INTEGER AS grids
    FROM place WHERE level = 'district' ORDER BY code"""
GRID = """CREATE TABLE grid AS
    WITH town AS (
        SELECT row_number() OVER (ORDER BY t.code) - 1 AS n, count(*) OVER () AS towns,
            t.code, t.name, t.padded AS township, d.padded AS district, d.name AS district_name
        FROM place t JOIN place d ON d.code = t.parent_code WHERE t.level = 'township'
    )
    SELECT g.i AS grid, town.code || lpad((g.i % 1000)::VARCHAR, 3, '0') AS code,
        town.township, town.district, town.district_name || town.name AS town_name
    FROM range({grids}) AS g(i)
    JOIN town ON town.n = (hash(g.i, {seed}) % (SELECT max(towns) FROM town))"""
EVENT = """COPY (
    WITH drawn AS (
        SELECT i AS id, floor(64 * power(u(i, 1), 2))::INTEGER AS kind,
            (1 + floor(5 * power(u(i, 2), 1.5)))::INTEGER AS level,
            floor({grids} * power(u(i, 3), 1.3))::BIGINT AS grid,
            '{since}'::TIMESTAMPTZ + to_seconds(i * {span} // {events} + floor(u(i, 4) * {gap})::BIGINT)
                AS reported_at,
            u(i, 5) < 0.973 AS settled, floor(-ln(u(i, 6) + 1e-9) * 129600)::BIGINT AS seconds,
            u(i, 7) AS r7, u(i, 8) AS r8, u(i, 9) AS r9, u(i, 10) AS r10
        FROM range({events}) AS t(i)
    ), closed AS (
        SELECT *, CASE WHEN settled AND reported_at + to_seconds(seconds) < '{until}'::TIMESTAMPTZ
            THEN reported_at + to_seconds(seconds) END AS closed_at FROM drawn
    )
    SELECT c.id + 1 AS id, 'E' || lpad(kind::VARCHAR, 3, '0') AS type, level, g.district,
        g.township, g.code AS grid, round(105.3 + 4.9 * r7, 6) AS longitude,
        round(28.2 + 4.0 * r8, 6) AS latitude, reported_at, closed_at,
        CASE WHEN closed_at IS NOT NULL THEN 'closed'
            ELSE (['registered', 'dispatched', 'handling', 'review'])[1 + floor(r9 * 4)::INTEGER]
            END AS status,
        (['网格员', '市民热线', '物联感知', '视频识别', '部门推送', '无人机', '随手拍', '政务平台'])
            [1 + floor(r10 * 8)::INTEGER] AS source,
        (['道路破损', '井盖缺失', '占道经营', '垃圾堆放', '违章停车', '水位超限', '燃气泄漏告警',
            '山体滑坡隐患'])[1 + kind % 8] || '：' || g.town_name || '第' || g.grid || '网格，'
            || (['群众反映', '巡查发现', '设备告警', '平台推送'])[1 + floor(r8 * 4)::INTEGER]
            || '，编号' || (c.id + 1) AS title,
        c.id AS _row
    FROM closed c JOIN grid g ON g.grid = c.grid ORDER BY c.id
) TO '{file}' (FORMAT parquet, COMPRESSION zstd)"""
DEVICE = """COPY (
    SELECT (i + 1)::INTEGER AS id, 'D' || lpad((i + 1)::VARCHAR, 8, '0') AS code,
        (['water', 'rain', 'gas', 'bridge', 'tunnel', 'camera', 'slope', 'air'])[1 + i % 8] AS kind,
        g.district, g.township, round(105.3 + 4.9 * u(i, 21), 6) AS longitude,
        round(28.2 + 4.0 * u(i, 22), 6) AS latitude, i AS _row
    FROM range({devices}) AS t(i) JOIN grid g ON g.grid = floor(u(i, 23) * {grids})::BIGINT
    ORDER BY i
) TO '{file}' (FORMAT parquet, COMPRESSION zstd)"""
READING = """COPY (
    SELECT (1 + i % {devices})::INTEGER AS device_id,
        '{reported}'::TIMESTAMPTZ + to_seconds((i // {devices}) * {period}
            + floor(u(i % {devices}, 31) * {period})::BIGINT) AS ts,
        round(100 * u(i, 32), 2) AS value, i AS _row
    FROM range({readings}) AS t(i) ORDER BY i
) TO '{file}' (FORMAT parquet, COMPRESSION zstd)"""
DISTRICTS = """COPY (
    SELECT code, name, grids, row_number() OVER (ORDER BY code) - 1 AS _row FROM district
) TO '{file}' (FORMAT parquet)"""
WRITTEN = {"district": DISTRICTS, "city_event": EVENT, "device": DEVICE, "device_reading": READING}


def generate(scale: Scale, city: Path, folder: Path, *, threads: int = 2) -> None:
    """`folder`/<data set>.parquet of each data set; those that are there are left."""
    files = {name: folder / f"{name}.parquet" for name in DATA_SETS}
    missing = [name for name in DATA_SETS if not files[name].exists()]
    if not missing:
        return
    folder.mkdir(parents=True, exist_ok=True)
    given = {
        "seed": SEED,
        "places": city / "places.csv",
        "since": SINCE.isoformat(),
        "until": UNTIL.isoformat(),
        "reported": READINGS_SINCE.isoformat(),
        "events": scale.events,
        "span": scale.event_seconds,
        "gap": scale.event_seconds // scale.events,
        "devices": scale.devices,
        "readings": scale.readings,
        "period": scale.round_seconds,
        "grids": scale.grids,
    }
    with duckdb.connect(config={"threads": threads, "memory_limit": "6GB"}) as connection:
        connection.execute(f"SET temp_directory = '{folder / 'spill'}'")
        for statement in (PLACES, RANDOM, DISTRICT, GRID):
            connection.execute(statement.format(**given))
        for name in missing:
            part = files[name].with_suffix(".part")
            connection.execute(WRITTEN[name].format(**given, file=part))
            part.replace(files[name])
