"""What a grant lets its holder see of a contract's columns, and in what kind of question.

Rules: a core column is in no answer. Rows show clear and masked columns. Aggregates measure these,
and numbers that are granted for aggregates only; where groups have a least size they filter and group
by cell columns only: clear ones whose values the contract bounds, whatever rows there are. One part
that is stricter makes the column stricter in all.
"""

from catalog.contracts import Classification, Contract, Coordinates, Kind
from catalog.sharing.grant import Grant, Visibility

LEAST_GROUP = 5
"""The least group of a grant that holds columns for aggregates only and names none."""
NUMBERS = frozenset({Kind.INTEGER, Kind.BIGINT, Kind.DECIMAL, Kind.DOUBLE})
BOUNDING_RULE = "expect_column_values_to_be_in_set"
COARSE_KINDS = frozenset({Kind.PLACE, Kind.DATE, Kind.TIMESTAMP})
"""Kinds that a cell holds coarser than a row does, so that a key may lend them."""


def visible_columns(grant: Grant, contract: Contract) -> dict[str, Visibility]:
    """The columns that rows show, in contract order; a core column is never among them.

    A column that any part masks counts as masked: its type in the relation is the mask's.
    """
    measured = measured_columns(grant, contract)
    return {name: how for name, how in measured.items() if how is not Visibility.AGGREGATE}


def measured_columns(grant: Grant, contract: Contract) -> dict[str, Visibility]:
    """The columns that aggregates may measure, in contract order."""
    found = {}
    for column in contract.columns:
        seen = {part.visibility(column.name) for part in grant.parts}
        if column.classification is Classification.CORE:
            continue
        for how in (Visibility.AGGREGATE, Visibility.MASKED, Visibility.CLEAR):
            if how in seen:
                if how is not Visibility.AGGREGATE or column.type.kind in NUMBERS:
                    found[column.name] = how
                break
    return found


def visible_coordinates(grant: Grant, contract: Contract) -> Coordinates | None:
    """Where rows may be asked for by where they lie: every part shows both columns as they are."""
    found = contract.coordinates
    if found is None:
        return None
    names, visible = (found.longitude, found.latitude), visible_columns(grant, contract)
    clear = all(
        name in visible and part.visibility(name) is Visibility.CLEAR
        for name in names
        for part in grant.parts
    )
    return found if clear else None


def least_group(grant: Grant, contract: Contract) -> int:
    """How many rows a cell must have to count."""
    hidden = Visibility.AGGREGATE in measured_columns(grant, contract).values()
    return LEAST_GROUP if hidden and grant.minimum_group <= 1 else max(1, grant.minimum_group)


def group_columns(grant: Grant, contract: Contract) -> tuple[str, ...]:
    """The columns by which aggregates may filter and group; where groups have a least size, these
    make the cells.
    """
    visible = visible_columns(grant, contract)
    if least_group(grant, contract) == 1:
        return tuple(visible)
    return tuple(
        name
        for name, how in visible.items()
        if how is Visibility.CLEAR and _makes_cells(contract, name)
    )


def _makes_cells(contract: Contract, name: str) -> bool:
    """Places and times do, as townships and months. Outside the key, so do truths, names of another data
    set's rows, and columns with a declared set of values. A free text would part single rows.
    """
    kind = contract.column(name).type.kind
    if kind in COARSE_KINDS or name in contract.key:
        return kind in COARSE_KINDS
    foreign = {own for key in contract.foreign_keys for own in key.columns}
    return kind is Kind.BOOLEAN or name in bounded_columns(contract) | foreign


def bounded_columns(contract: Contract) -> set[str | None]:
    """Those with a declared set of values."""
    return {rule.column for rule in contract.rules if rule.expectation == BOUNDING_RULE}
