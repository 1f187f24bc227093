"""Alerts are told by district and indicator."""

from dataclasses import replace

from catalog.ids import PlaceCode
from indicators.alert import Phase
from indicators.grouping import district_of, grouped
from indicators.handling import Acknowledgement, AlertId
from indicators.muting import Muted
from indicators.severity import Severity
from tests.indicators.alerts import HEAT, WATER, alert
from tests.indicators.drawing import CITY, DISTRICT, MOVED, PLACES, START, TOWN, ZONE


def test_a_place_belongs_to_the_district_that_governs_it() -> None:
    gone = PlaceCode("500105")
    places = (CITY, DISTRICT, TOWN, MOVED, gone)
    assert [district_of(place, PLACES) for place in places] == [
        CITY,
        DISTRICT,
        DISTRICT,
        ZONE,
        gone,
    ]


def test_a_group_is_a_district_and_an_indicator_gravest_first() -> None:
    alerts = [alert(1, TOWN, 2), alert(2, DISTRICT, 3), alert(3, TOWN, 2, HEAT), alert(4, ZONE)]
    groups = grouped(alerts, {}, PLACES)
    told = {(g.district, g.indicator): [a.id for a in g.told] for g in groups}
    assert told == {(DISTRICT, WATER): [2, 1], (DISTRICT, HEAT): [3], (ZONE, WATER): [4]}
    assert groups[0].severity == Severity("five", 3)


def test_two_scales_in_two_groups_are_told_side_by_side() -> None:
    groups = grouped([alert(1, TOWN), alert(2, TOWN, 4, HEAT, "weather")], {}, PLACES)
    assert [g.severity for g in groups] == [Severity("five", 2), Severity("weather", 4)]


def test_two_scales_in_one_group_are_told_one_after_the_other() -> None:
    alerts = [alert(1, TOWN, 4, scale="weather"), alert(2, TOWN, 1), alert(3, DISTRICT, 2)]
    (group,) = grouped(alerts, {}, PLACES)
    assert [a.id for a in group.told] == [3, 2, 1]


def test_what_is_muted_stays_in_its_group_with_the_reason() -> None:
    reason = Muted(alert=AlertId(9))
    (group,) = grouped([alert(1, TOWN, 3), alert(2, DISTRICT, 2)], {AlertId(1): reason}, PLACES)
    assert [a.id for a in group.told] == [2]
    assert [(a.id, why) for a, why in group.muted] == [(1, reason)]
    assert group.severity == Severity("five", 2)


def test_a_group_whose_alerts_are_all_muted_has_no_level() -> None:
    (group,) = grouped([alert(1, TOWN)], {AlertId(1): Muted(alert=AlertId(9))}, PLACES)
    assert group.severity is None


def test_resolved_alerts_are_in_no_group() -> None:
    assert grouped([replace(alert(1, TOWN), phase=Phase.RESOLVED)], {}, PLACES) == ()


def test_a_group_is_acknowledged_when_all_that_is_told_is() -> None:
    seen = replace(alert(1, TOWN, 2), acknowledgement=Acknowledgement("officer", START, 2))
    graver = replace(seen, id=AlertId(2), severity=Severity("five", 3))
    assert grouped([seen], {}, PLACES)[0].acknowledged
    assert not grouped([seen, graver], {}, PLACES)[0].acknowledged
