"""Saved queries and time spines of a manifest.

A saved query names metrics, by what they are shown and what is kept; its elements stay as they are named,
for each metric has its own rows. The hub has days, hours and months of its own: a spine is only noted, and
a calendar of one's own (`custom_granularities`) is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from indicators.metricflow.filters import Condition, Element, condition, element, texts_of
from indicators.metricflow.refusal import Refused, Stated, bodies, mapping, only
from indicators.metricflow.semantic import FINER, GRAINS, SAID

DESCENDING = re.compile(r"\.descending\(\s*(True|False)\s*\)$")
METRIC = re.compile(r"^Metric\(\s*(['\"])(\w+)\1\s*\)$")


@dataclass(frozen=True, slots=True)
class Order:
    by: Element | str
    """An element, or a metric's code."""
    descending: bool


@dataclass(frozen=True, slots=True)
class SavedQuery:
    name: str
    metrics: tuple[str, ...]
    group_by: tuple[Element, ...]
    where: tuple[Condition, ...]
    order_by: tuple[Order, ...]
    limit: int | None


@dataclass(frozen=True, slots=True)
class TimeSpine:
    data_set: str
    column: str
    grain: str


def saved_query(stated: Stated) -> SavedQuery:
    """Refused where something in it is not understood."""
    only(stated.body, *SAID, "query_params", "exports", "tags")
    path = ("query_params",)
    params = mapping(stated.body.get("query_params"), path)
    only(params, "metrics", "group_by", "where", "order_by", "limit", path=path)
    limit = params.get("limit")
    return SavedQuery(
        name=stated.name,
        metrics=texts_of(params.get("metrics")),
        group_by=tuple(map(element, texts_of(params.get("group_by")))),
        where=tuple(condition(text, _by_name) for text in texts_of(params.get("where"))),
        order_by=tuple(map(_order, texts_of(params.get("order_by")))),
        limit=limit if isinstance(limit, int) else None,
    )


def spines(stated: Stated) -> Iterator[TimeSpine | Refused]:
    """Those of a project's configuration, in its order."""
    tables = bodies(stated.body.get("time_spine_table_configurations"), ())
    for index, each in enumerate(tables):
        place = str(each.get("location")).rpartition(".")[2]
        grain = str(each.get("grain")).lower()
        yield _spine(
            place, str(each.get("column_name")), grain, ("time_spine_table_configurations", index)
        )
    for index, each in enumerate(bodies(stated.body.get("time_spines"), ())):
        path = ("time_spines", index)
        column = mapping(each.get("primary_column"), path)
        relation = mapping(each.get("node_relation"), path)
        grain = str(column.get("time_granularity")).lower()
        yield _spine(str(relation.get("alias")), str(column.get("name")), grain, path)
        for custom in bodies(each.get("custom_granularities"), path):
            yield Refused(
                f"the calendar {custom.get('name')}: grains are {', '.join(GRAINS)}.",
                (*path, "custom_granularities"),
            )


def _spine(
    data_set: str, column: str, grain: str, path: tuple[str | int, ...]
) -> TimeSpine | Refused:
    if grain not in GRAINS and grain not in FINER:
        return Refused(f"the granularity {grain} is not known.", path)
    return TimeSpine(data_set, column, grain)


def _order(text: str) -> Order:
    found = DESCENDING.search(text)
    plain = text[: found.start()] if found else text
    metric = METRIC.match(plain)
    by: Element | str = metric[2] if metric else element(plain)
    return Order(by, descending=found is not None and found[1] == "True")


def _by_name(named: Element) -> str:
    return named.name
