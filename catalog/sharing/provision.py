"""Who provides a data set, how freely it is shared, and what its provider reads of it itself.

A derived data set is its owner's; its sharing kind is the strictest of its own and its inputs'. It
reads each input through its owner's own grants, which must permit derivation; for inputs that the
owner provides itself a full grant of its own stands (`own:<data set>`). A missing one closes it.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from catalog.catalogue import Catalogue
from catalog.contracts import Classification, SharingKind
from catalog.domain import Derivation
from catalog.ids import ClientId, DatasetCode, GrantId, OrganisationCode, RequestId
from catalog.sharing.grant import Grant, GrantedColumn, Part, Visibility
from catalog.sharing.scope import all_places

STRICTNESS = (SharingKind.UNCONDITIONAL, SharingKind.CONDITIONAL, SharingKind.WITHHELD)
SINCE = datetime(2000, 1, 1, tzinfo=UTC)
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
OWN = "own:"
HeldBy = Callable[[OrganisationCode], Iterable[Grant]]
"""The grants of an organisation that are in force now."""


def provider_of(catalogue: Catalogue, data_set: DatasetCode) -> OrganisationCode:
    """Who decides requests for it: the provider, or the owner of a derived set."""
    derivation = catalogue.derivations.get(data_set)
    return derivation.owner if derivation else catalogue.contracts[data_set].provider


def sharing_kind(catalogue: Catalogue, data_set: DatasetCode) -> SharingKind:
    """The strictest of a data set and everything it is derived from; unknown inputs withhold it."""
    every = {data_set, *base_inputs(catalogue, data_set, within=True)}
    if not every <= catalogue.contracts.keys():
        return SharingKind.WITHHELD
    return max((catalogue.contracts[c].sharing.kind for c in every), key=STRICTNESS.index)


def base_inputs(
    catalogue: Catalogue, data_set: DatasetCode, *, within: bool = False
) -> frozenset[DatasetCode]:
    """What it is derived from in the end; with `within`, the derived sets between as well."""
    found: set[DatasetCode] = set()
    waiting, seen = [data_set], {data_set}
    while waiting:
        derivation = catalogue.derivations.get(waiting.pop())
        for code in derivation.inputs if derivation else ():
            if code not in seen:
                seen.add(code)
                waiting.append(code)
            if within or code not in catalogue.derivations:
                found.add(code)
    return frozenset(found)


def consenting(
    catalogue: Catalogue, data_set: DatasetCode, requester: OrganisationCode
) -> frozenset[OrganisationCode]:
    """Whose consent a grant on a derived set needs beside its owner's."""
    owner = provider_of(catalogue, data_set)
    providers = {
        provider_of(catalogue, code)
        for code in base_inputs(catalogue, data_set)
        if code in catalogue.contracts
        and catalogue.contracts[code].sharing.kind is not SharingKind.UNCONDITIONAL
    }
    return frozenset(providers - {owner, requester})


def own_grant(catalogue: Catalogue, data_set: DatasetCode, client: ClientId) -> Grant:
    """The provider's standing right to its own data: all columns but core ones, all places."""
    contract = catalogue.contracts[data_set]
    columns = tuple(
        GrantedColumn(column.name)
        for column in contract.columns
        if column.classification is not Classification.CORE
    )
    places = None if contract.place_column is None else all_places(catalogue.places)
    return Grant(
        id=GrantId(OWN + data_set),
        request=RequestId(OWN + data_set),
        client=client,
        organisation=provider_of(catalogue, data_set),
        data_set=data_set,
        contract_major=contract.major,
        purpose="本部门数据",
        legal_basis="本部门履职产生的数据",
        parts=(Part(columns, places),),
        not_before=SINCE,
        expires=FOREVER,
        derivation=True,
    )


def is_own(grant: Grant) -> bool:
    """Whether it is the provider's standing right to its own data, which no request won."""
    return grant.id.startswith(OWN)


def own_grants(
    catalogue: Catalogue, organisation: OrganisationCode, client: ClientId
) -> tuple[Grant, ...]:
    """One for each data set that the organisation provides and the law lets it serve."""
    return tuple(
        own_grant(catalogue, code, client)
        for code in sorted(catalogue.contracts)
        if provider_of(catalogue, code) == organisation
        and sharing_kind(catalogue, code) is not SharingKind.WITHHELD
    )


def derivation_inputs(
    derivation: Derivation, catalogue: Catalogue, held_by: HeldBy
) -> Mapping[DatasetCode, Grant | None]:
    """Each input with the grant the owner reads it through, None where there is none in force."""
    above = frozenset({derivation.data_set})
    return {
        code: _input_grant(code, derivation.owner, catalogue, held_by, above)
        for code in derivation.inputs
    }


def _input_grant(
    code: DatasetCode,
    reader: OrganisationCode,
    catalogue: Catalogue,
    held_by: HeldBy,
    above: frozenset[DatasetCode],
) -> Grant | None:
    """An input that is derived itself counts only while all that it reads is in force, too."""
    if code not in catalogue.contracts or code in above:
        return None
    inner = catalogue.derivations.get(code)
    for deeper in inner.inputs if inner else ():
        owner = provider_of(catalogue, code)
        if _input_grant(deeper, owner, catalogue, held_by, above | {code}) is None:
            return None
    if provider_of(catalogue, code) == reader:
        return own_grant(catalogue, code, ClientId(OWN + reader))
    return _best(code, held_by(reader))


def _best(code: DatasetCode, held: Iterable[Grant]) -> Grant | None:
    """Of several, the one whose rows show the most columns; then the first by id, so that it is always
    the same.
    """
    able = [grant for grant in held if grant.data_set == code and grant.derivation]
    return min(able, key=lambda g: (-len(_shown(g)), g.id), default=None)


def _shown(grant: Grant) -> set[str]:
    """A derivation reads rows: columns for aggregates only are not there."""
    columns = (column for part in grant.parts for column in part.columns)
    return {c.name for c in columns if c.visibility is not Visibility.AGGREGATE}
