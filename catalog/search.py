"""Which entries a reader finds, as conditions on their rows, alike on both stores.

A reader sees the working copies of the providers it keeps or reviews, and of all others what was
published: a search looks at the wording that the reader sees and never tells of another one.
"""

from collections.abc import Collection

from sqlalchemy import (
    ColumnElement,
    SQLColumnExpression,
    and_,
    false,
    func,
    not_,
    or_,
    select,
    true,
)

from catalog.directories import EntryState
from catalog.ids import OrganisationCode
from catalog.models import EntryRow

ELEMENTS = {"sqlite": "json_each", "postgresql": "json_array_elements_text"}
"""A store's function that turns a JSON list into rows with a column `value`."""

LONGEST = 5_000
"""No catalogued text has more characters, and SQLite takes no pattern of more than 50,000 bytes."""


def visible(kept: Collection[OrganisationCode] | None) -> ColumnElement[bool]:
    """What is listed, and everything of the providers in `kept`; None: everything."""
    if kept is None:
        return true()
    listed = and_(_published_name().is_not(None), EntryRow.state != EntryState.WITHDRAWN)
    return or_(listed, EntryRow.provider.in_(kept))


def matching(
    search: str, kept: Collection[OrganisationCode] | None, dialect: str
) -> ColumnElement[bool]:
    """`search` is a part of the code, of the name or of one data item, in small or large letters."""
    if len(search) > LONGEST:
        return false()
    own = or_(_contains(EntryRow.name, search), _has_item(EntryRow.data_items, search, dialect))
    by_code = _contains(EntryRow.code, search)
    if kept is None:
        return or_(by_code, own)
    published = or_(
        _contains(_published_name(), search),
        _has_item(EntryRow.published["data_items"], search, dialect),
    )
    keeps = EntryRow.provider.in_(kept)
    return or_(by_code, and_(keeps, own), and_(not_(keeps), published))


def _published_name() -> ColumnElement[str]:
    """Null of an entry that was never published: its column holds the JSON null."""
    name: ColumnElement[str] = EntryRow.published["name"].as_string()
    return name


def _contains(text: SQLColumnExpression[str], search: str) -> ColumnElement[bool]:
    return text.icontains(search, autoescape=True)


def _has_item(
    items: SQLColumnExpression[list[object]], search: str, dialect: str
) -> ColumnElement[bool]:
    elements = getattr(func, ELEMENTS[dialect])(items).table_valued("value")
    return select(1).select_from(elements).where(_contains(elements.c.value, search)).exists()
