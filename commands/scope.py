"""The scope of a decision: what was asked, narrowed to the columns and places that the provider names.

Rules: a condition on rows that was asked stays; a column asked masked or for aggregates only stays so; an
important column is clear only where the provider names it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog.contracts import camel
from commands.client import HubClient
from commands.errors import WrongUsage

ENTRY = "query($code: String!) { catalogueEntry(code: $code) { columns { name classification } } }"


def narrowed(
    hub: HubClient,
    request: Mapping[str, Any],
    columns: Sequence[str] | None,
    places: Sequence[str] | None,
) -> list[dict[str, object]]:
    """Parts for the API; WrongUsage where one list of places cannot fit several parts."""
    parts = request["scope"]
    if places is not None and len(parts) > 1:
        raise WrongUsage(
            "申请分为几部分，不能用 --places 统一缩小，请经接口逐部分写明。"
            "The request has several parts; --places fits one only: state each through the API."
        )
    important = set() if columns is not None else _important(hub, request["dataSet"])
    return [_part(part, columns, places, important) for part in parts]


def _part(
    part: Mapping[str, Any],
    columns: Sequence[str] | None,
    places: Sequence[str] | None,
    important: set[str],
) -> dict[str, object]:
    asked = {column["name"]: column["visibility"] for column in part["columns"]}
    named = [camel(name) for name in columns] if columns is not None else list(asked)
    aggregate = [name for name in named if asked.get(name) == "AGGREGATE"]
    masked = [n for n in named if n in important or asked.get(n) == "MASKED"]
    masked = [name for name in masked if name not in aggregate]
    return {
        "columns": [name for name in named if name not in {*masked, *aggregate}],
        "masked": masked,
        "aggregate": aggregate,
        "places": part["places"] if places is None else list(places),
        "conditions": list(_conditions(part["rowFilter"])),
    }


def _important(hub: HubClient, data_set: str) -> set[str]:
    code = re.sub(r"(?=[A-Z])", "_", data_set).lower()
    entry = hub.execute(ENTRY, {"code": code})["catalogueEntry"]
    return {c["name"] for c in entry["columns"] if c["classification"] != "GENERAL"}


def _conditions(row_filter: str | None) -> Iterator[dict[str, object]]:
    """The asked row filter in the form the API takes it; WrongUsage rather than half of it."""
    if row_filter is None:
        return
    asked = json.loads(row_filter)
    for term in asked.get("and", (asked,)):
        match term:
            case {"column": column, "within": places}:
                yield {"column": column, "op": "EQ", "values": places}
            case {"column": column, "op": op, "values": values}:
                yield {"column": column, "op": op.upper(), "values": [*map(_text, values)]}
            case _:
                raise WrongUsage(
                    "申请的行条件不能由此命令缩小，请经接口办理。"
                    "This request's row filter cannot be narrowed here; use the API."
                )


def _text(value: object) -> str:
    match value:
        case {"decimal": str(text)} | {"instant": str(text)} | {"date": str(text)}:
            return text
        case bool():
            return "true" if value else "false"
    return str(value)
