"""The shape of a data set for those who do not hold it yet: the type they would get, as SDL.

It is catalogue knowledge, not data: the columns that may be served at all, important ones as the
masks they are by default.
"""

from datetime import UTC, datetime

from graphql import print_type

from catalog.catalogue import Catalogue
from catalog.contracts import Classification, Contract
from catalog.ids import ClientId, GrantId, OrganisationCode, RequestId
from catalog.sharing.grant import Grant, GrantedColumn, Part, Visibility
from query.relation import Scope
from schema.data.types import row_type

EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def sdl_of(contract: Contract, catalogue: Catalogue) -> str | None:
    """None when nothing of the set may be served."""
    scope = Scope(catalogue, (_as_granted(contract),), mask_key="")
    if contract.data_set not in scope.data_sets:
        return None
    return print_type(row_type(scope, contract.data_set))


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
