"""What a version changed, as files for the mirror's writer: from the engine's tables, in one transaction, be it
the one that makes the version.

Rules: everything since the version that the mirror holds is one change, however many publications that were;
rows of `<set>` whose `_seq` is later are new, keys of `<set>__past` whose `_to_seq` is later have ended; where
the mirror holds nothing, something else, or so little that a change is dearer, it is the whole set. Values
that the mirror cannot hold are found here, before a row is written. Statements are constants in which only
quoted identifiers of the contract are put.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog.contracts import Column, Contract, Kind
from catalog.ids import Seq
from query.mirrored import MirroredTable, mirrored_table, shape_of
from query.print import duckdb_text
from query.statement import current_table, identifier, past_table
from warehouse.tables import Run, listed

FILE_ROWS = 500_000
"""Of one statement and one file: no query waits long behind it."""
WHOLE_SHARE = 3
"""A change of more than a third of the rows: to build anew is cheaper."""
WHOLE_FROM = 100_000
EARLIEST, LATEST = "TIMESTAMPTZ '0001-01-02 00:00:00Z'", "TIMESTAMPTZ '9999-12-31 15:59:59.999999Z'"
"""The years 1 to 9999 in the city's time."""

NEWEST = """SELECT seq, load_id || '@' || epoch_us(published_at), "rows" FROM hub.publication
    WHERE data_set = $data_set ORDER BY seq DESC LIMIT 1"""
MARK = """SELECT load_id || '@' || epoch_us(published_at) FROM hub.publication
    WHERE data_set = $data_set AND seq = $seq"""
NEW = """SELECT count(*), min(rowid), max(rowid) FROM {current} WHERE _seq > $since
    GROUP BY rowid >> 50 ORDER BY 2"""
"""Rows that the transaction itself has put in are numbered far from the committed ones."""
ENDED = "SELECT count(*) FROM {past} WHERE _to_seq > $since"
UNFIT = "SELECT {counts} FROM {current} WHERE _seq > $since"
ROWS = """COPY (SELECT {values} FROM {current} c
    WHERE _seq > $since AND rowid BETWEEN $first AND $last ORDER BY {key})
    TO {file} (FORMAT parquet, COMPRESSION snappy)"""
KEYS = """COPY (SELECT DISTINCT {key_values} FROM {past} c WHERE _to_seq > $since ORDER BY {key})
    TO {file} (FORMAT parquet, COMPRESSION snappy)"""
LATEST_ROWS = """COPY (WITH seen AS (SELECT * FROM {current} WHERE _seq > $since)
    SELECT {values} FROM seen c JOIN (SELECT {key}, max({by}) AS "$last" FROM seen GROUP BY {key}) l
    ON {same_key} AND c.{by} = l."$last" ORDER BY {key})
    TO {file} (FORMAT parquet, COMPRESSION snappy)"""
LATEST_AGAIN = """COPY (WITH ended AS (SELECT DISTINCT {key} FROM {past} WHERE _to_seq > $since),
    seen AS (SELECT * FROM {current} WHERE _seq > $since
        UNION ALL SELECT o.* FROM {current} o SEMI JOIN ended USING ({key}) WHERE _seq <= $since)
    SELECT {values} FROM seen c JOIN (SELECT {key}, max({by}) AS "$last" FROM seen GROUP BY {key}) l
    ON {same_key} AND c.{by} = l."$last" ORDER BY {key})
    TO {file} (FORMAT parquet, COMPRESSION snappy)"""


@dataclass(frozen=True, slots=True)
class Held:
    """What the file says it has of a set: `mark` tells the publication from one of another warehouse."""

    seq: Seq
    shape: str
    mark: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """The way from what the mirror holds to version `seq`. `rows`: how many it must have then, None: unknown.

    `unfit`: why it cannot be held; then there are no files.
    """

    seq: Seq
    mark: str
    rows: int | None
    whole: bool
    size: int = 0
    files: tuple[Path, ...] = ()
    ended: Path | None = None
    unfit: str = ""

    def __str__(self) -> str:
        how = "unfit" if self.unfit else "build" if self.whole else "change"
        return f"{how}, version {self.seq}, {self.size} rows"


def change_since(run: Run, contract: Contract, held: Held | None, folder: Path) -> Change | None:
    """On an open transaction; None for a set never published. The files are in `folder`, which exists."""
    newest = run(NEWEST, {"data_set": contract.data_set})
    table = mirrored_table(contract)
    if not newest or table is None:
        return None
    seq, mark, rows = Seq(int(str(newest[0][0]))), str(newest[0][1]), int(str(newest[0][2]))
    export = _Export(run, contract, table, folder, _since(run, contract, held))
    export.choose(rows)
    expected = rows if table.latest_by is None else None
    unfit = export.unfit()
    if unfit:
        return Change(seq, mark, expected, export.whole, unfit=unfit)
    ended = export.keys()
    return Change(seq, mark, expected, export.whole, export.size, tuple(export.rows()), ended)


def _since(run: Run, contract: Contract, held: Held | None) -> Seq:
    """The version that the mirror has; 0 when it must be built."""
    if held is None or held.shape != shape_of(contract):
        return Seq(0)
    found = run(MARK, {"data_set": contract.data_set, "seq": held.seq})
    return held.seq if found and found[0][0] == held.mark else Seq(0)


class _Export:
    """`since` 0 is the whole set: no publication has that number."""

    def __init__(
        self, run: Run, contract: Contract, table: MirroredTable, folder: Path, since: Seq
    ) -> None:
        self._run = run
        self._table = table
        self._folder = folder
        self._since = since
        self._ended = 0
        self._new = 0
        self._spans: list[tuple[int, int]] = []
        self.size = 0
        self._names = {
            "current": duckdb_text(current_table(contract.data_set)),
            "past": duckdb_text(past_table(contract.data_set)),
            "key": listed(table.key),
            "values": ", ".join(_value(column) for column in table.columns),
            "key_values": ", ".join(_value(c) for c in table.columns if c.name in table.key),
            "same_key": " AND ".join(f"c.{identifier(n)} = l.{identifier(n)}" for n in table.key),
            "by": identifier(table.latest_by or ""),
        }

    @property
    def whole(self) -> bool:
        return self._since == 0

    def choose(self, rows: int) -> None:
        """Look how much there is; a change that is too large becomes the whole set."""
        self._look()
        if not self.whole and self.size > max(WHOLE_FROM, rows // WHOLE_SHARE):
            self._since = Seq(0)
            self._look()

    def unfit(self) -> str:
        """Why what is new cannot be held: the first reason."""
        counts = [
            (column, what, condition)
            for column in self._table.columns
            for what, condition in _unfit(column, key=column.name in self._table.key)
        ]
        if not counts:
            return ""
        text = ", ".join(f"count(*) FILTER ({condition})" for _, _, condition in counts)
        found = self._run(UNFIT.format(**self._names, counts=text), {"since": self._since})[0]
        for (column, what, _), number in zip(counts, found, strict=True):
            if number:
                return f"{column.name}: {what} ({number})"
        return ""

    def keys(self) -> Path | None:
        """The keys that ended."""
        if not self._ended:
            return None
        file = self._folder / "ended.parquet"
        self._run(KEYS.format(**self._names, file=_text(file)), {"since": self._since})
        return file

    def rows(self) -> Iterator[Path]:
        """The rows that are new, in files of the key's order."""
        if self._table.latest_by is not None:
            file = self._folder / "latest.parquet"
            statement = LATEST_AGAIN if self._ended else LATEST_ROWS
            self._run(statement.format(**self._names, file=_text(file)), {"since": self._since})
            yield file
            return
        for first, last in self._pieces():
            file = self._folder / f"rows-{first}.parquet"
            self._run(
                ROWS.format(**self._names, file=_text(file)),
                {"since": self._since, "first": first, "last": last},
            )
            yield file

    def _pieces(self) -> Iterator[tuple[int, int]]:
        """The first and last row number of each file."""
        for first, end in self._spans:
            step = FILE_ROWS if self._new > FILE_ROWS else end - first + 1
            for start in range(first, end + 1, step):
                yield start, min(start + step - 1, end)

    def _look(self) -> None:
        found = self._run(NEW.format(**self._names), {"since": self._since})
        self._new = sum(int(str(rows)) for rows, _, _ in found)
        self._spans = [(int(str(first)), int(str(last))) for _, first, last in found]
        if not self.whole:
            ended = self._run(ENDED.format(**self._names), {"since": self._since})
            self._ended = int(str(ended[0][0]))
        else:
            self._ended = 0
        self.size = self._new + self._ended


def _value(column: Column) -> str:
    """The column as `query/mirrored.py` says it is held."""
    name = identifier(column.name)
    match column.type.kind:
        case Kind.STRING | Kind.DOUBLE:
            value = f"c.{name}"
        case Kind.DATE:
            value = f"CAST(c.{name} AS VARCHAR)"
        case Kind.TIMESTAMP:
            value = f"epoch_us(c.{name})"
        case Kind.DECIMAL:
            scale = column.type.scale
            value = f"CAST(CAST(c.{name} AS DECIMAL(38, {scale})) * {10**scale} AS BIGINT)"
        case _:
            value = f"CAST(c.{name} AS BIGINT)"
    return f"{value} AS {name}"


def _unfit(column: Column, *, key: bool) -> Iterator[tuple[str, str]]:
    """What a column may not hold, and its condition."""
    name = identifier(column.name)
    if key:
        yield "主键为空 a null in the key", f"{name} IS NULL"
    match column.type.kind:
        case Kind.STRING:
            yield "文本含 NUL 字符 a text with NUL", f"contains({name}, chr(0))"
        case Kind.DOUBLE:
            yield "NaN 或无穷大 NaN or an infinity", f"NOT isfinite({name})"
        case Kind.DATE:
            yield (
                "年份不在 1 至 9999 a year outside 1 to 9999",
                f"NOT ({name} BETWEEN DATE '0001-01-01' AND DATE '9999-12-31')",
            )
        case Kind.TIMESTAMP:
            yield (
                "年份不在 1 至 9999 a year outside 1 to 9999",
                f"NOT ({name} BETWEEN {EARLIEST} AND {LATEST})",
            )


def _text(file: Path) -> str:
    return "'" + str(file).replace("'", "''") + "'"
