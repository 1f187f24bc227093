from pathlib import Path

import pytest

from catalog.clock import ReplayClock
from catalog.contracts import Contract, Dimension
from catalog.ids import ClientId, DatasetCode, LoadId
from quality.errors import RowNotReleasable
from quality.published import published_results
from quality.record import QualityRecord, RowFate
from quality.rule import reference_rules
from quality.verdict import RowRef
from registry.store import Registry
from tests.quality import batches
from tests.shared_data import station, station_rows, written
from warehouse.duck import DuckWarehouse
from warehouse.engine import LoadPlan, Publication
from warehouse.publish import KEY_CLASH

FIRST, SECOND = LoadId("a" * 32), LoadId("b" * 32)
PROMISE = batches.contract(
    batches.declared(
        "known_station",
        "vitalhub_reference",
        None,
        columns=["station_code"],
        data_set="station",
        target_columns=["code"],
    )
)


class Published:
    """A warehouse in which station A is known, and loads of the contract are published."""

    def __init__(self, registry: Registry, folder: Path) -> None:
        self.landing = folder / "landing"
        clock = ReplayClock(batches.NOW)
        self.warehouse = DuckWarehouse(folder / "w.duckdb", self.landing, clock)
        self.quality = QualityRecord(registry, clock, self.landing)
        stations = written(station_rows(("A", "甲", None)), self.landing / "s" / "rows.parquet")
        self.publish(station(), LoadId("s" * 32), stations)

    def publish(self, contract: Contract, load: LoadId, rows: Path) -> Publication:
        references = reference_rules(contract)
        unfit = rows.with_name("unfit.parquet")
        return self.warehouse.publish(LoadPlan(load, contract, rows, "d", unfit, references))

    def take(self, load: LoadId, *rows: dict[str, object]) -> Publication:
        folder = self.landing / load
        folder.mkdir()
        raw = batches.text_batch(folder / "raw.parquet", rows)
        self.quality.record(load, PROMISE, batches.gate(raw, PROMISE))
        publication = self.publish(PROMISE, load, folder / "rows.parquet")
        self.quality.record_publication(PROMISE, publication)
        return publication


@pytest.fixture
def hub(registry: Registry, tmp_path: Path) -> Published:
    return Published(registry, tmp_path)


def test_rows_that_published_data_refuses_stand_in_the_quarantine_with_file_and_line(
    hub: Published,
) -> None:
    hub.take(FIRST, {"station_code": "A"}, {"station_code": "Z"}, {"level_m": "abc"})
    masked = {r.row.line: r for r in hub.quality.quarantine(FIRST, PROMISE).rows}
    page = hub.quality.quarantine(FIRST, PROMISE, masked=False)
    assert page.total == 2
    by_line = {row.row.line: row for row in page.rows}
    assert by_line[3].reasons[0].rule_id == "known_station"
    assert by_line[3].values["station_code"] == "Z"
    assert by_line[3].releasable
    assert masked[3].reasons == by_line[3].reasons
    assert masked[3].values["station_code"] == "x"
    assert by_line[4].reasons[0].rule_id == "type:level_m"


def test_a_run_holds_the_findings_of_its_publication_once(hub: Published) -> None:
    publication = hub.take(FIRST, {"station_code": "A"}, {"station_code": "Z"})
    hub.quality.record_publication(PROMISE, publication)
    run = hub.quality.run(FIRST)
    assert (run.rows, run.good, run.rejected) == (2, 1, 1)
    found = {str(r.rule_id): r for r in run.results}
    assert (found["known_station"].evaluated, found["known_station"].failed) == (2, 1)
    assert len(run.results) == run.evaluated == run.declared


def test_a_published_key_with_other_values_is_a_clash_that_nobody_can_release(
    hub: Published,
) -> None:
    hub.take(FIRST, {"station_code": "A"})
    second = hub.take(SECOND, {"station_code": "A", "level_m": "99"})
    (clash,) = [r for r in published_results(PROMISE, second) if r.rule_id == KEY_CLASH]
    assert (clash.failed, clash.passed, clash.dimension) == (1, False, Dimension.UNIQUENESS)
    with pytest.raises(RowNotReleasable):
        hub.quality.decide_rows(
            SECOND,
            PROMISE,
            [RowRef(batches.FILE, 2)],
            RowFate.RELEASED,
            ClientId("steward"),
            "已核对",
        )
    assert hub.warehouse.latest()[DatasetCode(PROMISE.data_set)].rows == 1
