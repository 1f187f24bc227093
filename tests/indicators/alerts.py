"""Alerts as the tests know them, on the small tree of `drawing.py`."""

from datetime import timedelta

from catalog.ids import IndicatorCode, OrganisationCode, PlaceCode
from indicators.alert import Change, Phase
from indicators.handling import Alert, AlertId, Observed, SilenceId
from indicators.muting import Silence
from indicators.severity import Severity
from tests.indicators.drawing import START

WATER, HEAT = IndicatorCode("IN60"), IndicatorCode("IN65")
HOUR = timedelta(hours=1)


def alert(
    number: int,
    place: PlaceCode,
    rank: int = 2,
    indicator: IndicatorCode = WATER,
    scale: str = "five",
) -> Alert:
    return Alert(
        id=AlertId(number),
        indicator=indicator,
        place=place,
        severity=Severity(scale, rank),
        phase=Phase.FIRING,
        value=181.0,
        began_at=START,
        changed_at=START,
    )


def silence(
    number: int, place: PlaceCode | None = None, up_to: int = 4, indicator: IndicatorCode = WATER
) -> Silence:
    return Silence(
        id=SilenceId(number),
        indicator=indicator,
        place=place,
        up_to=up_to,
        begins=START,
        ends=START + HOUR,
        reason="检修",
        author="officer",
        organisation=OrganisationCode("cq_water"),
        made_at=START,
    )


PHASES = {Change.EASED: Phase.KEPT, Change.RESOLVED: Phase.RESOLVED, Change.PENDED: Phase.PENDING}


def observed(
    place: PlaceCode,
    change: Change,
    hours: int = 0,
    rank: int = 2,
    indicator: IndicatorCode = WATER,
) -> Observed:
    return Observed(
        indicator=indicator,
        place=place,
        scale="five",
        change=change,
        at=START + hours * HOUR,
        rank=0 if change is Change.RESOLVED else rank,
        phase=PHASES.get(change, Phase.FIRING),
        value=float(180 + rank),
    )
