"""The shape of a data set for those who do not hold it yet: the type they would get, as SDL.

It is catalogue knowledge, not data: the columns that may be served at all, important ones as the
masks they are by default.
"""

from datetime import UTC, datetime

from graphql import GraphQLObjectType, GraphQLScalarType, GraphQLSchema, print_type

from catalog.catalogue import Catalogue
from catalog.contracts import Classification, Contract, camel
from catalog.ids import ClientId, DatasetCode, GrantId, OrganisationCode, RequestId
from catalog.sharing.grant import Grant, GrantedColumn, Part, Visibility
from query.relation import Scope
from schema.data.interface_types import interface_field
from schema.data.types import row_type

EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def sdl_of(contract: Contract, catalogue: Catalogue) -> str | None:
    """None when nothing of the set may be served."""
    scope = Scope(catalogue, (_as_granted(contract),), mask_key="")
    if contract.data_set in scope.interfaces:
        return _live_sdl(scope, contract.data_set)
    if contract.data_set not in scope.data_sets:
        return None
    return print_type(row_type(scope, contract.data_set))


def _live_sdl(scope: Scope, code: DatasetCode) -> str:
    """With the field itself, for its arguments are half of what is offered."""
    query = GraphQLObjectType("Query", {camel(code): interface_field(scope, code)})
    types = GraphQLSchema(query).type_map.values()
    own = [t for t in types if not t.name.startswith("__") and not isinstance(t, GraphQLScalarType)]
    return "\n\n".join(print_type(kind) for kind in own)


def _as_granted(contract: Contract) -> Grant:
    columns = tuple(
        GrantedColumn(
            column.name,
            Visibility.MASKED
            if column.classification is Classification.IMPORTANT
            else Visibility.CLEAR,
        )
        for column in contract.columns
        if column.classification is not Classification.CORE
    )
    return Grant(
        id=GrantId(""),
        request=RequestId(""),
        client=ClientId(""),
        organisation=OrganisationCode(""),
        data_set=contract.data_set,
        contract_major=contract.major,
        purpose="",
        legal_basis="",
        parts=(Part(columns, None),),
        not_before=EVER[0],
        expires=EVER[1],
        derivation=False,
    )
