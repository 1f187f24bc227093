"""The catalogue as one value: relations in both directions, dependants, version."""

from pathlib import Path

from catalog.catalogue import Catalogue, Relation
from catalog.contracts import Contract
from catalog.domain import Derivation
from catalog.ids import DatasetCode, OrganisationCode
from catalog.odcs import read_contract
from catalog.places import Places
from tests.catalog.conftest import contract_text

RIVER, GAUGE = DatasetCode("river"), DatasetCode("gauge")
RELATIONSHIP = """\
    relationships:
      - type: foreignKey
        from: gauge.level_m
        to: river.code
        customProperties:
          - {property: name, value: river}
          - {property: inverse, value: gauges}
"""


def contract(code: str, relationships: str = "") -> Contract:
    return read_contract(Path(code), contract_text(code, relationships=relationships))


def catalogue(*contracts: Contract) -> Catalogue:
    derivation = Derivation(GAUGE, OrganisationCode("cq_water"), "防汛", "SELECT 1", (RIVER,), {})
    return Catalogue(
        {c.data_set: c for c in contracts}, {}, Places(()), derivations={GAUGE: derivation}
    )


def test_a_foreign_key_is_a_nested_field_on_both_sides() -> None:
    both = catalogue(contract("river"), contract("gauge", RELATIONSHIP))
    assert both.relations(GAUGE) == {
        "river": Relation("river", RIVER, (("level_m", "code"),), many=False)
    }
    assert both.relations(RIVER) == {
        "gauges": Relation("gauges", GAUGE, (("code", "level_m"),), many=True)
    }


def test_a_relation_to_what_is_not_served_does_not_exist() -> None:
    assert catalogue(contract("gauge", RELATIONSHIP)).relations(GAUGE) == {}


def test_the_version_is_of_the_contracts_in_it_whatever_their_order() -> None:
    river, gauge = contract("river"), contract("gauge")
    assert catalogue(river, gauge).version == catalogue(gauge, river).version
    assert catalogue(river).version != catalogue(gauge).version


def test_dependants_are_those_that_read_a_set_directly() -> None:
    assert [d.data_set for d in catalogue(contract("river")).dependants(RIVER)] == [GAUGE]
    assert catalogue().dependants(GAUGE) == ()
