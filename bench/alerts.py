"""All alerts at once: 1,000 indicators at 1,073 places, four levels each, in one statement.

Beside it the least that such a statement can be (the prototype's: hysteresis and periods, but no keep,
no silence, no overrides and no word of what changed), over the same values.
"""

from decimal import Decimal
from resource import RUSAGE_SELF, getrusage

import duckdb

from bench.measure import Table, best_of
from catalog.indicators.threshold import AlertLevel, Limit, Rung, Thresholds
from indicators.evaluation import evaluation
from indicators.relation import SCOPES, STATES, rules_of
from indicators.severity import BY_RANK, rank_of

INDICATORS, PLACES = 1_000, 1_073
ROUNDS = 5
LEAST = """
    CREATE OR REPLACE TABLE least AS
    WITH judged AS (
      SELECT o.indicator, o.place, s.rank, s.wanted, s.periods,
        coalesce(max(r.rank) FILTER (
          WHERE o.value > r.enter OR (s.rank >= r.rank AND o.value > r.leave)), 0) AS want,
        coalesce(max_by(r.for_periods, r.rank) FILTER (WHERE o.value > r.enter), 1) AS needed
      FROM observations o JOIN least_state s USING (indicator, place) JOIN ranks r USING (indicator)
      GROUP BY ALL)
    SELECT indicator, place, want, if(want = wanted, periods + 1, 1) AS so_far,
      if(want < rank OR so_far >= needed, want, rank) AS rank FROM judged"""


def alerts() -> Table:
    connection = duckdb.connect(config={"threads": 2})
    _fill(connection)
    text = evaluation("observations", "rules", "scopes", "states").sql("duckdb")
    first = f"CREATE OR REPLACE TABLE judged AS {text}"
    start = best_of({"first": lambda: connection.execute(first)}, ROUNDS)["first"]
    _an_hour_later(connection)
    best = best_of(
        {"all": lambda: connection.execute(first), "least": lambda: connection.execute(LEAST)},
        ROUNDS,
    )
    series, changed = (
        connection.execute("SELECT count(*), count(change) FROM judged").fetchone() or ()
    )
    table = Table(f"Alerts: {series:,} series, 4 levels, {changed:,} of them changed")
    table.seconds("one statement, nothing known before", start)
    table.seconds("one statement, every series with a state", best["all"])
    table.seconds("the least such a statement can be", best["least"])
    table.figure("processor time of one such statement", f"{_processor(connection, first):.2f} s")
    table.ratio(
        "with all that is told, beside the least",
        best["all"] / best["least"],
        "3",
        met=best["all"] < 3 * best["least"],
    )
    return table


def _processor(connection: duckdb.DuckDBPyConnection, text: str) -> float:
    """Seconds, the least of three: what a busy machine does not lengthen."""
    found = []
    for _ in range(3):
        before = getrusage(RUSAGE_SELF)
        connection.execute(text)
        after = getrusage(RUSAGE_SELF)
        found.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(found)


def level(rank: int) -> Rung:
    enter, leave = Decimal(60 + 8 * rank), Decimal(57 + 8 * rank)
    gravest = rank == rank_of(AlertLevel.RED)
    return Rung(BY_RANK[rank], Limit(above=enter), Limit(above=leave), 1 if gravest else 2, 1)


def _fill(connection: duckdb.DuckDBPyConnection) -> None:
    declared = Thresholds(tuple(level(rank) for rank in range(len(BY_RANK) - 1, 0, -1)))
    rules = rules_of({f"IN{number}": declared for number in range(INDICATORS)})
    for name, rows in {
        "rules": rules,
        "scopes": SCOPES.empty_table(),
        "states": STATES.empty_table(),
    }.items():
        connection.register("given", rows)
        connection.execute(f"CREATE TABLE {name} AS FROM given")
    connection.execute(
        "CREATE TABLE observations AS SELECT 'IN' || m AS indicator, a::BIGINT AS place,"
        " (hash(m * 7919 + a) % 1000) / 10.0::DOUBLE AS value,"
        " TIMESTAMPTZ '2026-11-01 00:00:00+08' AS observed_at"
        f" FROM range({INDICATORS}) i(m), range({PLACES}) p(a)"
    )


def _an_hour_later(connection: duckdb.DuckDBPyConnection) -> None:
    columns = ", ".join(STATES.names)
    connection.execute(f"CREATE OR REPLACE TABLE states AS SELECT {columns} FROM judged")
    connection.execute(
        "UPDATE observations SET observed_at = observed_at + INTERVAL 1 HOUR,"
        " value = (value * 7 + 13) % 100"
    )
    connection.execute(
        "CREATE TABLE least_state AS SELECT indicator, place, rank_after AS rank,"
        " rank_after AS wanted, 1 AS periods FROM judged"
    )
    connection.execute(
        "CREATE TABLE ranks AS SELECT DISTINCT indicator, rank, 60 + 8 * rank AS enter,"
        " 57 + 8 * rank AS leave, if(rank = 4, 1, 2) AS for_periods"
        " FROM rules, range(1, 5) r(rank)"
    )
