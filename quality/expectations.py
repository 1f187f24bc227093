"""The one door to Great Expectations: the parity oracle and the executor of scheduled audits.

It runs in a worker process only (its import takes seconds and 300 MB) and never phones home. As
shipped it cannot work on an in-process DuckDB: it fetches results after the connection has moved on,
its dialect reads tables that the engine has not, and it knows no pattern operator for it. The classes
below mend exactly that. An audit that did not evaluate every rule it was given is no audit.
"""

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import duckdb_engine
import sqlalchemy as sa
import sqlalchemy.dialects.postgresql.base
from sqlalchemy.dialects import registry as dialects

from catalog.contracts import Contract
from quality.argument import Argument
from quality.errors import AuditIncomplete
from quality.rule import Rule, declared_rules
from quality.verdict import EngineName, RuleResult
from quality.vocabulary import Reach
from warehouse.scratch import Scratch

os.environ["GX_ANALYTICS_ENABLED"] = "false"
with warnings.catch_warnings():
    warnings.filterwarnings(
        "ignore", "module 'sre_(constants|parse)' is deprecated", DeprecationWarning
    )
    from great_expectations import ExpectationSuite, get_context
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
    )
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.expectations.expectation_configuration import (
        ExpectationConfiguration,
    )
    from great_expectations.expectations.metrics.map_metric_provider import (
        ColumnMapMetricProvider,
        column_condition_partial,
    )
logging.getLogger("great_expectations").setLevel(logging.ERROR)

TABLE = "batch"
OUTCOME = {"result_format": "BASIC", "partial_unexpected_count": 0}
ERROR = "error"
"""What `observed` starts with when the executor raised instead of answering."""


def audit(
    parquet: Path, contract: Contract, *, memory_limit: str = "1GB"
) -> tuple[RuleResult, ...]:
    """Every declared rule that Great Expectations knows, on a file of the contract's typed rows."""
    rules = [r for r in declared_rules(contract) if r.expectation.startswith("expect_")]
    if not rules:
        return ()
    with _batch(parquet, memory_limit) as batch:
        suite = ExpectationSuite(name="audit", expectations=[_configured(rule) for rule in rules])
        outcome = batch.validate(suite, result_format=OUTCOME)
    answers = {item.expectation_config.meta["rule_id"]: item for item in outcome.results}
    if len(outcome.results) != len(rules) or set(answers) != {rule.id for rule in rules}:
        raise AuditIncomplete(f"{len(answers)} of {len(rules)} rules were evaluated.")
    return tuple(_result(rule, answers[rule.id]) for rule in rules)


class _Cursor:
    """Reads a result whole before the connection is used again."""

    arraysize = 1
    rowcount = -1

    def __init__(self, connection: "_Connection") -> None:
        self.connection = connection
        self.description: Sequence[tuple[object, ...]] | None = None
        self._rows: Iterator[tuple[object, ...]] = iter(())

    def execute(self, sql: str, parameters: Sequence[object] = (), context: object = None) -> None:
        del context
        relation = self.connection.scratch.driver().sql(sql, params=list(parameters) or None)
        table = relation.to_arrow_table()
        self.description = [
            (name, None, None, None, None, None, None) for name in table.column_names
        ]
        self._rows = zip(*(column.to_pylist() for column in table.columns), strict=True)

    def fetchone(self) -> tuple[object, ...] | None:
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[tuple[object, ...]]:
        wanted = range(size or self.arraysize)
        return [row for _, row in zip(wanted, self._rows, strict=False)]

    def fetchall(self) -> list[tuple[object, ...]]:
        return list(self._rows)

    def close(self) -> None:
        self._rows = iter(())


class _Connection(duckdb_engine.ConnectionWrapper):  # type: ignore[misc]  # the package has no types
    def __init__(self, scratch: Scratch) -> None:
        super().__init__(scratch.driver())
        self.scratch = scratch

    def cursor(self) -> _Cursor:
        return _Cursor(self)


class _Quoted(sa.dialects.postgresql.base.PGIdentifierPreparer):
    """Quotes every name: the engine reserves words that its model, PostgreSQL, does not (`at`)."""

    def _requires_quotes(self, value: str) -> bool:
        return value != "*"


class Dialect(duckdb_engine.Dialect):  # type: ignore[misc]  # the package has no types
    """duckdb_engine's dialect with a look at columns that the engine's current version answers."""

    name = "duckdb"
    driver = "audit"
    preparer = _Quoted
    supports_statement_cache = True

    def get_columns(
        self, connection: sa.Connection, table_name: str, schema: str | None = None, **_: object
    ) -> list[dict[str, object]]:
        del schema
        rows = connection.exec_driver_sql(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = $1 "
            "ORDER BY column_index",
            (str(table_name),),
        ).fetchall()
        if not rows:
            raise sa.exc.NoSuchTableError(table_name)
        return [
            {"name": name, "type": _sql_type(kind), "nullable": True, "default": None}
            for name, kind in rows
        ]

    def has_table(
        self, connection: sa.Connection, table_name: str, schema: str | None = None, **_: object
    ) -> bool:
        try:
            return bool(self.get_columns(connection, table_name, schema))
        except sa.exc.NoSuchTableError:
            return False

    def get_multi_columns(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's own
        plain: Any = sa.engine.default.DefaultDialect
        return plain.get_multi_columns(self, *args, **options)


dialects.register("duckdb.audit", __name__, "Dialect")
_TYPES: Mapping[str, type[sa.types.TypeEngine[Any]]] = {
    "VARCHAR": sa.VARCHAR,
    "INTEGER": sa.INTEGER,
    "BIGINT": sa.BIGINT,
    "DOUBLE": sa.DOUBLE,
    "BOOLEAN": sa.BOOLEAN,
    "DATE": sa.DATE,
}


def _sql_type(engine_type: str) -> sa.types.TypeEngine[Any]:
    if engine_type.startswith("DECIMAL"):
        return sa.NUMERIC()
    if engine_type == "TIMESTAMP WITH TIME ZONE":
        return sa.TIMESTAMP(timezone=True)
    return _TYPES.get(engine_type, sa.types.NullType)()


class _Engine(SqlAlchemyExecutionEngine):  # type: ignore[misc]  # the package is not checked
    """Marks the metrics below as ours: those of the parent class stay as they are."""


_EngineType = type[_Engine]


class _Datasource(SQLDatasource):  # type: ignore[misc]  # the package is not checked
    type: Literal["vitalhub_duckdb"] = "vitalhub_duckdb"
    connection_string: str = "duckdb+audit://"

    @property
    def execution_engine_type(self) -> _EngineType:
        return _Engine

    def get_execution_engine(self) -> _Engine:
        return _Engine(engine=_OPEN[self.name], create_temp_table=False)

    def get_engine(self) -> sa.Engine:
        return _OPEN[self.name]


_OPEN: dict[str, sa.Engine] = {}
"""The engine of the audit under way, by the name of its data source."""


@contextmanager
def _batch(parquet: Path, memory_limit: str) -> Iterator[Any]:
    """The file as a Great Expectations batch, in a scratch engine of its own."""
    name = f"audit_{uuid4().hex}"
    with Scratch([parquet.parent], memory_limit=memory_limit) as scratch:
        path = str(parquet).replace("'", "''")
        scratch.execute(f"CREATE VIEW {TABLE} AS FROM read_parquet('{path}')")
        engine = sa.create_engine(
            "duckdb+audit://",
            creator=lambda: _Connection(scratch),
            poolclass=sa.pool.StaticPool,
        )
        _OPEN[name] = engine
        try:
            source = _context().add_datasource(datasource=_Datasource(name=name))
            asset = source.add_table_asset(TABLE, table_name=TABLE)
            yield asset.add_batch_definition_whole_table(TABLE).get_batch()
        finally:
            _context().delete_datasource(name)
            del _OPEN[name]
            engine.dispose()


@cache
def _context() -> Any:  # noqa: ANN401 - the package is not checked
    """One for the process, in memory only: without report pages and progress bars."""
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    settings = DataContextConfig(
        store_backend_defaults=stores,
        progress_bars={"globally": False},
        analytics_enabled=False,
    )
    return get_context(mode="ephemeral", project_config=settings)


def _configured(rule: Rule) -> ExpectationConfiguration:
    arguments = {name: _plain(value) for name, value in rule.arguments.items()}
    if rule.column is not None:
        arguments["column"] = rule.column
    if rule.reach in (Reach.ROW, Reach.DUPLICATES) and rule.tolerance:
        arguments["mostly"] = float(1 - Decimal(str(rule.tolerance)))
    return ExpectationConfiguration(
        type=rule.expectation, kwargs=arguments, meta={"rule_id": str(rule.id)}
    ).to_domain_obj()


def _plain(value: Argument) -> object:
    """A list for a tuple and a float for a decimal: what an expectation's model takes."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value


def _result(rule: Rule, answer: Any) -> RuleResult:  # noqa: ANN401 - the package is not checked
    evaluated, failed, passed, observed = _figures(rule, answer)
    return RuleResult(
        rule_id=rule.id,
        expectation=rule.expectation,
        column=rule.column,
        dimension=rule.dimension,
        severity=rule.severity,
        tolerance=rule.tolerance,
        evaluated=evaluated,
        failed=failed,
        passed=passed,
        observed=observed,
        engine=EngineName.GREAT_EXPECTATIONS,
    )


def _figures(rule: Rule, answer: Any) -> tuple[int, int, bool, str | None]:  # noqa: ANN401
    """Evaluated, failed, passed, observed; an exception is an error, never a pass."""
    error = answer.exception_info or {}
    nested = [v for v in error.values() if isinstance(v, dict)] or [error]
    if any(item.get("raised_exception") for item in nested):
        return 0, 0, False, f"{ERROR}: {nested[0].get('exception_message')}"
    if rule.reach is Reach.BATCH:
        observed = answer.result.get("observed_value")
        return 1, 0 if answer.success else 1, bool(answer.success), str(observed)
    count, missing = answer.result["element_count"], answer.result.get("missing_count") or 0
    return count - missing, answer.result["unexpected_count"], bool(answer.success), None


Condition = Callable[..., Any]


def _pattern(metric: str, keys: tuple[str, ...], condition: Condition) -> None:
    """Teach the library one condition on the values of a column."""

    def compiled(_cls: type, column: Any, **given: Any) -> Any:  # noqa: ANN401 - the package is not checked
        return condition(column, *(given.get(key) for key in keys))

    body = {
        "condition_metric_name": f"column_values.{metric}",
        "condition_value_keys": keys,
        "_compiled": column_condition_partial(engine=_Engine)(compiled),
    }
    type(ColumnMapMetricProvider)(f"_{metric}", (ColumnMapMetricProvider,), body)


def _found(column: Any, pattern: str) -> Any:  # noqa: ANN401 - the package is not checked
    return sa.func.regexp_matches(column, sa.literal(pattern))


def _found_list(column: Any, patterns: Sequence[str], match_on: str | None) -> Any:  # noqa: ANN401
    found = [_found(column, pattern) for pattern in patterns]
    return sa.and_(*found) if match_on == "all" else sa.or_(*found)


_pattern("match_regex", ("regex",), _found)
_pattern("not_match_regex", ("regex",), lambda c, regex: sa.not_(_found(c, regex)))
_pattern("match_regex_list", ("regex_list", "match_on"), _found_list)
_pattern("not_match_regex_list", ("regex_list",), lambda c, r: sa.not_(_found_list(c, r, "any")))
_pattern("match_like_pattern", ("like_pattern", "escape"), lambda c, like, _: c.like(like))
_pattern("not_match_like_pattern", ("like_pattern", "escape"), lambda c, p, _: sa.not_(c.like(p)))
