"""States of alerts in an engine of their own, moved on by the statement."""

from typing import Any

import duckdb
import pyarrow as pa

from catalog.indicators.threshold import Thresholds
from indicators.evaluation import evaluation
from indicators.relation import STATES, rules_of, scopes_of
from tests.indicators.drawing import PLACES

OBSERVATIONS = pa.schema(
    [
        ("indicator", pa.string()),
        ("place", pa.int64()),
        ("observed_at", pa.timestamp("us", tz="UTC")),
        ("value", pa.float64()),
    ]
)
TEXT = evaluation("observations", "rules", "scopes", "states").sql("duckdb", identify=True)


class Engine:
    def __init__(self, declared: dict[str, Thresholds]) -> None:
        self.connection = duckdb.connect()
        self.put("rules", rules_of(declared))
        self.put("scopes", scopes_of(declared, PLACES))
        self.put("states", STATES.empty_table())

    def close(self) -> None:
        self.connection.close()

    def put(self, name: str, rows: pa.Table) -> None:
        self.connection.register("given", rows)
        self.connection.execute(f"CREATE OR REPLACE TABLE {name} AS FROM given")

    def observe(self, rows: list[dict[str, object]]) -> list[dict[str, Any]]:
        self.put("observations", pa.Table.from_pylist(rows, OBSERVATIONS))
        found: pa.Table = self.connection.execute(TEXT).to_arrow_table()
        self.connection.register("given", found)
        kept = ", ".join(STATES.names)
        self.connection.execute(
            "DELETE FROM states USING given WHERE states.indicator = given.indicator"
            " AND states.place = given.place"
        )
        self.connection.execute(f"INSERT INTO states SELECT {kept} FROM given")
        judged: list[dict[str, Any]] = found.to_pylist()
        return judged
