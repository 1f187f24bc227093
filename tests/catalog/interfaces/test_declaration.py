"""An interface file and its document: read whole, or refused with file, line and what to do."""

import json
from pathlib import Path

import pytest
import yaml

from catalog.changes import Change, change
from catalog.contracts import Classification, Contract, Kind
from catalog.domain import read_domain
from catalog.errors import DeclarationError
from catalog.interfaces.declaration import DIVIDER, interface_text, read_interface
from catalog.interfaces.interface import ArgumentPlace, ListOf, ObjectOf
from catalog.stored import packed
from tests.connectors.calling.lookup import OPENAPI, lookup, lookup_text

FILE = Path("parking_lot.interface.yaml")
DOMAIN = "code: flood\ntitle: 防汛\ntitle_en: Flood\n"


def problem(text: str) -> str:
    with pytest.raises(DeclarationError) as wrong:
        read_interface(FILE, text)
    return wrong.value.message_en


def line_of(text: str, needle: str) -> int:
    return text[: text.index(needle)].count("\n") + 1


def test_an_operation_becomes_a_contract_with_arguments_and_columns() -> None:
    contract = lookup("findLots")
    interface = contract.interface
    assert interface is not None
    assert (interface.method, interface.path, interface.many) == ("POST", "/v1/lots", True)
    assert [(a.name, a.place, a.type.kind, a.required) for a in interface.arguments] == [
        ("words", ArgumentPlace.BODY, Kind.STRING, True),
        ("price", ArgumentPlace.BODY, Kind.DECIMAL, False),
    ]
    assert [(c.name, c.type.kind, c.label, c.required) for c in contract.columns][:4] == [
        ("code", Kind.STRING, "编号", True),
        ("free", Kind.INTEGER, "空位", True),
        ("fee", Kind.DECIMAL, "费率", False),
        ("seen", Kind.TIMESTAMP, "时间", False),
    ]
    owner = interface.member("owner").shape
    assert isinstance(owner, ObjectOf)
    assert isinstance(owner.members[1].shape, ListOf)
    assert contract.key == ()
    assert contract.place_column is None


def test_what_the_registry_keeps_reads_as_the_files_do(tmp_path: Path) -> None:
    own, _, described = lookup_text().partition(DIVIDER)
    file = tmp_path / FILE
    file.write_text(own, "utf-8")
    (tmp_path / "parking_lot.openapi.yaml").write_text(described, "utf-8")
    assert interface_text(file) == lookup_text()
    assert packed(file, lookup_text()) is not None


def test_a_json_document_is_read_as_well() -> None:
    described = json.dumps(yaml.safe_load(OPENAPI), ensure_ascii=False)
    as_json, as_yaml = lookup(openapi=described), lookup()
    assert as_json.interface == as_yaml.interface


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("title: 空位", "description: ''", "free has no title: add a title there"),
        ("type: integer, format: int32, title: 空位", "title: 空位", "has not one type"),
        ("type: integer, format: int32", "type: [integer, string]", "has not one type"),
        ("type: boolean", "type: object", "is an object without properties"),
        ("items: {type: string}}", "maxItems: 3}", "is a list without items"),
        ("type: boolean, title: 开放", "not: {type: string}, type: boolean, title: 开放", "not cannot be typed"),
        ("code: {type", "编号: {type", "give it a `name` in the interface"),
        ('pattern: "^[A-Z]-[0-9]+$"', 'pattern: "^(?=a)b"', "linear time"),
        ("minimum: 0, maximum: 9", "minimum: none", "is not of type 'number'"),
        ('"#/components/schemas/Lot"', '"https://evil.example/Lot"', "leaves the document"),
        ('"#/components/schemas/Lot"', '"#/components/schemas/Slot"', "leads nowhere"),
        ("name: {type: string, title: 名称}", '$ref: "#/components/schemas/Lot"', "has not one type"),
        ("phones: {type: array, title: 电话, items: {type: string}}",
         'lot: {title: 车场, allOf: [{$ref: "#/components/schemas/Lot"}]}', "nested deeper than"),
        ('"#/components/schemas/Lot"}}}}\n        "404"', '"#/paths"}}}}\n        "404"', "has not one type"),
        ("in: header", "in: header, required: true", "no argument may"),
        ("/v1/lots/{lot}:", "/v1/lots/{other}:", "its path parameters differ"),
        ("operationId: getLot", "operationId: another", "no operation has the operationId getLot"),
        ("openapi: 3.0.3", "swagger: '2.0'", "is no OpenAPI 3 document"),
        ("application/json: {schema", "text/xml: {schema", "has no content of the type"),
        ("fee: {type", "Free: {type: string, title: a}\n        fee: {type", "are both free in the API"),
    ],
)  # fmt: skip
def test_what_cannot_be_typed_is_refused_with_its_line_in_the_document(
    old: str, new: str, told: str
) -> None:
    assert old in OPENAPI
    changed = OPENAPI.replace(old, new, 1)
    text = problem(lookup_text(openapi=changed))
    assert text.startswith("parking_lot.openapi.yaml, line ")
    assert told in text


def test_the_line_is_that_of_the_schema_which_is_wrong() -> None:
    changed = OPENAPI.replace("title: 空位", "description: ''")
    text = problem(lookup_text(openapi=changed))
    assert f"line {line_of(changed, 'free: {')}:" in text


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ("timeout_seconds: 90", "timeout_seconds"),
        ("cache_secnds: 5", "cache_secnds"),
        ("breaker: {failures: 0}", "breaker.failures"),
        ("fields: {colour: {label: 颜色}}", "has no member colour"),
        ("arguments: {colour: {label: 颜色}}", "has no argument colour"),
        ("fields: {owner.name: {classification: important}}", "classify owner"),
        ("fields: {free: {place: true}}", "is a place code and no text"),
    ],
)
def test_a_wrong_term_is_refused(terms: str, told: str) -> None:
    assert told in problem(lookup_text(terms=terms))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("secret://lots", "http://lots.example"),
        ("interface: parking_lot", "interface: ParkingLot"),
        ("version: 1.0.0", "version: one"),
    ],
)
def test_addresses_and_wrong_names_have_no_place_in_the_file(old: str, new: str) -> None:
    text = problem(lookup_text().replace(old, new))
    assert text.startswith("parking_lot.interface.yaml, line ")


def test_aliases_and_huge_documents_are_refused_before_they_are_read() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\n" + OPENAPI
    assert "aliases" in problem(lookup_text(openapi=bomb))
    assert "larger than" in problem(lookup_text(openapi=OPENAPI + "#" * (1 << 20)))


def test_masks_are_declared_for_whole_members() -> None:
    contract = lookup(terms="fields: {owner: {classification: important}}")
    assert contract.column("owner").classification is Classification.IMPORTANT


def changed(openapi: str, terms: str = "timeout_seconds: 1") -> Contract:
    return lookup(openapi=openapi, terms=terms)


def test_a_change_is_as_large_as_what_it_does_to_callers() -> None:
    old = changed(OPENAPI)
    retyped = changed(OPENAPI.replace("title: 名称", "title: 名称, nullable: true"))
    asked_more = changed(
        OPENAPI.replace("name: floor, in: query", "name: floor, in: query, required: true")
    )
    added = changed(
        OPENAPI.replace("fee: {type", "more: {type: string, title: 更多}\n        fee: {type")
    )
    other_terms = changed(OPENAPI, "timeout_seconds: 2")
    assert change(old, retyped) is Change.BREAKING
    assert change(old, asked_more) is Change.BREAKING
    assert change(old, added) is Change.MINOR
    assert change(old, other_terms) is Change.MINOR
    assert change(old, old) is Change.PATCH


def write(folder: Path, name: str = "parking_lot") -> None:
    own, _, described = lookup_text().replace("parking_lot", name).partition(DIVIDER)
    (folder / "interfaces").mkdir(parents=True, exist_ok=True)
    (folder / "domain.yaml").write_text(DOMAIN, "utf-8")
    (folder / "interfaces" / "parking_lot.interface.yaml").write_text(own, "utf-8")
    (folder / "interfaces" / "parking_lot.openapi.yaml").write_text(described, "utf-8")


def test_a_domain_folder_holds_interfaces_beside_data_sets(tmp_path: Path) -> None:
    write(tmp_path)
    domain = read_domain(tmp_path)
    assert [contract.data_set for contract in domain.contracts] == ["parking_lot"]
    (tmp_path / "interfaces" / "parking_lot.openapi.yaml").unlink()
    with pytest.raises(DeclarationError, match=r"parking_lot\.openapi\.yaml"):
        read_domain(tmp_path)


def test_a_known_interface_is_not_read_again_unless_its_document_changed(tmp_path: Path) -> None:
    write(tmp_path)
    (contract,) = read_domain(tmp_path).contracts
    known = {contract.digest: contract.data_set}
    assert read_domain(tmp_path, known).contracts == ()
    document = tmp_path / "interfaces" / "parking_lot.openapi.yaml"
    document.write_text(document.read_text("utf-8") + "# changed\n", "utf-8")
    assert len(read_domain(tmp_path, known).contracts) == 1
