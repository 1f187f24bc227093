"""A domain is a folder; what is wrong in it names file and line."""

import hashlib
from pathlib import Path

import pytest

from catalog.domain import SourceKind, interval, read_domain, read_domains, read_organisations
from catalog.errors import DeclarationError
from catalog.ids import DatasetCode
from tests.catalog.conftest import CITY, contract_text, write_domain

RIVER = DatasetCode("river")
SOURCES = """\
sources:
  - id: bureau
    title: 水利局
    kind: sql
    provider: cq_water
    connection: bureau
    feeds:
      - {data_set: river, every_seconds: 90, options: {table: RIVER}}
"""
DERIVED = "[{data_set: flood, owner: cq_water, purpose: 防汛, sql: derived/a.sql, inputs: [river], parameters: {margin_m: 2.0}}]"


def folder_of(tmp_path: Path, derived: str = "[]", sources: str = "") -> Path:
    return write_domain(tmp_path / "trial", {"river": contract_text("river")}, derived, sources)


def test_a_folder_is_a_domain(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, DERIVED, SOURCES)
    (folder / "derived" / "a.sql").write_text("SELECT * FROM river", "utf-8")

    domain = read_domain(folder)

    assert [c.data_set for c in domain.contracts] == ["river"]
    assert domain.contract_texts[RIVER] == contract_text("river")
    assert domain.contract_files[RIVER].name == "river.odcs.yaml"
    (source,) = domain.sources
    assert (source.kind, interval(source.feeds[0]).total_seconds()) == (SourceKind.SQL, 90)
    (derivation,) = domain.derivations
    assert (derivation.sql, derivation.parameters) == ("SELECT * FROM river", {"margin_m": 2.0})


def test_one_data_set_in_two_files_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "contracts" / "z.odcs.yaml").write_text(contract_text("river"), "utf-8")
    with pytest.raises(DeclarationError, match=r"z\.odcs\.yaml, line 9: river is also river\."):
        read_domain(folder)


@pytest.mark.parametrize(
    ("sources", "line"),
    [
        (SOURCES.replace("kind: sql", "kind: pigeon"), 4),
        (SOURCES.replace("every_seconds: 90", "every_seconds: 0"), 8),
        (SOURCES + "        password: secret\n", 9),
    ],
)
def test_wrong_sources_name_their_line(tmp_path: Path, sources: str, line: int) -> None:
    with pytest.raises(DeclarationError, match=rf"sources\.yaml, line {line}"):
        read_domain(folder_of(tmp_path, sources=sources))


def test_a_derivation_without_its_sql_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"domain\.yaml, line .*a\.sql cannot be read"):
        read_domain(folder_of(tmp_path, DERIVED))


def test_a_contract_of_another_domain_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    text = contract_text("lake").replace("domain: trial", "domain: other")
    (folder / "contracts" / "lake.odcs.yaml").write_text(text, "utf-8")
    with pytest.raises(DeclarationError, match=r"lake\.odcs\.yaml, line 7: domain is not trial"):
        read_domain(folder)


def test_the_citys_own_files_are_sound() -> None:
    organisations = {o.code for o in read_organisations(CITY / "organisations.yaml")}
    domains = read_domains(CITY)
    assert {"base", "flood"} <= {domain.code for domain in domains}
    for domain in domains:
        assert {contract.provider for contract in domain.contracts} <= organisations
        assert {derivation.owner for derivation in domain.derivations} <= organisations


def test_a_file_that_is_known_is_not_even_parsed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (file,) = (folder / "contracts").iterdir()
    file.write_text("what: [no, YAML", "utf-8")
    known = {hashlib.sha256(file.read_bytes()).hexdigest(): RIVER}
    assert read_domain(folder, known).contract_files == {RIVER: file}
    with pytest.raises(DeclarationError):
        read_domain(folder)
