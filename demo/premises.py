"""The premises that Shapingba surveyed along the Jialing: generated, always the same.

Rules: a fixed seed; only townships that Shapingba governs, near the river; six premises stand exactly
at and one centimetre beside the fence of 183 m, three of them surveyed in 吴淞 (1.64 m higher there),
so that a forgotten equality or a forgotten offset changes who is warned. Points are made up, scattered
around a point on the township's bank (CGCS2000); a few old surveys have none. Telephone numbers begin with
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
SCATTER = 0.0035
"""Degrees around the township's point."""
UNLOCATED = 0.03
PLACES_OF_A_DEGREE = 6


@dataclass(frozen=True, slots=True)
class Bank:
    """A township on the river: how many premises, the range of their ground in 黄海 metres, and a point
    on its bank.
    """

    township: PlaceCode
    count: int
    low: float
    usual: float
    high: float
    longitude: float
    latitude: float


BANKS = (
    Bank(PlaceCode("500106004"), 150, 174.0, 183.0, 198.0, 106.449, 29.580),  # 磁器口街道
    Bank(PlaceCode("500106013"), 80, 173.0, 186.0, 200.0, 106.468, 29.552),  # 土湾街道
    Bank(PlaceCode("500106002"), 50, 176.0, 190.0, 200.0, 106.458, 29.564),  # 沙坪坝街道
    Bank(PlaceCode("500106006"), 60, 175.0, 187.0, 200.0, 106.446, 29.596),  # 石井坡街道
    Bank(PlaceCode("500106007"), 50, 176.0, 188.0, 200.0, 106.443, 29.613),  # 双碑街道
    Bank(PlaceCode("500106008"), 60, 172.0, 186.0, 200.0, 106.440, 29.643),  # 井口街道
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
    """`elevation` is the ground's, in `datum`; `point` its longitude and latitude."""

    id: str
    name: str
    kind: str
    place: PlaceCode
    elevation: Decimal
    datum: str
    residents: int
    control_station: str
    phone: str
    point: tuple[float, float] | None


def premises(places: Places) -> tuple[Premises, ...]:
    """All of them, in the order of their ids."""
    chance, somewhere = random.Random(SEED), random.Random(SEED + 1)  # noqa: S311 - fixed seeds, no secrets
    return tuple(
        _premises(number, site, chance, _point(site, somewhere))
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


def _point(site: _Site, chance: random.Random) -> tuple[float, float] | None:
    bank = next(bank for bank in BANKS if site.place.startswith(bank.township))
    longitude, latitude = (
        round(middle + chance.uniform(-SCATTER, SCATTER), PLACES_OF_A_DEGREE)
        for middle in (bank.longitude, bank.latitude)
    )
    return None if chance.random() < UNLOCATED else (longitude, latitude)


def _premises(
    number: int, site: _Site, chance: random.Random, point: tuple[float, float] | None
) -> Premises:
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
        point=point,
    )
