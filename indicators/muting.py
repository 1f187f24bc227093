"""Which alerts nobody needs to be told of, and why: a silence, or a wider alert of the same indicator.

An alert of a city or a district mutes those of the places it governs that are not graver than it. One
that is silenced mutes nothing, for nobody is told of it; one that is muted itself still mutes. A silence
holds for one indicator, for a place and all that it governs or for the whole city, up to a level:
what is graver is told all the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from catalog.ids import IndicatorCode, OrganisationCode, PlaceCode
from catalog.places import Places
from indicators.alert import LIVE
from indicators.handling import Alert, AlertId, SilenceId


@dataclass(frozen=True, slots=True)
class Silence:
    """In force from `begins` until `ends`. `place` None: everywhere."""

    id: SilenceId
    indicator: IndicatorCode
    place: PlaceCode | None
    up_to: int
    begins: datetime
    ends: datetime
    reason: str
    author: str
    organisation: OrganisationCode
    made_at: datetime

    def in_force(self, at: datetime) -> bool:
        return self.begins <= at < self.ends

    def covers(self, alert: Alert, places: Places) -> bool:
        if alert.indicator != self.indicator or alert.severity.rank > self.up_to:
            return False
        return self.place is None or self.place in _line(alert.place, places)


@dataclass(frozen=True, slots=True)
class Muted:
    """By exactly one of the two."""

    silence: SilenceId | None = None
    alert: AlertId | None = None


def muted(
    alerts: Iterable[Alert], silences: Iterable[Silence], at: datetime, places: Places
) -> Mapping[AlertId, Muted]:
    """Those of the live alerts that are muted at an instant, each with the first reason found."""
    live = [alert for alert in alerts if alert.phase in LIVE]
    by_indicator: dict[IndicatorCode, list[Silence]] = {}
    for silence in sorted(silences, key=lambda silence: silence.id):
        if silence.in_force(at):
            by_indicator.setdefault(silence.indicator, []).append(silence)
    found: dict[AlertId, Muted] = {}
    for alert in live:
        for silence in by_indicator.get(alert.indicator, ()):
            if silence.covers(alert, places):
                found[alert.id] = Muted(silence=silence.id)
                break
    told = {(a.indicator, a.place): a for a in live if a.id not in found}
    for alert in list(told.values()):
        wider = _wider(alert, told, places)
        if wider is not None:
            found[alert.id] = Muted(alert=wider.id)
    return found


def _wider(
    alert: Alert, told: Mapping[tuple[IndicatorCode, PlaceCode], Alert], places: Places
) -> Alert | None:
    """The widest alert that mutes this one."""
    for place in reversed(_line(alert.place, places)[1:]):
        above = told.get((alert.indicator, place))
        if above is None or above.severity.scale != alert.severity.scale:
            continue  # a new version has another scale: not to be compared
        if above.severity >= alert.severity:
            return above
    return None


def _line(place: PlaceCode, places: Places) -> tuple[PlaceCode, ...]:
    """The place and all that govern it, nearest first; a place that is no more stands alone."""
    if place not in places:
        return (place,)
    return (place, *(above.code for above in places.ancestors(place)))
