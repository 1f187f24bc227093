"""ODCS files become contracts, or are refused with file and line."""

from pathlib import Path

import pytest

from catalog.contracts import (
    Classification,
    ColumnType,
    Coordinates,
    Kind,
    Level,
    PublishMode,
    ReferenceSystem,
    SharingKind,
)
from catalog.errors import DeclarationError
from catalog.odcs import read_contract
from tests.catalog.conftest import CITY, contract_text

FILE = Path("river.odcs.yaml")
GOOD = contract_text("river")


def test_a_contract_reads_as_it_is_written() -> None:
    contract = read_contract(FILE, GOOD)

    assert (contract.data_set, contract.version, contract.major) == ("river", "1.0.0", 1)
    assert (contract.key, contract.place_column) == (("code",), "place_code")
    assert (contract.level, contract.publish_mode) == (Level.MUNICIPAL, PublishMode.APPEND)
    assert contract.sharing.kind is SharingKind.CONDITIONAL
    assert contract.column("level_m").type == ColumnType(Kind.DECIMAL, 9, 3)
    assert contract.column("phone").classification is Classification.IMPORTANT
    assert contract.column("code").header == "编码"
    assert contract.column("code").required
    assert contract.column("place_code").type.kind is Kind.PLACE


def test_a_digest_is_of_the_text() -> None:
    assert read_contract(FILE, GOOD).digest == read_contract(Path("other.yaml"), GOOD).digest
    assert read_contract(FILE, GOOD).digest != read_contract(FILE, GOOD + "\n").digest


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("version: 1.0.0", "version: '1'", "form 1.0.0"),
        ("apiVersion: v3.1.0", "apiVersion: v9", "apiVersion"),
        ("  - name: river\n", "  - name: River\n", "not an identifier"),
        ("  - name: river\n", "  - name: river_by_key\n", "suffix"),
        ("name: level_m", "name: level__m", "not an identifier"),
        ("name: phone", "name: level_m", "levelM in the API"),
        ("businessName: 水位, ", "", "no businessName"),
        (
            "physicalType: 'decimal(9,3)'",
            "customProperties: [{property: height, value: true}]",
            "datum",
        ),
        ("decimal(9,3)", "decimal(9.3)", "not decimal"),
        ("logicalType: number", "logicalType: object", "not served"),
        (", primaryKey: true, primaryKeyPosition: 1", "", "no column is marked primaryKey"),
        (", primaryKey: true,", ", primaryKey: true, classification: core,", "classified core"),
        ("  - {property: provider, value: cq_water}\n", "", "provider is missing"),
        ("value: conditional", "value: maybe", "not one of"),
        ("placeColumn, value: place_code", "placeColumn, value: phone", "not a column with place"),
        ("physicalName: 编码", "physicalName: [编码", "not valid YAML"),
    ],
)
def test_a_wrong_contract_is_refused_with_its_line(old: str, new: str, says: str) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    with pytest.raises(DeclarationError, match=says) as refused:
        read_contract(FILE, text)
    assert "river.odcs.yaml, line " in refused.value.message_en


def test_every_contract_of_the_city_is_sound() -> None:
    files = sorted(CITY.glob("domains/*/contracts/*.odcs.yaml"))
    assert files
    for file in files:
        contract = read_contract(file)
        assert file.name == f"{contract.data_set}.odcs.yaml"


COORDINATES = "{property: coordinates, value: {longitude: x, latitude: y, system: GCJ-02}}"
LOCATED = (GOOD + f"  - {COORDINATES}\n").replace(
    "    properties:\n",
    "    properties:\n"
    "      - {name: x, businessName: 经度, logicalType: number, physicalType: 'decimal(9,6)'}\n"
    "      - {name: y, businessName: 纬度, logicalType: number}\n",
    1,
)


def test_a_contract_says_where_its_rows_lie() -> None:
    contract = read_contract(FILE, LOCATED)
    assert contract.coordinates == Coordinates("x", "y", ReferenceSystem.GCJ_02)
    assert read_contract(FILE, GOOD).coordinates is None


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("longitude: x", "longitude: phone", "phone is not a decimal or double column"),
        ("longitude: x", "longitude: z", "z is not a decimal or double column"),
        ("longitude: x", "longitude: [x]", "is not a decimal or double column"),
        ("longitude: x", "longitude: y", "y is both longitude and latitude"),
        ("GCJ-02", "BD-09", "not one of WGS84, CGCS2000, GCJ-02"),
        (", system: GCJ-02", "", "longitude, latitude and system"),
        ("{longitude: x, latitude: y, system: GCJ-02}", "x", "longitude, latitude and system"),
        ("name: phone", "name: location", "both location in the API"),
    ],
)
def test_coordinates_that_mean_nothing_are_refused_with_their_line(
    old: str, new: str, says: str
) -> None:
    text = LOCATED.replace(old, new, 1)
    assert text != LOCATED
    with pytest.raises(DeclarationError, match=says) as refused:
        read_contract(FILE, text)
    assert "river.odcs.yaml, line " in refused.value.message_en
