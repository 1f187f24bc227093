from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from catalog.domain import read_domain
from catalog.errors import DeclarationError
from catalog.odcs import read_contract
from catalog.stored import Contracts, packed
from tests.catalog.conftest import OPERATOR, World, contract_text, write_domain
from tests.scale import contract_text as generated

CITY = Path(__file__).parents[2] / "cities" / "chongqing"
TEXTS = [
    *(file.read_text("utf-8") for file in sorted(CITY.glob("domains/*/contracts/*.yaml"))),
    contract_text("river"),
    generated(40),
]


@dataclass
class Row:
    digest: str
    file: str
    text: str
    parsed: bytes | None


def row(text: str, *, kept: bool) -> Row:
    file = Path("a.odcs.yaml")
    digest = sha256(text.encode()).hexdigest()
    return Row(digest, file.name, text, packed(file, text) if kept else None)


@pytest.mark.parametrize("kept", [True, False], ids=["as-it-was-read", "as-text-alone"])
@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_stored_contract_is_the_one_of_its_file(text: str, kept: bool) -> None:
    assert Contracts().of(row(text, kept=kept)) == read_contract(Path("a.odcs.yaml"), text)


@pytest.mark.parametrize("value", ["2026-08-01", "2026-08-01T00:00:00Z", ".inf", ".nan"])
def test_yaml_that_json_cannot_hold_is_kept_as_text_alone(value: str) -> None:
    assert packed(Path("a.odcs.yaml"), contract_text("river")) is not None
    assert packed(Path("a.odcs.yaml"), contract_text("river") + f"other: {value}\n") is None


def test_a_contract_is_read_once() -> None:
    contracts = Contracts()
    first = contracts.of(row(contract_text("river"), kept=True))
    unread = Row(first.digest, "", "not a contract", b"nor this")
    assert contracts.of(unread) is first


def test_known_files_are_not_read_again_and_new_ones_are(world: World) -> None:
    folder = write_domain(
        world.folder / "d", {"river": contract_text("river"), "lake": contract_text("lake")}
    )
    world.store.import_domain(read_domain(folder), OPERATOR)
    known = world.store.known_digests()
    assert sorted(known.values()) == ["lake", "river"]
    assert read_domain(folder, known).contracts == ()
    assert world.store.import_domain(read_domain(folder, known), OPERATOR) == ()
    newer = contract_text("river", version="1.1.0", extra=("colour",))
    (folder / "contracts" / "river.odcs.yaml").write_text(newer, "utf-8")
    (imported,) = world.store.import_domain(read_domain(folder, known), OPERATOR)
    assert (imported.data_set, imported.version) == ("river", "1.1.0")


def test_a_second_file_of_a_known_data_set_is_refused(world: World) -> None:
    folder = write_domain(world.folder / "d", {"river": contract_text("river")})
    world.store.import_domain(read_domain(folder), OPERATOR)
    other = contract_text("river", version="1.1.0", extra=("colour",))
    (folder / "contracts" / "z.odcs.yaml").write_text(other, "utf-8")
    with pytest.raises(DeclarationError, match=r"river is also river\.odcs\.yaml"):
        read_domain(folder, world.store.known_digests())
