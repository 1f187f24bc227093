"""What a good engineer would write by hand in DuckDB for a batch, in one transaction, with no hub around it.

Rules: the engine has the hub's settings (threads, memory, priority); an append trusts that its keys are new; whatever
is replaced or ended is kept in a second table, as the hub keeps it, except where a way is told to keep
nothing; of several ways the fastest counts.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from bench.batches import Batch, Case
from catalog.contracts import Contract, PublishMode
from warehouse.priority import others_stand_back

CREATED = (
    "CREATE TABLE served AS SELECT {columns} FROM '{file}' LIMIT 0",
    "CREATE TABLE past AS FROM served LIMIT 0",
)
INSERT = "INSERT INTO served SELECT {columns} FROM '{file}'"
DELETE = "DELETE FROM served t USING '{file}' s WHERE t.id = s.id"
KEEP_KNOWN = "INSERT INTO past SELECT {of_served} FROM served t JOIN '{file}' s ON t.id = s.id"
MERGE = """MERGE INTO served t USING (SELECT {columns} FROM '{file}') s ON t.id = s.id
    WHEN MATCHED THEN UPDATE WHEN NOT MATCHED THEN INSERT BY NAME"""
KEEP_ENDED = """INSERT INTO past SELECT {of_served} FROM served t LEFT JOIN '{file}' s ON t.id = s.id
    WHERE s.id IS NULL OR {differs}"""
DELETE_ENDED = "DELETE FROM served t USING past p WHERE t.id = p.id"
INSERT_OTHERS = "INSERT INTO served SELECT {columns} FROM '{file}' ANTI JOIN served USING (id)"

Ways = Mapping[str, Sequence[str]]
SAME_EFFECT: Mapping[PublishMode, Ways] = {
    PublishMode.APPEND: {"INSERT": (INSERT,)},
    PublishMode.UPSERT: {"the past kept, DELETE, INSERT": (KEEP_KNOWN, DELETE, INSERT)},
    PublishMode.SNAPSHOT: {
        "the past kept, what differs": (KEEP_ENDED, DELETE_ENDED, INSERT_OTHERS),
        "the past kept, all anew": (KEEP_ENDED, "TRUNCATE served", INSERT),
    },
}
NOTHING_KEPT: Mapping[PublishMode, Ways] = {
    PublishMode.APPEND: {},
    PublishMode.UPSERT: {"DELETE, INSERT": (DELETE, INSERT), "MERGE": (MERGE,)},
    PublishMode.SNAPSHOT: {"all anew": ("TRUNCATE served", INSERT)},
}
INTO_EMPTY: Ways = {"INSERT": (INSERT,)}


def ways(case: Case) -> tuple[Ways, Ways]:
    """Those of the same effect, and those that keep nothing of what they replace."""
    if not case.beside:
        return INTO_EMPTY, {}
    return SAME_EFFECT[case.mode], NOTHING_KEPT[case.mode]


class ByHand:
    """A database of its own in `file`."""

    def __init__(self, file: Path, contract: Contract, batches: Mapping[Batch, Path]) -> None:
        self._batches = batches
        names = [column.name for column in contract.columns]
        self._names = {
            "columns": ", ".join(names),
            "of_served": ", ".join(f"t.{name}" for name in names),
            "differs": " OR ".join(
                f"t.{name} IS DISTINCT FROM s.{name}" for name in names if name != "id"
            ),
        }
        with others_stand_back():
            self._connection = duckdb.connect(
                str(file),
                config={"threads": 2, "memory_limit": "2GB", "checkpoint_threshold": "256MB"},
            )
        self._connection.execute("SET TimeZone = 'Asia/Shanghai'")

    def create(self) -> None:
        self.run(Batch.FIRST, CREATED)

    def run(self, batch: Batch, statements: Sequence[str]) -> None:
        """In one transaction."""
        self._connection.execute("BEGIN")
        for statement in statements:
            filled = statement.format(**self._names, file=self._batches[batch])
            self._connection.execute(filled).fetchall()
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.execute("CHECKPOINT")
        self._connection.close()
