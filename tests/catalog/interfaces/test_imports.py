"""Interfaces in the registry: kept, published and read again; nothing that needs rows is theirs."""

from dataclasses import replace
from pathlib import Path

import pytest

from catalog.contract_files import contract_of
from catalog.domain import Derivation, Domain, Feed, Source, SourceKind
from catalog.errors import DeclarationError
from catalog.ids import DatasetCode, DomainCode, OrganisationCode, SourceId
from catalog.imports import Outcome
from tests.catalog.conftest import OPERATOR, World
from tests.connectors.calling.lookup import lookup, lookup_text

LOT = DatasetCode("parking_lot")


def domain(**changes: object) -> Domain:
    made = Domain(
        code=DomainCode("flood"),
        title="防汛",
        title_en="Flood",
        contracts=(lookup(),),
        contract_texts={LOT: lookup_text()},
        sources=(),
        derivations=(),
        contract_files={LOT: Path("parking_lot.interface.yaml")},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_an_interface_is_imported_once_and_exported_as_it_was(world: World) -> None:
    (first,) = world.store.import_domain(domain(), OPERATOR)
    assert first.outcome is Outcome.CREATED
    again = world.store.import_domain(domain(), OPERATOR)
    assert [one.outcome for one in again] == [Outcome.UNCHANGED]
    text = world.store.export_contract(LOT, "1.0.0")
    assert contract_of(Path("parking_lot.interface.yaml"), text) == lookup()


def test_an_interface_is_neither_fed_nor_derived(world: World) -> None:
    feed = Source(
        id=SourceId("s"),
        title="s",
        kind=SourceKind.REST,
        provider=OrganisationCode("cq_water"),
        connection="c",
        feeds=(Feed(data_set=LOT, every_seconds=1),),
    )
    derivation = Derivation(LOT, OrganisationCode("cq_water"), "p", "SELECT 1", (), {})
    for wrong in (domain(sources=(feed,)), domain(derivations=(derivation,))):
        with pytest.raises(DeclarationError, match="is an interface and has no rows"):
            world.store.import_domain(wrong, OPERATOR)
