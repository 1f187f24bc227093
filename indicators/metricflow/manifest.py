"""A MetricFlow manifest (a folder of YAML) -> definitions of indicators, and what is refused of it.

dbt's semantic layer writes such manifests: semantic models, metrics of all types, saved queries, time
spines. What is not understood to the letter is refused with file, line and reason; the rest is read.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from indicators.metricflow.documents import stated
from indicators.metricflow.metrics import ImportedMetric, Metrics
from indicators.metricflow.queries import SavedQuery, TimeSpine, saved_query, spines
from indicators.metricflow.refusal import Refusal, Refused, Stated
from indicators.metricflow.semantic import Link, Models, SemanticModel, read_model

Read = TypeVar("Read")
CREATED = "create_metric"


@dataclass(frozen=True, slots=True)
class Manifest:
    """`links`: the relations that the contracts of its data sets need for its metrics."""

    models: Mapping[str, SemanticModel]
    links: tuple[Link, ...]
    metrics: Mapping[str, ImportedMetric]
    queries: Mapping[str, SavedQuery]
    spines: tuple[TimeSpine, ...]
    refusals: tuple[Refusal, ...]


def read_manifest(folder: Path) -> Manifest:
    """What cannot be read of it is among the refusals, by file and line."""
    return _Importer(folder).manifest()


class _Importer:
    def __init__(self, folder: Path) -> None:
        self._refusals: list[Refusal] = []
        self._stated: dict[str, list[Stated]] = {}
        for each in stated(folder):
            if isinstance(each, Refusal):
                self._refusals.append(each)
            else:
                self._stated.setdefault(each.kind, []).append(each)

    def manifest(self) -> Manifest:
        for each in self._stated.get("unknown", []):
            self._refuse(each, Refused("no part of a manifest that is known."))
        models = Models(self._read("semantic_model", read_model))
        metrics = self._metrics(models)
        queries = self._read("saved_query", lambda each: _query(each, metrics))
        return Manifest(
            models=models.by_name,
            links=models.links,
            metrics=metrics,
            queries={query.name: query for query in queries},
            spines=tuple(self._spines()),
            refusals=tuple(sorted(self._refusals, key=lambda r: (str(r.file), r.line, r.reason))),
        )

    def _metrics(self, models: Models) -> Mapping[str, ImportedMetric]:
        declared = [*self._stated.get("metric", []), *self._created()]
        names = Counter(each.name for each in declared)
        by_name = {each.name: each for each in declared if names[each.name] == 1}
        every = Metrics(models, by_name)
        found: dict[str, ImportedMetric] = {}
        for each in declared:
            if names[each.name] > 1:
                self._refuse(each, Refused("several metrics have this name."))
                continue
            try:
                found[each.name] = every.metric(each.name)
            except Refused as wrong:
                self._refuse(each, wrong)
        return found

    def _created(self) -> list[Stated]:
        """The metrics that a model makes of its own measures."""
        return [
            Stated(
                "metric",
                {"name": m["name"], "type": "simple", "type_params": {"measure": m["name"]}},
                each.document,
                (*each.path, "measures", index),
            )
            for each in self._stated.get("semantic_model", [])
            for index, m in enumerate(_measures(each))
            if m.get(CREATED)
        ]

    def _spines(self) -> list[TimeSpine]:
        found: list[TimeSpine] = []
        for each in self._stated.get("project_configuration", []):
            try:
                for spine in spines(each):
                    if isinstance(spine, Refused):
                        self._refuse(each, spine)
                    else:
                        found.append(spine)
            except Refused as wrong:
                self._refuse(each, wrong)
        return found

    def _read(self, kind: str, reader: Callable[[Stated], Read]) -> list[Read]:
        found: list[Read] = []
        names: set[str] = set()
        for each in self._stated.get(kind, []):
            if each.name in names:
                self._refuse(each, Refused("another one has this name.", ("name",)))
                continue
            names.add(each.name)
            try:
                found.append(reader(each))
            except Refused as wrong:
                self._refuse(each, wrong)
        return found

    def _refuse(self, each: Stated, wrong: Refused) -> None:
        self._refusals.append(each.refusal(wrong))


def _query(each: Stated, metrics: Mapping[str, ImportedMetric]) -> SavedQuery:
    query = saved_query(each)
    for metric in query.metrics:
        if metric not in metrics:
            raise Refused(f"it shows the metric {metric}, which is refused.", ("query_params",))
    if not query.metrics:
        raise Refused("it shows no metric; rows of a data set are asked for as they are.")
    return query


def _measures(each: Stated) -> list[dict[str, object]]:
    measures = each.body.get("measures")
    if not isinstance(measures, list):
        return []
    return [m for m in measures if isinstance(m, dict) and "name" in m]
