"""Live alerts put together as people are told of them: by district and indicator.

What lies in a district, or is one, belongs to it; an alert of the city stands by itself. One group is
about one indicator, so its alerts have one scale and can be ordered; where a new version has another
scale, those of the old one stand by themselves until they end.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from catalog.ids import IndicatorCode, PlaceCode
from catalog.places import PlaceLevel, Places
from indicators.alert import LIVE
from indicators.handling import Alert, AlertId
from indicators.muting import Muted
from indicators.severity import Severity


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """`told`: by scale, gravest first, then by place. `muted`: those nobody needs to be told of, with the reason."""

    district: PlaceCode
    indicator: IndicatorCode
    told: tuple[Alert, ...]
    muted: tuple[tuple[Alert, Muted], ...]

    @property
    def severity(self) -> Severity | None:
        """Of the gravest that is told; None: all are muted."""
        return self.told[0].severity if self.told else None

    @property
    def acknowledged(self) -> bool:
        """Whether somebody has seen all that is told."""
        return all(alert.acknowledged for alert in self.told)


def grouped(
    alerts: Iterable[Alert], muted: Mapping[AlertId, Muted], places: Places
) -> tuple[AlertGroup, ...]:
    """By district, then by indicator; ScalesDiffer never."""
    groups: dict[tuple[PlaceCode, IndicatorCode], list[Alert]] = {}
    for alert in alerts:
        if alert.phase in LIVE:
            key = district_of(alert.place, places), alert.indicator
            groups.setdefault(key, []).append(alert)
    return tuple(_group(*key, members, muted) for key, members in sorted(groups.items()))


def district_of(place: PlaceCode, places: Places) -> PlaceCode:
    """The district that governs a place; the place itself where none does or it is no more."""
    if place not in places:
        return place
    line = (places.get(place), *places.ancestors(place))
    return next((p.code for p in line if p.level is PlaceLevel.DISTRICT), place)


def _group(
    district: PlaceCode,
    indicator: IndicatorCode,
    members: list[Alert],
    muted: Mapping[AlertId, Muted],
) -> AlertGroup:
    ordered = sorted(members, key=lambda a: (a.severity.scale, -a.severity.rank, a.place))
    return AlertGroup(
        district,
        indicator,
        tuple(alert for alert in ordered if alert.id not in muted),
        tuple((alert, muted[alert.id]) for alert in ordered if alert.id in muted),
    )
