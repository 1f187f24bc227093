"""A warehouse and its row mirror, which hold the same rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from unittest.mock import patch

from catalog.clock import ReplayClock
from catalog.contracts import Contract
from catalog.ids import DatasetCode, Seq
from catalog.predicate import Scalar, Values
from query.mirror_source import held_tables
from query.statement import CURRENT_SEQ, SCHEMA, LockedStatement, identifier
from tests.shared_data import START
from warehouse.duck import DuckWarehouse
from warehouse.engine import Answer
from warehouse.mirror import read
from warehouse.mirror.apply import Applier
from warehouse.mirror.changes import change_since
from warehouse.mirror.file import MirrorFile
from warehouse.mirror.orders import Target
from warehouse.mirror.plan import plan_of
from warehouse.mirror.read import MirrorReader
from warehouse.mirror.standing import MirrorStandings, MirrorState, Standing
from warehouse.tables import listed

SECONDS = 600.0
"""No stall of a busy machine ends a read; how many steps it may take stays as it is."""
Row = Mapping[str, Scalar | None]


class Copy:
    """A mirror that is made to follow a warehouse, by what the keeper and its writer use."""

    def __init__(
        self,
        warehouse: DuckWarehouse,
        work: Path,
        file: Path,
        contracts: Mapping[DatasetCode, Contract],
    ) -> None:
        """`work`: in the landing, for the engine writes nowhere else."""
        self.standings = MirrorStandings()
        self.standings.declare(held_tables(contracts.values()))
        self._unhurried = patch.multiple(read, WORK_SECONDS=SECONDS, WAIT_SECONDS=SECONDS)
        self._unhurried.start()
        self.reader = MirrorReader(file, self.standings)
        self._warehouse = warehouse
        self._work = work
        self._work.mkdir(parents=True)
        self._contracts = contracts
        self._file = MirrorFile(file)
        self._file.open(check=False)

    @property
    def published(self) -> dict[DatasetCode, Seq]:
        return {code: standing.seq or Seq(0) for code, standing in self.standings.now.items()}

    def follow(self) -> None:
        """All is written anew."""
        self.standings.replace({code: self._built(c) for code, c in self._contracts.items()})

    def answer(self, statement: LockedStatement, values: Values = ()) -> Answer | None:
        found = self.reader.read([(statement, statement.bound(values))], self.published)
        return None if found is None else found[0]

    def close(self) -> None:
        self.reader.close()
        self._file.close()
        self._unhurried.stop()

    def _built(self, contract: Contract) -> Standing:
        plan = plan_of(contract)
        assert plan is not None
        with self._warehouse.reading() as run:
            change = change_since(run, contract, None, self._work)
        assert change is not None
        assert not change.unfit, change.unfit
        applier = Applier(self._file, plan)
        applier.build(change.files)
        applier.take_place(Target(change.seq, change.mark, None))
        self._file.fold()
        return Standing(MirrorState.READY, change.seq, plan.shape)


class Both:
    """`show` fills the two as publishing would leave them."""

    def __init__(self, folder: Path, contracts: Mapping[DatasetCode, Contract]) -> None:
        landing = folder / "landing"
        self.warehouse = DuckWarehouse(folder / "w.duckdb", landing, ReplayClock(START), threads=1)
        self.warehouse.prepare(*contracts.values())
        file = folder / "mirror.sqlite"
        self._copy = Copy(self.warehouse, landing / "mirror", file, contracts)
        self.standings, self.reader = self._copy.standings, self._copy.reader
        self._contracts = contracts
        self._seq = 0

    @property
    def published(self) -> dict[DatasetCode, Seq]:
        return self._copy.published

    def show(self, rows: Mapping[DatasetCode, Sequence[Row]]) -> None:
        for code, contract in self._contracts.items():
            self._seq += 1
            self._fill(contract, rows[code])
        self._copy.follow()

    def engine(self, statement: LockedStatement, values: Values = ()) -> Answer:
        with self.warehouse.session() as session:
            return session.read(statement, values)

    def mirror(self, statement: LockedStatement, values: Values = ()) -> Answer | None:
        return self._copy.answer(statement, values)

    def close(self) -> None:
        self._copy.close()
        self.warehouse.close()

    def _fill(self, contract: Contract, rows: Sequence[Row]) -> None:
        table = f"{identifier(SCHEMA)}.{identifier(contract.data_set)}"
        columns = [column.name for column in contract.columns]
        cursor = self.warehouse._cursor()  # noqa: SLF001 - filled as publishing would leave it
        cursor.execute("BEGIN TRANSACTION")
        cursor.execute(f"DELETE FROM {table}")
        if rows:
            marks = ", ".join("?" for _ in (*columns, CURRENT_SEQ))
            cursor.executemany(
                f"INSERT INTO {table} ({listed([*columns, CURRENT_SEQ])}) VALUES ({marks})",
                [[*(row[name] for name in columns), self._seq] for row in rows],
            )
        cursor.execute(
            "INSERT INTO hub.publication VALUES (?, ?, ?, '', ?, 0, 0, 0, 0, ?, 0, '{}')",
            [self._seq, contract.data_set, f"load{self._seq}", START, len(rows)],
        )
        cursor.execute("COMMIT")
        cursor.close()
