"""A real warehouse that holds one world after the other.

Its tables are filled as publishing would leave them (`test_stage.py` compares the two), which takes two
milliseconds where a world's six publications take two hundred.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from catalog.clock import ReplayClock
from catalog.contracts import Contract
from catalog.ids import DatasetCode
from catalog.predicate import Scalar
from query.statement import CURRENT_SEQ, FROM_SEQ, SCHEMA, TO_SEQ, identifier
from tests.noninterference.city import HOUR, VALUES, Row, contracts
from tests.noninterference.worlds import DATA_SETS, VERSIONS, State, World
from tests.shared_data import START
from warehouse.duck import DuckWarehouse
from warehouse.tables import listed

Lives = list[tuple[Row, tuple[int, ...]]]
Run = Callable[[str, Sequence[Scalar | None]], object]
SEQS = range(1, VERSIONS * len(DATA_SETS) + 1)
"""Stations and readings take turns; version `seq` is published that many hours after the start."""
TOO_EARLY, SECOND, STATIONS_THIRD = (START + hours * HOUR for hours in (0.5, 4.5, 5.5))
"""Instants to ask for: before everything; both data sets at their second version; the stations at the
third already. The first versions are superseded at all but the first of these, and now."""


def published(seq: int) -> tuple[DatasetCode, int]:
    """Which data set a version number is of, and which of its versions."""
    return DATA_SETS[(seq - 1) % len(DATA_SETS)], (seq - 1) // len(DATA_SETS)


class Stage:
    def __init__(self, folder: Path) -> None:
        self.landing = folder / "landing"
        self.warehouse = DuckWarehouse(
            folder / "w.duckdb", self.landing, ReplayClock(START), threads=1
        )
        for contract in contracts().values():
            self.warehouse.prepare(contract)
        with self._transaction() as run:
            for seq in SEQS:
                run(
                    "INSERT INTO hub.publication VALUES (?, ?, ?, '', ?, 0, 0, 0, 0, 0, 0, '{}')",
                    [seq, published(seq)[0], f"load{seq}", START + seq * HOUR],
                )

    def show(self, world: World) -> None:
        with self._transaction() as run:
            for data_set in DATA_SETS:
                seqs = [seq for seq in SEQS if published(seq)[0] == data_set]
                versions = dict(zip(seqs, world.history[data_set], strict=True))
                current, past = lives(contracts()[data_set], versions)
                _fill(run, data_set, data_set, current, [CURRENT_SEQ])
                _fill(run, data_set, f"{data_set}__past", past, [FROM_SEQ, TO_SEQ])

    def close(self) -> None:
        self.warehouse.close()

    @contextmanager
    def _transaction(self) -> Iterator[Run]:
        cursor = self.warehouse._cursor()  # noqa: SLF001 - see the module's docstring
        cursor.execute("BEGIN TRANSACTION")
        yield cursor.execute
        cursor.execute("COMMIT")
        cursor.close()


def lives(contract: Contract, versions: Mapping[int, State]) -> tuple[Lives, Lives]:
    """The rows now with the version that brought them; the superseded ones with the two of their span."""
    current: dict[tuple[Scalar | None, ...], tuple[Row, int]] = {}
    past: Lives = []
    for seq, state in versions.items():
        after = {tuple(row[name] for name in contract.key): row for row in state}
        for key, (row, since) in list(current.items()):
            if after.get(key) != row:
                past.append((row, (since, seq)))
                del current[key]
        current |= {key: (row, seq) for key, row in after.items() if key not in current}
    return [(row, (since,)) for row, since in current.values()], past


def _fill(run: Run, data_set: DatasetCode, name: str, rows: Lives, versions: list[str]) -> None:
    table = f"{identifier(SCHEMA)}.{identifier(name)}"
    columns = list(VALUES[data_set])
    run(f"DELETE FROM {table}", [])
    if rows:
        marks = ", ".join("?" for _ in (*columns, *versions))
        run(
            f"INSERT INTO {table} ({listed([*columns, *versions])}) VALUES "
            + ", ".join(f"({marks})" for _ in rows),
            [value for row, span in rows for value in (*(row[c] for c in columns), *span)],
        )
