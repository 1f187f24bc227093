"""What a new version of a contract changes for those who read the data set, and what number it needs.

Breaking: a field goes away, changes type or meaning, or is protected more strictly. Minor: something
is added. Patch: only words. A version number that promises less than it changes is refused.
"""

from enum import IntEnum

from catalog.contracts import Column, Contract
from catalog.interfaces.interface import Interface


class Change(IntEnum):
    PATCH = 1
    MINOR = 2
    BREAKING = 3


Version = tuple[int, int, int]


def version_of(text: str) -> Version:
    major, minor, patch = (int(part) for part in text.split("."))
    return major, minor, patch


def change(old: Contract, new: Contract) -> Change:
    before = {column.name: _meaning(column) for column in old.columns}
    after = {column.name: _meaning(column) for column in new.columns}
    kept = all(after.get(name) == meaning for name, meaning in before.items())
    relations = {(k.name, k.target, k.columns, k.target_columns) for k in old.foreign_keys}
    still = {(k.name, k.target, k.columns, k.target_columns) for k in new.foreign_keys}
    if not kept or old.key != new.key or old.place_column != new.place_column:
        return Change.BREAKING
    if not relations <= still or old.provider != new.provider:
        return Change.BREAKING
    if old.coordinates is not None and old.coordinates != new.coordinates:
        return Change.BREAKING
    if not _still_asked(old.interface, new.interface):
        return Change.BREAKING
    added = len(after) > len(before) or relations != still
    added = added or old.interface != new.interface or old.coordinates != new.coordinates
    terms = old.sharing != new.sharing or old.rules != new.rules or old.max_age != new.max_age
    return Change.MINOR if added or terms else Change.PATCH


def promised(old: str, new: str) -> Change | None:
    """What the step between two version numbers says; None when it is no step upwards."""
    before, after = version_of(old), version_of(new)
    if after <= before:
        return None
    if after[0] > before[0]:
        return Change.BREAKING
    return Change.MINOR if after[1] > before[1] else Change.PATCH


def _still_asked(old: Interface | None, new: Interface | None) -> bool:
    """Whether whoever calls the old interface can call the new one and read what it answers."""
    if old is None or new is None:
        return old is new
    shapes = {member.name: (member.shape, member.required) for member in new.members}
    known = {argument.name: argument for argument in old.arguments}
    return (
        old.many == new.many
        and all(shapes.get(m.name) == (m.shape, m.required) for m in old.members)
        and all(
            any(a.name == b.name and a.type == b.type for b in new.arguments)
            for a in known.values()
        )
        and all(
            not a.required or (a.name in known and known[a.name].required) for a in new.arguments
        )
    )


def _meaning(column: Column) -> tuple[object, ...]:
    return (
        column.type,
        column.unit,
        column.datum,
        column.datum_column,
        column.classification,
    )
