"""What a new version changes, and whether its number says so."""

from dataclasses import replace
from pathlib import Path

import pytest

from catalog.changes import Change, change, promised, version_of
from catalog.contracts import (
    Classification,
    Contract,
    Coordinates,
    ReferenceSystem,
    SharingKind,
)
from catalog.odcs import read_contract
from tests.catalog.conftest import contract_text

OLD = read_contract(Path("river"), contract_text("river"))

POINT = Coordinates("x", "y", ReferenceSystem.CGCS2000)


def column_changed(**values: object) -> Contract:
    level = replace(OLD.column("level_m"), **values)  # type: ignore[arg-type]
    return replace(OLD, columns=tuple(level if c.name == "level_m" else c for c in OLD.columns))


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (OLD, Change.PATCH),
        (replace(OLD, description="更清楚的说明"), Change.PATCH),
        (column_changed(description="说明"), Change.PATCH),
        (replace(OLD, columns=(*OLD.columns, replace(OLD.columns[1], name="new"))), Change.MINOR),
        (replace(OLD, sharing=replace(OLD.sharing, kind=SharingKind.WITHHELD)), Change.MINOR),
        (replace(OLD, columns=OLD.columns[:-1]), Change.BREAKING),
        (column_changed(unit="cm"), Change.BREAKING),
        (column_changed(classification=Classification.CORE), Change.BREAKING),
        (replace(OLD, key=("code", "level_m")), Change.BREAKING),
        (replace(OLD, place_column=None), Change.BREAKING),
        (replace(OLD, coordinates=POINT), Change.MINOR),
    ],
)
def test_a_change_is_as_severe_as_its_readers_feel_it(new: Contract, expected: Change) -> None:
    assert change(OLD, new) is expected


@pytest.mark.parametrize("other", [None, replace(POINT, system=ReferenceSystem.GCJ_02)])
def test_coordinates_that_go_or_come_to_mean_another_place_break(other: Coordinates | None) -> None:
    located = replace(OLD, coordinates=POINT)
    assert change(located, replace(OLD, coordinates=other)) is Change.BREAKING


def test_a_number_promises_what_its_highest_changed_part_says() -> None:
    assert promised("1.2.3", "2.0.0") is Change.BREAKING
    assert promised("1.2.3", "1.3.0") is Change.MINOR
    assert promised("1.2.3", "1.2.4") is Change.PATCH
    assert promised("1.2.3", "1.2.3") is None
    assert promised("1.10.0", "1.9.9") is None
    assert version_of("1.10.0") > version_of("1.9.9")
