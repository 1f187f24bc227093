"""The core schema of a set of capabilities, from what each noun's module offers."""

from functools import lru_cache

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type

from access.roles import Capability
from schema.core import (
    access,
    catalogue,
    cataloguing,
    documents,
    explaining,
    identity,
    interfaces,
    loads,
    quality,
    sharing,
    sharing_steps,
    usage,
)
from schema.core.offer import Offer, offered
from schema.scalars import CORE_SCALARS

QUERIES: tuple[Offer, ...] = (
    *identity.QUERIES,
    *catalogue.QUERIES,
    *sharing.QUERIES,
    *loads.QUERIES,
    *interfaces.QUERIES,
    *quality.QUERIES,
    *usage.QUERIES,
    *documents.QUERIES,
    *explaining.QUERIES,
)
MUTATIONS: tuple[Offer, ...] = (
    *cataloguing.MUTATIONS,
    *sharing_steps.MUTATIONS,
    *quality.MUTATIONS,
    *access.MUTATIONS,
    *documents.MUTATIONS,
)


@lru_cache(maxsize=64)
def core_schema(capabilities: frozenset[Capability]) -> GraphQLSchema:
    """Cached: there are no more of them than combinations of roles in use."""
    mutations = offered(MUTATIONS, capabilities)
    schema = strawberry.Schema(
        query=create_type("Query", offered(QUERIES, capabilities)),
        mutation=create_type("Mutation", mutations) if mutations else None,
        config=StrawberryConfig(disable_field_suggestions=True, scalar_map=CORE_SCALARS),
    )
    return schema._schema  # noqa: SLF001 - Strawberry offers no other way to the schema it built
