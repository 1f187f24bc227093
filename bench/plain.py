"""The yardstick: the same rows through plain Strawberry, one `@strawberry.type` object per row."""

import duckdb
import strawberry
from strawberry.asgi import GraphQL


@strawberry.type
class Reading:
    station_code: str
    observed_at: str
    level_m: str
    datum: str
    flow_m3s: str
    place_code: str


def plain_app(connection: duckdb.DuckDBPyConnection, sql: str) -> GraphQL[None, None]:
    """A Strawberry application that answers `{ readings { ... } }` with the rows of `sql`."""

    @strawberry.type
    class Query:
        @strawberry.field
        def readings(self) -> list[Reading]:
            rows = connection.cursor().execute(sql).fetchall()
            return [
                Reading(
                    station_code=station,
                    observed_at=observed,
                    level_m=level,
                    datum=datum,
                    flow_m3s=flow,
                    place_code=place,
                )
                for station, observed, level, datum, flow, place in rows
            ]

    return GraphQL(strawberry.Schema(Query))
