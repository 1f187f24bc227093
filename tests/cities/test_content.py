"""The declared content of the reference city reads, and says what the flood case needs."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlglot
import yaml
from sqlglot import exp

from catalog.catalogue import Catalogue
from catalog.contracts import Contract, Datum, Kind, Level, PublishMode, Severity
from catalog.domain import Domain, read_domains, read_organisations
from catalog.ids import ClientId, DatasetCode
from catalog.odcs import odcs_schema
from catalog.places import read_places
from catalog.sharing.provision import derivation_inputs, own_grant
from settings import Settings

CITY = Settings().city
CONTRACT_FILES = sorted(CITY.glob("domains/*/contracts/*.odcs.yaml"))
EVERY_RULE_TYPE = {
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_be_between",
    "expect_column_value_lengths_to_be_between",
    "expect_column_values_to_match_regex",
    "expect_column_values_to_be_unique",
    "expect_compound_columns_to_be_unique",
    "expect_column_pair_values_a_to_be_greater_than_b",
    "expect_column_max_to_be_between",
    "expect_table_row_count_to_be_between",
    "vitalhub_reference",
    "vitalhub_freshness",
    "vitalhub_datum_present",
}


@pytest.fixture(scope="module")
def domains() -> tuple[Domain, ...]:
    return read_domains(CITY)


@pytest.fixture(scope="module")
def catalogue(domains: tuple[Domain, ...]) -> Catalogue:
    return Catalogue(
        contracts={c.data_set: c for d in domains for c in d.contracts},
        organisations={o.code: o for o in read_organisations(CITY / "organisations.yaml")},
        places=read_places(CITY / "places.csv"),
        derivations={e.data_set: e for d in domains for e in d.derivations},
        sources=tuple(s for d in domains for s in d.sources),
    )


def contract_of(catalogue: Catalogue, name: str) -> Contract:
    return catalogue.contracts[DatasetCode(name)]


@pytest.mark.parametrize("file", CONTRACT_FILES, ids=lambda file: file.name)
def test_each_contract_file_keeps_the_standard(file: Path) -> None:
    content = yaml.safe_load(file.read_text("utf-8"))
    assert not list(odcs_schema().iter_errors(content))
    assert content["schema"][0]["name"] == file.name.removesuffix(".odcs.yaml")


def test_the_data_sets_of_the_flood_case_come_from_three_levels(catalogue: Catalogue) -> None:
    assert {name: contract.level for name, contract in catalogue.data_sets.items()} == {
        "administrative_place": Level.MUNICIPAL,
        "river_station": Level.MUNICIPAL,
        "river_regime_national": Level.NATIONAL,
        "river_regime_municipal": Level.MUNICIPAL,
        "flood_peak_forecast": Level.MUNICIPAL,
        "district_water_level": Level.DISTRICT,
        "riverside_premises": Level.DISTRICT,
        "flood_exposure": Level.DISTRICT,
        "river_situation": Level.DISTRICT,
    }


def test_the_citys_live_services_come_from_a_ministry_and_a_bureau(catalogue: Catalogue) -> None:
    assert {name: contract.level for name, contract in catalogue.interfaces.items()} == {
        "enterprise_registration": Level.NATIONAL,
        "waterlogging_points": Level.MUNICIPAL,
    }


def test_each_organisation_and_place_that_is_named_exists(catalogue: Catalogue) -> None:
    for contract in catalogue.contracts.values():
        assert contract.provider in catalogue.organisations
    for source in catalogue.sources:
        assert source.provider in catalogue.organisations
    for organisation in catalogue.organisations.values():
        assert organisation.place in catalogue.places
        assert organisation.authority is None or organisation.authority in catalogue.organisations


def test_each_relation_leads_to_the_key_of_a_declared_data_set(catalogue: Catalogue) -> None:
    for contract in catalogue.contracts.values():
        for key in contract.foreign_keys:
            target = catalogue.contracts[key.target]
            assert key.target_columns == target.key
            own = [contract.column(name).type for name in key.columns]
            assert own == [target.column(name).type for name in key.target_columns]


def test_no_two_relations_of_a_data_set_share_a_name(catalogue: Catalogue) -> None:
    names: dict[str, list[str]] = {}
    for contract in catalogue.contracts.values():
        for key in contract.foreign_keys:
            names.setdefault(contract.data_set, []).append(key.name)
            names.setdefault(key.target, []).append(str(key.inverse))
    for data_set, relations in names.items():
        columns = [c.name for c in catalogue.contracts[DatasetCode(data_set)].columns]
        assert len(set(relations + columns)) == len(relations + columns)


def test_each_data_set_is_fed_or_derived_and_by_its_provider(catalogue: Catalogue) -> None:
    fed = {feed.data_set: source.provider for source in catalogue.sources for feed in source.feeds}
    assert set(fed) | set(catalogue.derivations) == set(catalogue.data_sets)
    assert not set(fed) & set(catalogue.derivations)
    for data_set, provider in fed.items():
        assert catalogue.contracts[data_set].provider == provider
    for data_set, derivation in catalogue.derivations.items():
        assert catalogue.contracts[data_set].provider == derivation.owner
        assert catalogue.contracts[data_set].publish_mode is PublishMode.SNAPSHOT


def test_each_derivation_reads_exactly_its_declared_inputs(catalogue: Catalogue) -> None:
    for derivation in catalogue.derivations.values():
        tree = sqlglot.parse_one(derivation.sql, dialect="duckdb")
        assert isinstance(tree, exp.Select)
        assert {table.name for table in tree.find_all(exp.Table)} == set(derivation.inputs)
        assert {str(p.this) for p in tree.find_all(exp.Placeholder)} == set(derivation.parameters)
        columns = [c.name for c in catalogue.contracts[derivation.data_set].columns]
        assert tree.named_selects == columns


def test_withdrawing_the_ministrys_grant_takes_an_input_from_the_exposure(
    catalogue: Catalogue,
) -> None:
    derivation = catalogue.derivations[DatasetCode("flood_exposure")]
    client = ClientId("shapingba-app")
    others = [c for c in derivation.inputs if catalogue.contracts[c].provider != derivation.owner]
    held = [replace(own_grant(catalogue, c, client), organisation=derivation.owner) for c in others]
    before = derivation_inputs(derivation, catalogue, lambda _: held)
    assert set(before) == set(derivation.inputs)
    assert all(before.values())
    left = [grant for grant in held if grant.data_set != "river_regime_national"]
    after = derivation_inputs(derivation, catalogue, lambda _: left)
    assert {c for c, grant in after.items() if grant is None} == {"river_regime_national"}


def test_each_height_says_its_datum(catalogue: Catalogue) -> None:
    heights = {"level_m", "warning_level_m", "guarantee_level_m", "peak_level_m"}
    heights |= {"ground_elevation_m", "fence_level_m", "upstream_level_m"}
    for contract in catalogue.contracts.values():
        for column in contract.columns:
            if column.name in heights:
                assert column.unit == "m"
                assert column.datum is not None or column.datum_column is not None
    peak = contract_of(catalogue, "flood_peak_forecast").column("peak_level_m")
    assert peak.datum is Datum.HUANGHAI
    national = contract_of(catalogue, "river_regime_national")
    assert national.column("level_m").datum is Datum.WUSONG


def test_each_column_has_a_chinese_label_and_each_fed_one_a_header(catalogue: Catalogue) -> None:
    for contract in catalogue.contracts.values():
        headers = [column.header for column in contract.columns]
        assert len(set(headers)) == len(headers)
        for column in contract.columns:
            assert not column.label.isascii(), column.name


def test_every_rule_type_and_severity_is_in_use(catalogue: Catalogue) -> None:
    rules = [rule for contract in catalogue.contracts.values() for rule in contract.rules]
    assert {rule.expectation for rule in rules} == EVERY_RULE_TYPE
    assert {rule.severity for rule in rules} == set(Severity)
    assert all(rule.description for rule in rules)


def test_an_old_batch_is_told_of_and_never_refused(catalogue: Catalogue) -> None:
    for contract in catalogue.contracts.values():
        for rule in contract.rules:
            if rule.expectation == "vitalhub_freshness":
                assert rule.severity is Severity.INFO


def test_rules_name_columns_that_exist(catalogue: Catalogue) -> None:
    for contract in catalogue.contracts.values():
        for rule in contract.rules:
            named = [rule.column] if rule.column else []
            for argument in ("column", "column_A", "column_B"):
                named += [str(rule.arguments[argument])] if argument in rule.arguments else []
            for argument in ("column_list", "columns"):
                listed = rule.arguments.get(argument, ())
                assert isinstance(listed, list | tuple)
                named += [str(name) for name in listed]
            assert all(contract.has_column(name) for name in named), rule.id
            if rule.expectation == "vitalhub_reference":
                contract_of(catalogue, str(rule.arguments["data_set"]))


def test_a_flow_of_nought_means_not_reported_only_where_the_ministry_writes_it(
    catalogue: Catalogue,
) -> None:
    national = contract_of(catalogue, "river_regime_national")
    assert national.column("flow_m3s").not_reported == ("0",)
    assert national.column("outflow_m3s").not_reported == ("0",)
    assert not contract_of(catalogue, "river_regime_municipal").column("flow_m3s").not_reported


def test_places_are_declared_where_a_grant_can_be_cut_by_place(catalogue: Catalogue) -> None:
    by_place = {name for name, c in catalogue.contracts.items() if c.place_column is not None}
    assert by_place == {
        "river_regime_municipal",
        "district_water_level",
        "riverside_premises",
        "flood_exposure",
    }
    for name in by_place:
        contract = catalogue.contracts[name]
        assert contract.column(str(contract.place_column)).type.kind is Kind.PLACE
