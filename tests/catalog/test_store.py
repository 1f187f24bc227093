"""The catalogue in the registry: imports, versions, what is served."""

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.declared import VersionState
from catalog.directories import EntryAction, EntryState
from catalog.domain import Domain, read_domain, read_domains, read_organisations
from catalog.errors import (
    BreakingChange,
    DeclarationError,
    NotAllowed,
    UnknownDataSet,
    UnknownEntry,
)
from catalog.ids import DatasetCode
from catalog.imports import Outcome
from tests.adoption import adopt
from tests.catalog.conftest import (
    CITY,
    OFFICERS,
    OPERATOR,
    World,
    contract_text,
    organisations,
    person,
    write_domain,
)

RIVER = DatasetCode("river")
STEWARD, REVIEWER = person("cq_water"), person("cq_bigdata")


def domain_of(world: World, **contracts: str) -> Domain:
    return read_domain(write_domain(world.folder / "trial", contracts))


def test_an_imported_contract_is_not_served_before_its_entry_is_published(world: World) -> None:
    imported = world.store.import_domain(domain_of(world, river=contract_text("river")), OPERATOR)

    assert [(line.data_set, line.outcome) for line in imported] == [("river", Outcome.CREATED)]
    assert world.store.entry("river").state is EntryState.DRAFT
    assert RIVER not in world.store.load().contracts


def test_the_same_file_again_changes_nothing(world: World) -> None:
    domain = domain_of(world, river=contract_text("river"))
    world.store.import_domain(domain, OPERATOR)
    before = world.store.history("river")

    again = world.store.import_domain(domain, OPERATOR)

    assert again[0].outcome is Outcome.UNCHANGED
    assert world.store.history("river") == before


def test_an_exported_contract_is_the_file_that_was_imported(world: World) -> None:
    text = contract_text("river")
    world.publish({"river": text})

    assert world.store.export_contract(RIVER) == text
    assert world.store.export_contract(RIVER, "1.0.0") == text
    with pytest.raises(UnknownDataSet):
        world.store.export_contract(DatasetCode("lake"))


def test_a_new_version_waits_while_the_old_one_is_served(world: World) -> None:
    world.publish({"river": contract_text("river")})
    newer = contract_text("river", version="1.1.0", extra=("river_name",))

    world.store.import_domain(domain_of(world, river=newer), OPERATOR)

    assert world.store.entry("river").state is EntryState.CHANGE_DUE
    assert world.store.load().contracts[RIVER].version == "1.0.0"
    states = [(v.version, v.state) for v in world.store.contract_versions(RIVER)]
    assert states == [("1.1.0", VersionState.PROPOSED), ("1.0.0", VersionState.PUBLISHED)]
    world.publish({"river": newer})
    assert world.store.load().contracts[RIVER].version == "1.1.0"
    assert world.store.export_contract(RIVER) == newer


def test_an_older_file_never_replaces_a_newer_version(world: World) -> None:
    old = contract_text("river")
    world.publish({"river": old})
    world.publish({"river": contract_text("river", version="1.1.0", extra=("river_name",))})

    again = world.store.import_domain(domain_of(world, river=old), OPERATOR)

    assert again[0].outcome is Outcome.UNCHANGED
    assert world.store.load().contracts[RIVER].version == "1.1.0"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda: contract_text("river", title="别的"), "needs a higher version"),
        (lambda: contract_text("river", version="0.9.0"), "needs a higher version"),
        (lambda: contract_text("river", version="1.0.1", extra=("x",)), "minor"),
        (lambda: contract_text("river", version="1.1.0", place=False), "breaking"),
    ],
)
def test_a_version_number_that_promises_less_than_it_changes_is_refused_with_its_line(
    world: World, change: Callable[[], str], says: str
) -> None:
    world.publish({"river": contract_text("river")})

    with pytest.raises(DeclarationError, match=r"river\.odcs\.yaml, line 5: ") as refused:
        world.store.import_domain(domain_of(world, river=change()), OPERATOR)

    assert says in refused.value.message_en
    assert world.store.load().contracts[RIVER].version == "1.0.0"


def test_names_that_meet_in_the_api_are_refused_with_file_and_line(world: World) -> None:
    world.publish({"river": contract_text("river")})

    with pytest.raises(DeclarationError, match=r"grants\.odcs\.yaml, line 9: .*the API's core"):
        world.store.import_domain(domain_of(world, grants=contract_text("grants")), OPERATOR)


@pytest.mark.parametrize(("one", "other"), [("river_2", "river2"), ("lake", "lake_by_key")])
def test_two_data_sets_never_share_a_root_field(world: World, one: str, other: str) -> None:
    contracts = {one: contract_text(one), other: contract_text(other)}
    with pytest.raises(DeclarationError, match="line 9"):
        world.store.import_domain(domain_of(world, **contracts), OPERATOR)


def test_an_inverse_that_hides_a_column_of_its_target_is_refused(world: World) -> None:
    relationship = (
        "    relationships:\n"
        "      - type: foreignKey\n"
        "        from: gauge.code\n"
        "        to: river.code\n"
        "        customProperties:\n"
        "          - {property: name, value: river}\n"
        "          - {property: inverse, value: level_m}\n"
    )
    contracts = {
        "river": contract_text("river"),
        "gauge": contract_text("gauge", relationships=relationship),
    }
    with pytest.raises(DeclarationError, match=r"the inverse level_m .*already a field of river"):
        world.store.import_domain(domain_of(world, **contracts), OPERATOR)


def test_an_inverse_never_takes_the_name_of_where_its_target_lies(world: World) -> None:
    relationship = (
        "    relationships:\n"
        "      - from: gauge.code\n"
        "        to: river.code\n"
        "        customProperties: [{property: name, value: river}, {property: inverse, value: location}]\n"
    )
    point = "{property: coordinates, value: {longitude: x, latitude: level_m, system: WGS84}}"
    river = contract_text("river") + f"  - {point}\n"
    column = "      - {name: x, businessName: 经度, logicalType: number}\n"
    contracts = {
        "river": river.replace("    properties:\n", f"    properties:\n{column}", 1),
        "gauge": contract_text("gauge", relationships=relationship),
    }
    with pytest.raises(DeclarationError, match=r"the inverse location .*already a field of river"):
        world.store.import_domain(domain_of(world, **contracts), OPERATOR)


def test_nothing_of_a_domain_is_taken_when_one_contract_is_wrong(world: World) -> None:
    contracts = {
        "river": contract_text("river"),
        "lake": contract_text("lake", provider="nobody"),
    }
    with pytest.raises(DeclarationError, match="nobody is not a known organisation"):
        world.store.import_domain(domain_of(world, **contracts), OPERATOR)

    with pytest.raises(UnknownEntry):
        world.store.entry("river")


def test_a_derivation_is_served_only_once_it_was_published_with_its_entry(world: World) -> None:
    derived = "[{data_set: flood, owner: cq_shapingba, purpose: 防汛, sql: derived/a.sql, inputs: [river]}]"
    contracts = {
        "river": contract_text("river"),
        "flood": contract_text("flood", provider="cq_shapingba"),
    }
    world.publish(contracts, derived)
    assert world.store.load().derivations[DatasetCode("flood")].sql == "SELECT * FROM river"
    folder = world.folder / "domain1"
    (folder / "derived" / "a.sql").write_text("SELECT code, level_m FROM river", "utf-8")

    world.store.import_domain(read_domain(folder), OPERATOR)

    assert world.store.load().derivations[DatasetCode("flood")].sql == "SELECT * FROM river"
    assert world.store.entry("flood").state is EntryState.CHANGE_DUE
    world.publish(contracts, derived.replace("a.sql", "b.sql"))
    assert DatasetCode("flood") in world.store.load().derivations


def test_a_withdrawn_entry_takes_its_data_set_out_of_what_is_served(world: World) -> None:
    world.publish({"river": contract_text("river")})
    world.store.advance("river", EntryAction.DEPRECATE, STEWARD, "被新系统取代")
    assert RIVER in world.store.load().contracts

    world.store.advance("river", EntryAction.WITHDRAW, REVIEWER, "协商一致并备案")

    assert RIVER not in world.store.load().contracts
    assert not world.store.entry("river").listed


def test_each_commit_moves_the_epoch_and_tells_the_listeners(world: World) -> None:
    heard: list[int] = []
    world.store.listen(lambda: heard.append(world.store.epoch))
    before = world.store.epoch

    world.store.import_domain(domain_of(world, river=contract_text("river")), OPERATOR)
    with pytest.raises(NotAllowed):
        world.store.assess("river", person("cq_hightech"), secrecy="无", personal_information="无")

    assert heard == [before + 1]


def test_loading_gives_the_same_value_until_something_changes(world: World) -> None:
    world.publish({"river": contract_text("river")})
    first = world.store.load()
    assert world.store.load() is first

    world.publish({"lake": contract_text("lake")})

    assert world.store.load() is not first
    assert world.store.load().places is first.places


def test_entries_are_found_by_part_of_name_or_code(world: World) -> None:
    world.publish(
        {"river": contract_text("river", title="河道水情"), "lake": contract_text("lake")}
    )

    assert [e.code for e in world.store.entries("水情")] == ["river"]
    assert [e.code for e in world.store.entries("lak")] == ["lake"]
    assert [e.code for e in world.store.entries("%")] == []
    assert [e.code for e in world.store.entries(state=EntryState.PUBLISHED, limit=1)] == ["lake"]


def test_places_and_organisations_are_imported_once_per_content(world: World) -> None:
    assert world.store.import_places(CITY / "places.csv", OPERATOR) == 1
    assert world.store.import_organisations(organisations(), OPERATOR) == 0
    renamed = [o.model_copy(update={"head": "新主任"}) for o in organisations()[:1]]
    assert world.store.import_organisations(renamed, OPERATOR) == 1
    assert world.store.load().organisations[renamed[0].code].head == "新主任"


def test_a_breaking_version_waits_for_the_end_of_the_grants_on_the_old_one(world: World) -> None:
    from tests.catalog.sharing.conftest import Desk  # noqa: PLC0415 - the desk builds on this module

    world.publish({"river": contract_text("river")})
    desk = Desk(world)
    request = desk.approved(RIVER)
    breaking = contract_text("river", version="2.0.0", place=False)

    with pytest.raises(BreakingChange, match="1 active grants"):
        world.publish({"river": breaking})

    desk.sharing.revoke(desk.grant_of(request).id, STEWARD, "已通知并协商一致")
    world.publish({"river": breaking})
    assert world.store.load().contracts[RIVER].major == 2


def test_the_real_city_can_be_taken_through_every_step(world: World) -> None:
    world.store.import_organisations(read_organisations(CITY / "organisations.yaml"), OPERATOR)
    for domain in read_domains(CITY):
        world.store.import_domain(domain, OPERATOR)
        entries = adopt(world.store, domain, OFFICERS)
        assert {entry.state for entry in entries} == {EntryState.PUBLISHED}
    served = world.store.load()
    assert served.derivations.keys() <= served.contracts.keys()
    assert {DatasetCode("river_station"), DatasetCode("flood_exposure")} <= served.contracts.keys()


def test_a_places_file_that_is_wrong_names_its_line(world: World, tmp_path: Path) -> None:
    file = tmp_path / "places.csv"
    file.write_text("code,name,level,parent_code,statistical_parent_code\nx,甲,city,,\n", "utf-8")
    with pytest.raises(DeclarationError, match=r"places\.csv, line 2"):
        world.store.import_places(file, OPERATOR)
