"""The subscription fields of a scope: each data field once more, always as of now."""

from collections.abc import Mapping
from functools import partial

from graphql import GraphQLField, GraphQLObjectType

from schema.lazy import LazyFields

AS_OF = "asOf"
TEXT = (
    "实时查询：参数与同名查询相同，先得到当前结果，此后数据一有变化即得到新结果。"
    "Live queries, with the arguments of the query of the same name: the present answer first, "
    "and a new one whenever the data change."
)


def subscription_type(fields: Mapping[str, GraphQLField]) -> GraphQLObjectType | None:
    """None where nothing can be subscribed to."""
    if not fields:
        return None
    made = GraphQLObjectType("Subscription", {}, description=TEXT)
    made.fields = LazyFields({name: partial(_live, fields, name) for name in fields})
    return made


def _live(fields: Mapping[str, GraphQLField], name: str) -> GraphQLField:
    field = fields[name]
    return GraphQLField(
        field.type,
        {name: argument for name, argument in field.args.items() if name != AS_OF},
        resolve=field.resolve,
        description=field.description,
    )
