"""Versions of indicators: imported, reviewed, certified, in force for their time, never rewritten."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from catalog.errors import DeclarationError, NotAllowed
from catalog.ids import DomainCode, IndicatorCode
from catalog.imports import Outcome
from catalog.indicators.errors import (
    IndicatorIncomplete,
    IndicatorInUse,
    IndicatorRefused,
    IngredientsUncertified,
    UnknownIndicator,
)
from catalog.indicators.reading import read_indicator
from catalog.indicators.service import IndicatorService
from catalog.indicators.states import IndicatorAction, IndicatorState
from tests.catalog.conftest import OPERATOR, World, contract_text, person
from tests.indicator_data import text

STEWARD = person("cq_water")
REVIEWER = person("cq_bigdata")
IN20, IN21 = IndicatorCode("IN20"), IndicatorCode("IN21")
LEVEL = "simple: {data_set: river, time: seen_on, aggregation: max, value: level_m}"
A = IndicatorAction


@pytest.fixture
def service(world: World) -> IndicatorService:
    river = contract_text("river").replace(
        "      - {name: phone", "      - {name: seen_on, businessName: 日期, logicalType: date}\n      - {name: phone"
    )  # fmt: skip
    world.publish({"river": river})
    return IndicatorService(world.registry, world.clock, world.store)


def written(
    code: str = "IN20", version: int = 1, since: str = "2026-01-01", how: str = LEVEL
) -> str:
    return (
        text(code, how)
        .replace("version: 1", f"version: {version}")
        .replace("from: 2026-01-01", f"from: {since}")
    )


def put(service: IndicatorService, *texts: str) -> list[Outcome]:
    declared = [read_indicator(Path("signs.yaml"), DomainCode("trial"), each) for each in texts]
    return [each.outcome for each in service.import_indicators(declared, OPERATOR)]


def certify(service: IndicatorService, code: IndicatorCode = IN20, version: int = 1) -> None:
    service.advance(code, version, A.SUBMIT, STEWARD)
    service.advance(code, version, A.CERTIFY, REVIEWER)


def test_a_definition_is_in_force_once_it_is_certified(service: IndicatorService) -> None:
    assert put(service, written()) == [Outcome.CREATED]
    assert not service.in_force()

    certify(service)

    assert service.in_force()[IN20].name == "受理数"
    assert service.in_force() is service.in_force()
    assert not service.in_force(date(2025, 12, 31))
    assert [(e.action, e.target) for e in service.history(IN20)] == [
        (A.PROPOSE, IndicatorState.DRAFT),
        (A.SUBMIT, IndicatorState.IN_REVIEW),
        (A.CERTIFY, IndicatorState.CERTIFIED),
    ]


def test_a_file_that_is_known_changes_nothing(service: IndicatorService) -> None:
    put(service, written())
    certify(service)
    before = service.history(IN20)

    assert put(service, written()) == [Outcome.UNCHANGED]
    assert service.history(IN20) == before


def test_a_changed_definition_starts_a_version_and_leaves_the_past_as_it_was(
    service: IndicatorService,
) -> None:
    put(service, written())
    certify(service)

    changed = written(version=2, since="2026-02-01", how=LEVEL.replace("max", "min"))
    assert put(service, changed) == [Outcome.PROPOSED]
    assert service.in_force()[IN20].version == 1

    certify(service, version=2)
    assert service.in_force()[IN20].version == 2
    assert service.in_force(date(2026, 1, 31))[IN20].version == 1
    assert [v.state for v in service.versions(IN20)] == [
        IndicatorState.CERTIFIED,
        IndicatorState.SUPERSEDED,
    ]
    assert service.export(IN20, 1) == written()
    assert service.definition(IN20, 1).version == 1


@pytest.mark.parametrize(
    ("changed", "line", "says"),
    [
        (written(since="2026-03-01"), 2, "needs version 2"),
        (written(version=2), 13, "begins after"),
    ],
)
def test_a_number_or_a_day_is_not_used_twice(
    service: IndicatorService, changed: str, line: int, says: str
) -> None:
    put(service, written())

    with pytest.raises(DeclarationError) as refused:
        put(service, changed.replace("decimals: 0", "decimals: 2"))

    assert refused.value.details["line"] == line
    assert says in str(refused.value.details["problem"])


def test_one_wrong_file_keeps_out_all_that_came_with_it(service: IndicatorService) -> None:
    with pytest.raises(DeclarationError, match="no indicator IN99"):
        put(service, written(), written("IN21", how="IN99"))

    with pytest.raises(UnknownIndicator):
        service.versions(IN20)


def test_a_new_draft_takes_the_place_of_one_that_was_never_certified(
    service: IndicatorService,
) -> None:
    put(service, written())
    service.advance(IN20, 1, A.SUBMIT, STEWARD)

    put(service, written(version=2, since="2026-02-01"))

    assert [v.state for v in service.versions(IN20)] == [
        IndicatorState.DRAFT,
        IndicatorState.SUPERSEDED,
    ]


def test_nobody_certifies_what_they_submitted_and_only_the_authority_does(
    service: IndicatorService,
) -> None:
    put(service, written())
    with pytest.raises(NotAllowed):
        service.advance(IN20, 1, A.SUBMIT, person("cq_water", "app"))
    with pytest.raises(NotAllowed):
        service.advance(IN20, 1, A.SUBMIT, REVIEWER)
    service.advance(IN20, 1, A.SUBMIT, STEWARD)
    with pytest.raises(NotAllowed):
        service.advance(IN20, 1, A.CERTIFY, STEWARD)
    with pytest.raises(IndicatorIncomplete):
        service.advance(IN20, 1, A.RETURN, REVIEWER)
    with pytest.raises(IndicatorRefused, match="possible: certify, return"):
        service.advance(IN20, 1, A.RETIRE, STEWARD, "为何")
    assert service.advance(IN20, 1, A.RETURN, REVIEWER, "口径不清").state is IndicatorState.DRAFT


def test_whoever_submitted_does_not_certify_even_as_the_authority(world: World) -> None:
    river = contract_text("river", provider="cq_bigdata").replace(
        "      - {name: phone", "      - {name: seen_on, businessName: 日期, logicalType: date}\n      - {name: phone"
    )  # fmt: skip
    world.publish({"river": river})
    service = IndicatorService(world.registry, world.clock, world.store)
    put(service, written().replace("lead: cq_water", "lead: cq_bigdata"))
    service.advance(IN20, 1, A.SUBMIT, REVIEWER)

    with pytest.raises(NotAllowed, match="whoever submitted"):
        service.advance(IN20, 1, A.CERTIFY, REVIEWER)
    service.advance(IN20, 1, A.CERTIFY, person("cq_bigdata", name="another"))


def test_ingredients_are_certified_first(service: IndicatorService) -> None:
    put(service, written(), written("IN21", how="derived: {formula: IN20 * 2}"))
    service.advance(IN21, 1, A.SUBMIT, STEWARD)

    with pytest.raises(IngredientsUncertified, match="IN20"):
        service.advance(IN21, 1, A.CERTIFY, REVIEWER)
    certify(service)
    service.advance(IN21, 1, A.CERTIFY, REVIEWER)


def test_a_change_that_would_break_what_is_made_of_it_is_refused(service: IndicatorService) -> None:
    put(service, written(), written("IN21", how="IN20"))

    monthly = written(version=2, since="2026-02-01").replace("period: day", "period: month")
    with pytest.raises(DeclarationError, match="IN21 is made of it"):
        put(service, monthly)


def test_a_retired_indicator_is_in_force_until_that_day(service: IndicatorService) -> None:
    put(service, written())
    certify(service)

    service.advance(IN20, 1, A.RETIRE, STEWARD, "不再考核")

    assert not service.in_force()
    assert service.in_force(date(2026, 3, 1))[IN20].effective_to == date(2026, 3, 2)


def test_what_others_are_made_of_is_not_retired_before_them(service: IndicatorService) -> None:
    put(service, written(), written("IN21", how="IN20"))
    certify(service)
    certify(service, IN21)

    with pytest.raises(IndicatorInUse, match="IN21"):
        service.advance(IN20, 1, A.RETIRE, STEWARD, "不再考核")
    service.advance(IN21, 1, A.RETIRE, STEWARD, "不再考核")
    service.advance(IN20, 1, A.RETIRE, STEWARD, "不再考核")


def test_what_has_ended_is_not_made_longer_by_retiring_it(service: IndicatorService) -> None:
    put(service, f"{written()}effective_to: 2026-02-01\n")
    certify(service)
    before = service.in_force(date(2026, 2, 15))

    service.advance(IN20, 1, A.RETIRE, STEWARD, "不再考核")

    assert before == service.in_force(date(2026, 2, 15)) == {}
    assert service.in_force(date(2026, 1, 31))[IN20].effective_to == date(2026, 2, 1)


def test_what_is_in_force_follows_the_clock(service: IndicatorService, world: World) -> None:
    put(service, written(since="2026-04-01"))
    certify(service)
    assert not service.in_force()

    world.clock.at = datetime(2026, 3, 31, 16, tzinfo=UTC)  # midnight in the city

    assert IN20 in service.in_force()


def test_another_process_learns_of_a_certification(service: IndicatorService, world: World) -> None:
    put(service, written())
    other = IndicatorService(world.registry, world.clock, world.store)
    assert not other.in_force()

    certify(other)

    assert IN20 in IndicatorService(world.registry, world.clock, world.store).in_force()


def test_a_citys_domains_are_imported_together_and_once(
    service: IndicatorService, tmp_path: Path
) -> None:
    for domain, file in (("a", written("IN21", how="IN20")), ("b", written())):
        folder = tmp_path / "city" / "domains" / domain
        (folder / "indicators").mkdir(parents=True)
        (folder / "domain.yaml").write_text(f"code: {domain}\ntitle: 甲\ntitle_en: A\n", "utf-8")
        (folder / "indicators" / "level.yaml").write_text(file, "utf-8")

    found = service.import_city(tmp_path / "city", OPERATOR)

    assert [each.code for each in found] == [IN21, IN20]
    assert service.definition(IN21, 1).domain == "a"
    assert service.import_city(tmp_path / "city", OPERATOR) == ()
