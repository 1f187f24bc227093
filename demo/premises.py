"""The premises that Shapingba surveyed along the Jialing: generated, always the same.

Rules: a fixed seed; only townships that Shapingba governs, near the river; six premises stand exactly
at and one centimetre beside the fence of 183 m, three of them surveyed in 吴淞 (1.64 m higher there),
so that a forgotten equality or a forgotten offset changes who is warned. Telephone numbers begin with
0 after the area code, which no subscriber's number does.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from catalog.ids import PlaceCode
from catalog.places import Places
from demo.stations import CIQIKOU, HUANGHAI, WUSONG

SEED = 20240712
DISTRICT = PlaceCode("500106")
OFFSET = Decimal("1.64")
OLD_SURVEYS = 0.3
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Bank:
    """A township on the river: how many premises, and the range of their ground in 黄海 metres."""

    township: PlaceCode
    count: int
    low: float
    usual: float
    high: float


BANKS = (
    Bank(PlaceCode("500106004"), 150, 174.0, 183.0, 198.0),  # 磁器口街道
    Bank(PlaceCode("500106013"), 80, 173.0, 186.0, 200.0),  # 土湾街道
    Bank(PlaceCode("500106002"), 50, 176.0, 190.0, 200.0),  # 沙坪坝街道
    Bank(PlaceCode("500106006"), 60, 175.0, 187.0, 200.0),  # 石井坡街道
    Bank(PlaceCode("500106007"), 50, 176.0, 188.0, 200.0),  # 双碑街道
    Bank(PlaceCode("500106008"), 60, 172.0, 186.0, 200.0),  # 井口街道
)
RESIDENTS = {
    "商铺": (0, 6),
    "摊位": (0, 0),
    "住宅": (12, 260),
    "学校": (80, 900),
    "仓库": (0, 3),
    "景点": (0, 25),
}
KINDS = ("商铺",) * 8 + ("住宅",) * 7 + ("摊位",) * 3 + ("仓库",) * 2 + ("景点", "学校")
BOUNDARY = (
    ("磁正街1号铺", "182.99", HUANGHAI),
    ("磁正街2号铺", "183.00", HUANGHAI),
    ("磁正街3号铺", "183.01", HUANGHAI),
    ("磁横街1号铺", "184.63", WUSONG),
    ("磁横街2号铺", "184.64", WUSONG),
    ("磁横街3号铺", "184.65", WUSONG),
)


@dataclass(frozen=True, slots=True)
class Premises:
    """`elevation` is the ground's, in `datum`."""

    id: str
    name: str
    kind: str
    place: PlaceCode
    elevation: Decimal
    datum: str
    residents: int
    control_station: str
    phone: str


def premises(places: Places) -> tuple[Premises, ...]:
    """All of them, in the order of their ids."""
    chance = random.Random(SEED)  # noqa: S311 - a fixed seed, no secret
    return tuple(
        _premises(number, site, chance)
        for number, site in enumerate([*_boundary(), *_along(places, chance)], start=1)
    )


@dataclass(frozen=True, slots=True)
class _Site:
    name: str
    kind: str
    place: PlaceCode
    elevation: Decimal
    datum: str


def _boundary() -> Iterator[_Site]:
    for name, elevation, datum in BOUNDARY:
        yield _Site(name, "商铺", BANKS[0].township, Decimal(elevation), datum)


def _along(places: Places, chance: random.Random) -> Iterator[_Site]:
    for bank in BANKS:
        villages = _villages(places, bank)
        for number in range(1, bank.count + 1):
            village, kind = chance.choice(villages), chance.choice(KINDS)
            ground = Decimal(repr(chance.triangular(bank.low, bank.high, bank.usual)))
            old = chance.random() < OLD_SURVEYS
            yield _Site(
                name=f"{_short(places, village)}{kind}{number:03d}号",
                kind=kind,
                place=village,
                elevation=(ground + (OFFSET if old else 0)).quantize(CENT),
                datum=WUSONG if old else HUANGHAI,
            )


def _villages(places: Places, bank: Bank) -> Sequence[PlaceCode]:
    """A place list that moves a township to another centre must not go unseen."""
    if DISTRICT not in {place.code for place in places.ancestors(bank.township)}:
        raise ValueError(f"{bank.township} is not governed by {DISTRICT}")
    return [village.code for village in places.children(bank.township)]


def _short(places: Places, village: PlaceCode) -> str:
    return places.get(village).name.removesuffix("居民委员会").removesuffix("村民委员会")


def _premises(number: int, site: _Site, chance: random.Random) -> Premises:
    return Premises(
        id=f"SPB-{number:06d}",
        name=site.name,
        kind=site.kind,
        place=site.place,
        elevation=site.elevation,
        datum=site.datum,
        residents=chance.randint(*RESIDENTS[site.kind]),
        control_station=CIQIKOU,
        phone=f"023-0{chance.randrange(10**7):07d}",
    )
