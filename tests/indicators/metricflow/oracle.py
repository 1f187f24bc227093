"""MetricFlow's SQL for queries of a manifest: a program for the packages of `locks/oracle.txt`.

`oracle.py FOLDER` reads [{"metrics": [...], "group_by": [...]}, ...] and answers [{"sql": ...}, ...].
"""

import json
import sys

from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantic_interfaces.parsing.dir_to_model import (
    parse_directory_of_yaml_files_to_semantic_manifest,
)
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup


class Dialect:
    """What MetricFlow asks of a client that is never asked to run anything."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()


def main() -> None:
    built = parse_directory_of_yaml_files_to_semantic_manifest(
        sys.argv[1], {"source_schema": "main"}, raise_issues_as_exceptions=False
    )
    engine = MetricFlowEngine(SemanticManifestLookup(built.semantic_manifest), Dialect())
    answers = []
    for asked in json.load(sys.stdin):
        request = MetricFlowQueryRequest.create(
            metric_names=asked["metrics"], group_by_names=asked["group_by"]
        )
        answers.append({"sql": engine.explain(request).sql_statement.sql})
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
