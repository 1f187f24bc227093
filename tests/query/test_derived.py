from pathlib import Path

import pytest

from catalog.domain import Derivation, read_domains
from catalog.ids import DatasetCode, OrganisationCode
from query.derived import compile_derivation, parse_derivation
from query.errors import InvalidDerivation
from query.print import duckdb_text
from query.relation import relation_of
from tests.shared_data import READINGS, STATIONS, catalogue, grant, station


def derivation(sql: str) -> Derivation:
    return Derivation(
        DatasetCode("high_station"),
        OrganisationCode("cq_shapingba"),
        "防汛",
        sql,
        (READINGS, STATIONS),
        {"floor_m": 180},
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2",
        "DROP TABLE reading",
        "SELECT * FROM hub.publication",
        "SELECT * FROM other_set",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM 'file.parquet'",
        "SELECT r.* FROM reading r, LATERAL read_parquet('landing/other/raw.parquet')",
        "SELECT r.* FROM reading r, LATERAL read_csv('other.csv')",
        "SELECT * FROM (DESCRIBE reading)",
        "SELECT * FROM (SUMMARIZE reading)",
        "SELECT getenv('HOME') AS code FROM reading",
        "SELECT * FROM reading WHERE level_m > $unknown",
        "WITH reading AS (SELECT 1) SELECT * FROM reading",
        "COPY reading TO 'x.csv'",
        "SELECT FROM WHERE",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n",
        "SELECT random() AS code FROM reading",
        "SELECT now() AS code FROM reading",
        "SELECT * FROM reading TABLESAMPLE 10%",
        "SELECT station_code FROM reading WHERE regexp_matches(station_code, '(a+)+')",
        "",
    ],
)
def test_only_one_select_over_declared_inputs_is_allowed(sql: str) -> None:
    with pytest.raises(InvalidDerivation):
        parse_derivation(derivation(sql))


def test_inputs_become_the_relations_of_the_owners_grants() -> None:
    city = catalogue()
    relations = {
        READINGS: relation_of(
            grant(READINGS, ["station_code", "observed_at", "level_m"], places=["500172"]),
            city,
            "k",
        ),
        STATIONS: relation_of(
            grant(STATIONS, ["code", "name", "phone"], masked=["phone"]), city, "k"
        ),
    }
    sql = """WITH high AS (SELECT station_code FROM reading WHERE level_m > $floor_m)
        SELECT s.code, s.name, s.phone FROM station s JOIN high h ON h.station_code = s.code"""
    statement = compile_derivation(derivation(sql), station(), relations)
    text = duckdb_text(statement.tree)
    assert "500172000000000" in text
    assert "SHA256" in text
    assert dict(statement.parameters) == {"floor_m": 180, "mask_key": "k"}
    assert statement.data_sets == {READINGS, STATIONS}
    assert "parameters" not in repr(statement)


def test_the_files_of_the_city_are_allowed_derivations() -> None:

    city = Path(__file__).parents[2] / "cities" / "chongqing"
    derived = [d for domain in read_domains(city) for d in domain.derivations]
    assert {d.data_set for d in derived} == {"flood_exposure", "river_situation"}
    for one in derived:
        parse_derivation(one)
