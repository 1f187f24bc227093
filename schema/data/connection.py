"""Pages by cursor, as Relay's specification has them: types, arguments, and what was asked of one.

Rules: `first` or `last` gives the size, never both; a page without either begins at the start. A cursor
means something only to the compiler, which made it.
"""

from collections.abc import Mapping

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)
from graphql.execution.collect_fields import FieldDetails

from query.tree import (
    Connection,
    Constant,
    Cursor,
    Edges,
    Node,
    Nodes,
    PageFact,
    PageInfo,
    PageLeaf,
    TotalCount,
)
from schema.data.asked import Arguments, Asked
from schema.data.inputs import DEFAULT_LIMIT
from schema.data.page import bounded, first_of, order_of, where_of
from schema.data.selection import selection_of
from schema.data.shape import RowShape
from schema.errors import PageSizeTwice

CONNECTION, EDGE = "Connection", "Edge"
FACTS: Mapping[str, PageFact] = {
    "hasNextPage": PageFact.HAS_NEXT,
    "hasPreviousPage": PageFact.HAS_PREVIOUS,
    "startCursor": PageFact.START_CURSOR,
    "endCursor": PageFact.END_CURSOR,
}
PAGE_INFO = GraphQLObjectType(
    "PageInfo",
    {
        "hasNextPage": GraphQLField(
            GraphQLNonNull(GraphQLBoolean), description="其后还有。There are more behind."
        ),
        "hasPreviousPage": GraphQLField(
            GraphQLNonNull(GraphQLBoolean), description="其前还有。There are more before."
        ),
        "startCursor": GraphQLField(
            GraphQLString, description="首行的游标。The cursor of the first row."
        ),
        "endCursor": GraphQLField(
            GraphQLString, description="末行的游标。The cursor of the last row."
        ),
    },
    description="一页的两端。The ends of a page.",
)


CURSOR_FIELD = GraphQLField(
    GraphQLNonNull(GraphQLString),
    description="此行在该排序中的位置。Where the row stands in the order.",
)
PAGE_INFO_FIELD = GraphQLField(GraphQLNonNull(PAGE_INFO))
TOTAL_FIELD = GraphQLField(
    GraphQLNonNull(GraphQLInt),
    description="符合条件的行数，不分页；选取时才计算。"
    "How many rows fit, on all pages; counted only when selected.",
)
PAGING_ARGUMENTS = {
    "first": GraphQLArgument(GraphQLInt, description="自前取几行。How many rows from the start."),
    "after": GraphQLArgument(
        GraphQLString, description="从此游标之后开始。Begin behind this cursor."
    ),
    "last": GraphQLArgument(GraphQLInt, description="自后取几行。How many rows from the end."),
    "before": GraphQLArgument(
        GraphQLString, description="到此游标之前为止。End before this cursor."
    ),
}


def connection_type(
    shape: RowShape, row: GraphQLObjectType, edge: GraphQLObjectType
) -> GraphQLObjectType:
    def fields() -> dict[str, GraphQLField]:
        return {
            "edges": GraphQLField(_each(edge)),
            "nodes": GraphQLField(_each(row)),
            "pageInfo": PAGE_INFO_FIELD,
            "totalCount": TOTAL_FIELD,
        }

    return GraphQLObjectType(f"{shape.type_name}{CONNECTION}", fields)


def edge_type(shape: RowShape, row: GraphQLObjectType) -> GraphQLObjectType:
    def fields() -> dict[str, GraphQLField]:
        return {"cursor": CURSOR_FIELD, "node": GraphQLField(GraphQLNonNull(row))}

    return GraphQLObjectType(f"{shape.type_name}{EDGE}", fields)


def connection_of(
    asked: Asked, nodes: list[FieldNode], shape: RowShape, arguments: Arguments
) -> Connection:
    """The tree of a connection field; `arguments` are coerced."""
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None and last is not None:
        raise PageSizeTwice
    backward = last is not None
    return Connection(
        shape.data_set,
        _selection(asked, [FieldDetails(node, None) for node in nodes], shape),
        where_of(arguments, shape, asked.shapes),
        order_of(arguments, shape, asked.shapes),
        bounded(
            last if backward else first,
            "last" if backward else "first",
            DEFAULT_LIMIT,
            asked.page_limit,
        ),
        backward,
        _cursor(arguments.get("after")),
        _cursor(arguments.get("before")),
        first_of(arguments),
    )


def _selection(
    asked: Asked, fields: list[FieldDetails], shape: RowShape
) -> tuple[Edges | Nodes | PageInfo | TotalCount | Constant, ...]:
    found: list[Edges | Nodes | PageInfo | TotalCount | Constant] = []
    type_name = f"{shape.type_name}{CONNECTION}"
    for alias, group, _ in asked.below(type_name, fields):
        match group[0].node.name.value:
            case "edges":
                found.append(Edges(alias, _edge(asked, group, shape)))
            case "nodes":
                found.append(Nodes(alias, selection_of(asked, group, shape)))
            case "pageInfo":
                found.append(PageInfo(alias, _info(asked, group)))
            case "totalCount":
                found.append(TotalCount(alias))
            case _:
                found.append(Constant(alias, type_name))
    return tuple(found)


def _edge(
    asked: Asked, fields: list[FieldDetails], shape: RowShape
) -> tuple[Cursor | Node | Constant, ...]:
    found: list[Cursor | Node | Constant] = []
    type_name = f"{shape.type_name}{EDGE}"
    for alias, group, _ in asked.below(type_name, fields):
        match group[0].node.name.value:
            case "cursor":
                found.append(Cursor(alias))
            case "node":
                found.append(Node(alias, selection_of(asked, group, shape)))
            case _:
                found.append(Constant(alias, type_name))
    return tuple(found)


def _info(asked: Asked, fields: list[FieldDetails]) -> tuple[PageLeaf | Constant, ...]:
    return tuple(
        PageLeaf(alias, FACTS[name])
        if (name := group[0].node.name.value) in FACTS
        else Constant(alias, PAGE_INFO.name)
        for alias, group, _ in asked.below(PAGE_INFO.name, fields)
    )


def _cursor(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _each(
    kind: GraphQLObjectType,
) -> GraphQLNonNull[GraphQLList[GraphQLNonNull[GraphQLObjectType]]]:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(kind)))
