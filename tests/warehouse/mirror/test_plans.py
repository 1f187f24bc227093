"""The questions of the bench find their rows in the mirror by its indexes, and sort none."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from catalog.catalogue import Catalogue
from catalog.contracts import Contract
from catalog.ids import DatasetCode
from catalog.odcs import read_contract
from catalog.places import Places, read_places
from catalog.predicate import And, Compare, Op
from catalog.slot import Slot
from query.compile import compile_read
from query.mirror_print import mirror_text
from query.mirror_source import held_tables
from query.relation import Scope
from query.tree import FirstOf, Leaf, Nested, Order, Read, ReadOne, Tree
from tests.shared_data import grant
from warehouse.mirror.file import CREATE
from warehouse.mirror.plan import plan_of

ROOT = Path(__file__).parents[3]
EVENT, DISTRICT = DatasetCode("city_event"), DatasetCode("district")
READING = DatasetCode("device_reading")
FIELDS = tuple(Leaf(n, n) for n in ("id", "type", "district", "longitude", "reported_at", "status"))
NEWEST = (Order("reported_at", descending=True),)
OPEN = Compare("closed_at", Op.IS_NULL, operand=True)
OF_PLACE = And((Compare("district", Op.EQ, Slot(0)), Compare("status", Op.EQ, Slot(1))))
TREES: dict[str, tuple[Tree, str]] = {
    "by key": (ReadOne(EVENT, FIELDS, (("id", Slot(0)),)), "SEARCH r1 USING INTEGER PRIMARY KEY"),
    "a page of a place": (
        Read(EVENT, FIELDS, OF_PLACE, NEWEST),
        "SEARCH r1 USING INDEX city_event$0$ (district=? AND status=?)",
    ),
    "the newest": (Read(EVENT, FIELDS, None, NEWEST, 1000), "SCAN r1 USING INDEX city_event$2$"),
    "the newest open ones of each district": (
        Read(
            DISTRICT,
            (Leaf("c", "code"), Nested("events", "events", FIELDS, OPEN, NEWEST, 20)),
        ),
        "SEARCH r2 USING INDEX city_event$1$ (district=? AND closed_at=?)",
    ),
    "the latest of devices": (
        Read(
            READING,
            (Leaf("id", "device_id"), Leaf("value", "value")),
            Compare("device_id", Op.IN, Slot(0)),
            (Order("device_id"),),
            1000,
            first_of=FirstOf(("device_id",), "ts"),
        ),
        "SEARCH r1 USING INTEGER PRIMARY KEY",
    ),
}


@pytest.fixture(scope="module")
def contracts() -> dict[DatasetCode, Contract]:
    folder = ROOT / "bench" / "city" / "domain" / "contracts"
    read = [read_contract(file, file.read_text("utf-8")) for file in sorted(folder.glob("*.yaml"))]
    return {contract.data_set: contract for contract in read}


@pytest.fixture(scope="module")
def scope(contracts: dict[DatasetCode, Contract]) -> Scope:
    places = Places(read_places(ROOT / "cities" / "chongqing" / "places.csv"))
    grants = [
        grant(
            code, [c.name for c in held.columns], places=["500000"] if held.place_column else None
        )
        for code, held in contracts.items()
    ]
    return Scope(Catalogue(contracts=contracts, organisations={}, places=places), grants, "key")


@pytest.fixture(scope="module")
def mirror(contracts: dict[DatasetCode, Contract]) -> Iterator[apsw.Connection]:
    connection = apsw.Connection(":memory:")
    connection.execute(CREATE)
    for contract in contracts.values():
        plan = plan_of(contract)
        assert plan is not None
        connection.execute(plan.create(plan.table))
        for index in plan.create_indexes(plan.table, ""):
            connection.execute(index)
    yield connection
    connection.close()


@pytest.mark.parametrize("name", TREES)
def test_a_question_of_the_bench_finds_its_rows_by_an_index(
    name: str, contracts: dict[DatasetCode, Contract], scope: Scope, mirror: apsw.Connection
) -> None:
    tree, how = TREES[name]
    printed = mirror_text(compile_read(tree, scope), held_tables(contracts.values()))
    values = ["[1]" if bind.whole else 1 for bind in printed.binds]
    steps = [str(row[3]) for row in mirror.execute(f"EXPLAIN QUERY PLAN {printed.text}", values)]
    assert any(step.startswith(how) for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps), steps
