"""Answers an operation whose fields are data fields, all of them: no resolver of anything else runs.

Rules: what comes out is what the executor makes of the same fields, to the errors and their order: what
was refused before anything ran comes first; a field that may be null is null where it fails; one that may
not takes the whole reply with it, and nothing is read after it.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import orjson
from graphql import GraphQLError, located_error

from catalog.predicate import Values
from schema.data.planning import Plan, PlannedField, Root

Data = Mapping[str, object]
Came = Mapping[str, bytes | Exception]
"""The JSON of each field by its name, or what went wrong."""


class Reader(Protocol):
    async def together(self, fields: Sequence[tuple[PlannedField, bool]], values: Values) -> Came:
        """In their order; what stands behind a failed field that may not be null (False) is not read."""
        ...


async def answered(
    roots: Sequence[Root], plan: Plan, reader: Reader
) -> tuple[Data | None, list[GraphQLError]]:
    """The reply's data and its errors."""
    refused = [(root, plan.refused[root.name]) for root in roots if root.name in plan.refused]
    failed = [_located(root, wrong) for root, wrong in refused if root.nullable]
    for root, wrong in refused:
        if not root.nullable:
            return None, [*failed, _located(root, wrong)]
    asked = [(plan.fields[r.name], r.nullable) for r in roots if r.name in plan.fields]
    came = await reader.together(asked, plan.values) if asked else {}
    return put_together(roots, came, failed)


def put_together(
    roots: Sequence[Root], came: Came, failed: list[GraphQLError]
) -> tuple[Data | None, list[GraphQLError]]:
    """`failed`: what is null already."""
    data: dict[str, object] = {}
    for root in roots:
        content = came.get(root.name)
        if isinstance(content, bytes):
            data[root.name] = orjson.Fragment(content)
            continue
        data[root.name] = root.text
        if isinstance(content, Exception):
            failed = [*failed, _located(root, content)]
            if not root.nullable:
                return None, failed
    return data, failed


def _located(root: Root, wrong: Exception) -> GraphQLError:
    return located_error(wrong, root.nodes, [root.name])
