"""A question for indicators: which, where, when, how fine, and as of when."""

from dataclasses import dataclass
from datetime import date, datetime

from catalog.ids import IndicatorCode, PlaceCode
from catalog.indicators.period import Grain
from catalog.places import PlaceLevel, Places


@dataclass(frozen=True, slots=True)
class Era:
    """The tree of places from `since` on (None: always before the next). Of several, a row belongs to the
    tree of its own time: what was merged later is told as it was.
    """

    since: date | None
    places: Places


@dataclass(frozen=True, slots=True)
class Question:
    """The periods that begin from `since` until before `until`, none after `as_of`: rows of later are
    not there yet. `within`: only there and below; empty: everywhere. `dimensions` are columns, as
    definitions name them, by which the values are told apart, too.
    """

    indicators: tuple[IndicatorCode, ...]
    grain: Grain
    since: datetime
    until: datetime
    as_of: datetime
    levels: tuple[PlaceLevel, ...] = (PlaceLevel.CITY,)
    within: tuple[PlaceCode, ...] = ()
    dimensions: tuple[str, ...] = ()
