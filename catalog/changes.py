"""What a new version of a contract changes for those who read the data set, and what number it needs.

Breaking: a field goes away, changes type or meaning, or is protected more strictly. Minor: something
is added. Patch: only words. A version number that promises less than it changes is refused.
"""

from enum import IntEnum

from catalog.contracts import Column, Contract


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
    added = len(after) > len(before) or relations != still
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


def _meaning(column: Column) -> tuple[object, ...]:
    return (
        column.type,
        column.unit,
        column.datum,
        column.datum_column,
        column.classification,
    )
