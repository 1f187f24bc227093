"""What mutes an alert: a wider one that is as grave, or a silence."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from catalog.ids import PlaceCode
from indicators.alert import Phase
from indicators.handling import AlertId, SilenceId
from indicators.muting import Muted, muted
from tests.indicators.alerts import HEAT, HOUR, alert, silence
from tests.indicators.drawing import CITY, DISTRICT, MOVED, PLACES, START, TOWN, ZONE


def by_alert(number: int) -> Muted:
    return Muted(alert=AlertId(number))


def test_an_alert_of_a_district_mutes_its_townships() -> None:
    found = muted([alert(1, DISTRICT), alert(2, TOWN)], [], START, PLACES)
    assert found == {2: by_alert(1)}


def test_a_city_mutes_its_districts_and_their_townships() -> None:
    found = muted([alert(1, CITY), alert(2, DISTRICT), alert(3, TOWN)], [], START, PLACES)
    assert found == {2: by_alert(1), 3: by_alert(1)}


def test_what_is_graver_is_told_beside_the_wider_one() -> None:
    found = muted([alert(1, DISTRICT, 2), alert(2, TOWN, 3)], [], START, PLACES)
    assert found == {}
    assert muted([alert(1, DISTRICT, 3), alert(2, TOWN, 2)], [], START, PLACES) == {2: by_alert(1)}


def test_a_graver_one_in_between_mutes_what_the_city_does_not() -> None:
    alerts = [alert(1, CITY, 1), alert(2, DISTRICT, 3), alert(3, TOWN, 2)]
    assert muted(alerts, [], START, PLACES) == {3: by_alert(2)}


def test_a_town_that_moved_is_muted_by_the_zone_that_governs_it() -> None:
    alerts = [alert(1, DISTRICT), alert(2, ZONE, 3), alert(3, MOVED)]
    assert muted(alerts, [], START, PLACES) == {3: by_alert(2)}


def test_alerts_of_another_indicator_mute_nothing() -> None:
    assert muted([alert(1, CITY, 4, HEAT), alert(2, TOWN, 1)], [], START, PLACES) == {}


def test_what_is_over_mutes_nothing_and_what_is_kept_does() -> None:
    wide = alert(1, CITY)
    over, kept = replace(wide, phase=Phase.RESOLVED), replace(wide, phase=Phase.KEPT)
    assert muted([over, alert(2, TOWN)], [], START, PLACES) == {}
    assert muted([kept, alert(2, TOWN)], [], START, PLACES) == {2: by_alert(1)}


def test_a_silence_covers_what_its_place_governs_until_it_ends() -> None:
    alerts = [alert(1, TOWN), alert(2, ZONE)]
    assert muted(alerts, [silence(7, DISTRICT)], START, PLACES) == {1: Muted(SilenceId(7))}
    assert muted(alerts, [silence(7, DISTRICT)], START + HOUR, PLACES) == {}
    assert muted(alerts, [silence(7, DISTRICT)], START - HOUR, PLACES) == {}
    assert set(muted(alerts, [silence(7)], START, PLACES)) == {1, 2}


def test_a_silence_holds_for_its_indicator_and_up_to_its_level() -> None:
    assert muted([alert(1, TOWN, 2)], [silence(7, indicator=HEAT)], START, PLACES) == {}
    assert muted([alert(1, TOWN, 3)], [silence(7, up_to=2)], START, PLACES) == {}


def test_a_silenced_alert_mutes_nothing_itself() -> None:
    alerts = [alert(1, DISTRICT, 2), alert(2, TOWN, 2)]
    only_the_district = replace(silence(7, DISTRICT), place=DISTRICT, up_to=2)
    found = muted([replace(alerts[0]), alert(2, TOWN, 3)], [only_the_district], START, PLACES)
    assert found == {1: Muted(SilenceId(7))}


def test_an_alert_of_another_scale_mutes_nothing() -> None:
    """A new version of the definition has another scale, while an alert of the old one goes on."""
    assert muted([alert(1, CITY, 4, scale="weather"), alert(2, TOWN, 1)], [], START, PLACES) == {}


def test_a_place_that_is_no_more_stands_alone() -> None:
    gone = PlaceCode("500105")
    alerts = [alert(1, CITY), alert(2, gone)]
    assert muted(alerts, [], START, PLACES) == {}
    assert set(muted(alerts, [silence(7, gone)], START, PLACES)) == {2}


ALERTS = st.lists(
    st.tuples(
        st.sampled_from([CITY, DISTRICT, ZONE, TOWN, MOVED]),
        st.integers(1, 4),
        st.sampled_from(["IN60", "IN65"]),
    ),
    unique_by=lambda each: (each[0], each[2]),
)


@given(ALERTS)
def test_of_each_indicator_one_as_grave_as_any_is_always_told(
    drawn: list[tuple[PlaceCode, int, str]],
) -> None:
    alerts = [
        replace(alert(number, place, rank), indicator=code)  # type: ignore[arg-type]
        for number, (place, rank, code) in enumerate(drawn)
    ]
    found = muted(alerts, [], START, PLACES)
    for one in alerts:
        same = [a for a in alerts if a.indicator == one.indicator and a.id not in found]
        assert max(a.severity for a in same) >= one.severity
