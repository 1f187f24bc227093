"""The river stations of the flood case, from published bulletins.

Rules: a code that is not publicly known is assigned here (CQ-...) and says so; an offset, a warning
or a guarantee level that is not known is None, never guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from demo.recorded import RecordedStation

CIQIKOU = "CQ-CIQIKOU"
BEIBEI = "CQ-BEIBEI3"
HUXI = "CQ-HUXI"
CUNTAN = "60105400"
WULONG = "60803000"
HUANGHAI = "黄海"
WUSONG = "吴淞"


@dataclass(frozen=True, slots=True)
class Station:
    """`datum` is that of the station's own readings, `offset` 吴淞 minus 黄海 in metres."""

    code: str
    name: str
    river: str
    place: str | None
    datum: str
    offset: Decimal | None = None
    warning: tuple[Decimal, str] | None = None
    """A level and its datum."""
    guarantee: tuple[Decimal, str] | None = None
    upstream: str | None = None
    """The code of the station upstream whose water comes here next."""
    assigned: bool = False


def _level(text: str, datum: str) -> tuple[Decimal, str]:
    return Decimal(text), datum


ASSIGNED = (
    Station(
        code=CIQIKOU,
        name="磁器口",
        river="嘉陵江",
        place="500106004",
        datum=HUANGHAI,
        offset=Decimal("1.64"),
        warning=_level("181.00", HUANGHAI),
        guarantee=_level("184.00", HUANGHAI),
        upstream=BEIBEI,
        assigned=True,
    ),
    Station(
        code=BEIBEI,
        name="北碚(三)",
        river="嘉陵江",
        place="500109",
        datum=HUANGHAI,
        offset=Decimal("1.59"),
        warning=_level("194.50", HUANGHAI),
        guarantee=_level("199.00", HUANGHAI),
        assigned=True,
    ),
    Station(
        code=HUXI, name="虎溪", river="梁滩河", place="500106016", datum=HUANGHAI, assigned=True
    ),
)
PLACES = {CUNTAN: "500105", WULONG: "500156"}
"""The recorded stations within Chongqing; the other twelve lie outside."""


def stations(recorded: Sequence[RecordedStation]) -> tuple[Station, ...]:
    """All stations: the recorded ones with their real codes, then the assigned ones."""
    return (*(_recorded(station) for station in recorded), *ASSIGNED)


def _recorded(station: RecordedStation) -> Station:
    if station.code == CUNTAN:
        return Station(
            code=CUNTAN,
            name=station.name,
            river=station.river,
            place=PLACES[CUNTAN],
            datum=WUSONG,
            offset=Decimal("1.49"),
            warning=_level("180.50", WUSONG),
            guarantee=_level("183.50", WUSONG),
        )
    return Station(
        station.code, station.name, station.river, PLACES.get(station.code), datum=WUSONG
    )
