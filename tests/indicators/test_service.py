"""Alerts from their beginning to their end, and what people do with them, on both stores."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import indicators.models  # noqa: F401 - its tables are created with the world's
from catalog.errors import ChangedMeanwhile, NotAllowed, UnknownPlace
from catalog.ids import DomainCode, IndicatorCode, OrganisationCode, PlaceCode
from catalog.indicators.errors import UnknownIndicator
from catalog.indicators.reading import read_indicator
from catalog.indicators.threshold import AlertLevel
from indicators.alert import Change, Phase
from indicators.errors import (
    AlertRefused,
    SilenceRefused,
    UnknownAlert,
    UnknownAssignee,
    UnknownSilence,
)
from indicators.handling import Act, Alert, AlertId, SilenceId
from indicators.muting import Muted
from indicators.service import AlertService
from tests.catalog.conftest import OPERATOR, World, build_world, person
from tests.indicator_data import text
from tests.indicators.alerts import HEAT, HOUR, WATER, observed
from tests.indicators.drawing import CITY, START

SHAPINGBA, TOWN = PlaceCode("500106"), PlaceCode("500106004")
LEAD = person("cq_water")
AUTHORITY = person("cq_bigdata")
DISTRICT = person("cq_shapingba")
ELSEWHERE = person("cq_hightech")
LEVEL = "simple: {data_set: river, time: seen_on, aggregation: max, value: level_m}"


@pytest.fixture
def world(tmp_path: Path, registry_url: str) -> Iterator[World]:
    built = build_world(tmp_path, registry_url)
    built.clock.at = START + 10 * HOUR
    yield built
    built.registry.close()


@pytest.fixture
def service(world: World) -> AlertService:
    indicator = read_indicator(
        Path("in60.yaml"), DomainCode("trial"), text("IN60", LEVEL)
    ).indicator
    assert indicator.lead == "cq_water"
    return AlertService(world.registry, world.clock, world.store.newest, lambda: {WATER: indicator})


def fired(service: AlertService, place: PlaceCode = TOWN, rank: int = 2) -> Alert:
    assert service.record([observed(place, Change.FIRED, 0, rank)], OPERATOR) == 1
    return service.live()[-1]


def test_an_alert_begins_rises_falls_and_ends(service: AlertService) -> None:
    steps = [
        (Change.PENDED, 0, 0),
        (Change.FIRED, 1, 2),
        (Change.RAISED, 2, 4),
        (Change.EASED, 3, 4),
        (Change.LOWERED, 4, 2),
    ]
    assert service.record([observed(TOWN, *step) for step in steps], OPERATOR) == 4
    (alert,) = service.live()
    assert (alert.severity.level, alert.phase) == (AlertLevel.YELLOW, Phase.FIRING)
    assert (alert.began_at, alert.changed_at) == (START + HOUR, START + 4 * HOUR)

    service.record([observed(TOWN, Change.RESOLVED, 5)], OPERATOR)
    assert service.live() == ()
    over = service.alert(alert.id)
    assert (over.phase, over.resolved_at) == (Phase.RESOLVED, START + 5 * HOUR)
    assert [event.what for event in service.history(alert.id)] == [
        Change.FIRED,
        Change.RAISED,
        Change.EASED,
        Change.LOWERED,
        Change.RESOLVED,
    ]


def test_an_alert_is_told_by_the_scale_of_its_newest_change(service: AlertService) -> None:
    first = fired(service)
    raised = replace(observed(TOWN, Change.RAISED, 1, 3), scale="weather")

    service.record([raised], OPERATOR)

    assert (first.severity.scale, service.alert(first.id).severity.scale) == ("five", "weather")


def test_happenings_that_are_handed_in_again_change_nothing(service: AlertService) -> None:
    happened = [observed(TOWN, Change.FIRED, 0), observed(TOWN, Change.RESOLVED, 2)]
    assert service.record(happened, OPERATOR) == 2
    assert service.record(happened, OPERATOR) == 0
    assert service.live() == ()


def test_what_fires_after_its_end_is_another_alert(service: AlertService) -> None:
    first = fired(service)
    service.record([observed(TOWN, Change.RESOLVED, 1), observed(TOWN, Change.FIRED, 2)], OPERATOR)
    (second,) = service.live()
    assert second.id != first.id
    assert [alert.id for alert in service.alerts()] == [second.id, first.id]
    assert [alert.id for alert in service.alerts(since=START + 2 * HOUR)] == [second.id]
    assert service.alerts(indicator=HEAT) == ()
    assert second.began_at == START + 2 * HOUR


def test_a_registry_that_lost_an_alert_takes_it_up_with_its_next_change(
    service: AlertService,
) -> None:
    assert service.record([observed(TOWN, Change.RAISED, 3, 4)], OPERATOR) == 1
    assert service.live()[0].severity.level is AlertLevel.RED
    assert service.record([observed(SHAPINGBA, Change.RESOLVED, 3)], OPERATOR) == 0


def test_who_acknowledges_has_seen_it_as_grave_as_it_was(service: AlertService) -> None:
    alert = fired(service)
    assert service.acknowledge(alert.id, LEAD, "已知悉").acknowledged
    service.record([observed(TOWN, Change.RAISED, 1, 3)], OPERATOR)
    assert not service.alert(alert.id).acknowledged
    service.record([observed(TOWN, Change.LOWERED, 2, 1)], OPERATOR)
    assert service.alert(alert.id).acknowledged
    seen = service.history(alert.id)[1]
    assert (seen.what, seen.by, seen.why) == (Act.ACKNOWLEDGE, LEAD.client, "已知悉")


def test_an_alert_is_given_to_an_organisation_that_is_known(service: AlertService) -> None:
    alert = fired(service)
    given = service.assign(alert.id, OrganisationCode("cq_shapingba"), LEAD)
    assert given.assigned == "cq_shapingba"
    with pytest.raises(UnknownAssignee):
        service.assign(alert.id, OrganisationCode("nobody"), LEAD)


@pytest.mark.parametrize("officer", [LEAD, AUTHORITY, DISTRICT])
def test_the_lead_its_authority_and_the_district_deal_with_an_alert(
    service: AlertService, officer: object
) -> None:
    alert = fired(service)
    assert service.acknowledge(alert.id, officer).acknowledged  # type: ignore[arg-type]


@pytest.mark.parametrize("officer", [ELSEWHERE, person("cq_water", "app"), OPERATOR])
def test_nobody_else_does(service: AlertService, officer: object) -> None:
    alert = fired(service)
    with pytest.raises(NotAllowed, match="cq_water"):
        service.acknowledge(alert.id, officer)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed):
        service.silence(WATER, TOWN, START + 99 * HOUR, "检修", officer)  # type: ignore[arg-type]
    assert not service.alert(alert.id).acknowledged


def test_of_an_indicator_that_is_no_longer_in_force_the_authority_answers(
    service: AlertService,
) -> None:
    service.record([observed(TOWN, Change.FIRED, indicator=HEAT)], OPERATOR)
    (alert,) = service.live()
    with pytest.raises(NotAllowed):
        service.acknowledge(alert.id, LEAD)
    assert service.acknowledge(alert.id, AUTHORITY).acknowledged


def test_what_is_over_is_not_dealt_with(service: AlertService) -> None:
    alert = fired(service)
    service.record([observed(TOWN, Change.RESOLVED, 1)], OPERATOR)
    with pytest.raises(AlertRefused, match="resolved"):
        service.acknowledge(alert.id, LEAD)
    with pytest.raises(AlertRefused, match="assign"):
        service.assign(alert.id, OrganisationCode("cq_water"), LEAD)


def test_alerts_and_silences_that_are_not_there_are_said_so(service: AlertService) -> None:
    with pytest.raises(UnknownAlert):
        service.alert(AlertId(9))
    with pytest.raises(UnknownAlert):
        service.history(AlertId(9))
    with pytest.raises(UnknownSilence):
        service.end_silence(SilenceId(9), LEAD)


def test_a_silence_mutes_until_it_ends_and_tells_who_and_why(
    service: AlertService, world: World
) -> None:
    alert = fired(service)
    now = world.clock.now()
    made = service.silence(WATER, SHAPINGBA, now + HOUR, " 闸门检修 ", LEAD)
    assert (made.reason, made.author, made.begins) == ("闸门检修", LEAD.client, now)
    (group,) = service.groups()
    assert group.muted == ((alert, Muted(silence=made.id)),)
    world.clock.advance(HOUR)
    assert service.silences() == ()
    assert [a.id for a in service.groups()[0].told] == [alert.id]


def test_a_silence_is_ended_early(service: AlertService, world: World) -> None:
    fired(service)
    made = service.silence(WATER, None, world.clock.now() + 9 * HOUR, "演练", LEAD)
    world.clock.advance(HOUR)
    assert service.end_silence(made.id, AUTHORITY).ends == world.clock.now()
    assert service.groups()[0].told != ()
    ended = service.end_silence(made.id, LEAD)
    assert ended.ends == world.clock.now()


def test_a_silence_lets_what_is_graver_through(service: AlertService, world: World) -> None:
    until = world.clock.now() + HOUR
    fired(service, rank=3)
    service.silence(WATER, TOWN, until, "检修", DISTRICT, up_to=AlertLevel.YELLOW)
    assert service.groups()[0].told != ()


def test_a_district_silences_nothing_beyond_itself(service: AlertService, world: World) -> None:
    until = world.clock.now() + HOUR
    for place in (None, CITY, PlaceCode("500172")):
        with pytest.raises(NotAllowed):
            service.silence(WATER, place, until, "检修", DISTRICT)


def test_a_silence_needs_a_reason_and_an_end_to_come(service: AlertService, world: World) -> None:
    now = world.clock.now()
    with pytest.raises(SilenceRefused, match="reason"):
        service.silence(WATER, TOWN, now + HOUR, " ", LEAD)
    with pytest.raises(SilenceRefused, match="end"):
        service.silence(WATER, TOWN, now, "检修", LEAD)
    with pytest.raises(SilenceRefused, match="end"):
        service.silence(WATER, TOWN, now + HOUR, "检修", LEAD, begins=now + 2 * HOUR)
    with pytest.raises(SilenceRefused, match="green"):
        service.silence(WATER, TOWN, now + HOUR, "检修", LEAD, up_to=AlertLevel.GREEN)
    with pytest.raises(UnknownPlace):
        service.silence(WATER, PlaceCode("999999"), now + HOUR, "检修", LEAD)
    with pytest.raises(UnknownIndicator):
        service.silence(IndicatorCode("IN99"), TOWN, now + HOUR, "检修", LEAD)
    assert service.silences() == ()


def test_each_change_moves_the_epoch(service: AlertService, world: World) -> None:
    heard: list[int] = []
    service.listen(lambda: heard.append(1))
    alert = fired(service)
    service.acknowledge(alert.id, LEAD)
    made = service.silence(WATER, TOWN, world.clock.now() + HOUR, "检修", LEAD)
    service.end_silence(made.id, LEAD)
    assert len(heard) == 4


def test_two_who_record_the_same_at_once_make_one_alert(service: AlertService) -> None:
    together, problems = threading.Barrier(2), list[BaseException]()
    counts: list[int] = []

    def record() -> None:
        together.wait()
        try:
            counts.append(service.record([observed(TOWN, Change.FIRED)], OPERATOR))
        except ChangedMeanwhile as lost:
            problems.append(lost)

    threads = [threading.Thread(target=record) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert sorted(counts) == [0, 1]
    assert len(service.live()) == 1


def test_many_alerts_are_recorded_at_once(service: AlertService, world: World) -> None:
    places = [place.code for place in world.store.newest().places][:1000]
    happened = [observed(place, Change.FIRED) for place in places]
    assert service.record(happened, OPERATOR) == len(places)
    assert service.record(happened, OPERATOR) == 0
    ends = [observed(place, Change.RESOLVED, 1) for place in places]
    assert service.record(ends, OPERATOR) == len(places)
    assert service.live() == ()
