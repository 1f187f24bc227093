"""Reads the row mirror: what it may answer, exactly and at once; everything else is the engine's.

Rules: a statement is one look at one version, and its reply says which: it counts only when that is the
published one. A read is short, or it is ended: what takes more steps or more of the processor than the event
loop can spare is left to the engine until there is another version, what waits for a disk this once. Nothing is
raised to a caller: a damaged file is told to who keeps it, and the engine answers. The file is read without being
mapped into memory, for a file that somebody cuts off would end the server; and by one SQLite alone (`apsw`'s), for
another one in this process would drop its locks.
"""

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, thread_time
from typing import Any

import apsw

from catalog.ids import DatasetCode, Seq
from query.mirror_bind import stored
from query.mirror_print import MirrorStatement, mirror_statement
from query.mirror_source import Tables, Unmirrored
from query.statement import LockedStatement
from warehouse.engine import Answer, Bound
from warehouse.mirror.standing import MirrorStandings

LOG = logging.getLogger(__name__)
STEP, STEPS = 10_000, 40
"""SQLite counts its instructions by so many, and a read may take so many of these: about 5 ms of work where
rows lie side by side; a list of 1,000 rows of ten columns takes 7."""
WORK_SECONDS, WAIT_SECONDS = 0.01, 0.05
"""Of the processor, and by the clock: rows that lie scattered cost more than their instructions tell."""
LONG, LONGEST = 10, 10_000
"""In a thread of its own the count goes by so many times STEP, for who counts stops the event loop; each row
that may come is worth ROW_INSTRUCTIONS and ROW_SECONDS of work, up to so many rows, and may be waited for
LONG times as long as it works."""
ROW_INSTRUCTIONS, ROW_SECONDS = 200, 6e-6
KEPT = 1024
"""Statements whose printed text is kept."""
LOOK = "SELECT 1 FROM sqlite_schema LIMIT 1"
PAGES = "PRAGMA cache_size = -65536"
GONE_BY = (apsw.BusyError, apsw.LockedError)
"""What passes: somebody else has the file."""
MISSING = "no such"
"""What SQLite says of a table that is not there: the file is not the keeper's. Any other error of a statement is
its own: a bound of SQLite's that it passes."""

Read = tuple[LockedStatement, Bound]
Versions = Mapping[DatasetCode, Seq]


@dataclass(slots=True)
class _Spent:
    """What is left of a read. `dear`: it took too much, whatever else the machine had to do."""

    left: int = STEPS
    dear: bool = False
    rows: int = 0
    worked_until: float = 0.0
    waited_until: float = 0.0

    def begin(self, rows: int) -> int:
        """By how many instructions to count. Most reads end before a clock is looked at."""
        self.rows, self.dear, self.worked_until = min(rows, LONGEST), False, 0.0
        step = STEP * LONG if rows else STEP
        self.left = max(STEP * STEPS, self.rows * ROW_INSTRUCTIONS) // step
        return step

    def one_more(self) -> bool:
        """Whether it is enough."""
        self.left -= 1
        worked, now = thread_time(), monotonic()
        if not self.worked_until:
            work = max(WORK_SECONDS, self.rows * ROW_SECONDS)
            wait = max(WAIT_SECONDS, work * LONG) if self.rows else WAIT_SECONDS
            self.worked_until, self.waited_until = worked + work, now + wait
        self.dear = self.left < 0 or worked > self.worked_until
        return self.dear or now > self.waited_until


@dataclass(slots=True, eq=False)
class _Reader:
    """The connection of a thread; `alone` is who uses it."""

    connection: apsw.Connection
    generation: int
    alone: threading.Lock = field(default_factory=threading.Lock)
    spent: _Spent = field(default_factory=_Spent)
    step: int = 0

    def begin(self, rows: int) -> None:
        step = self.spent.begin(rows)
        if step != self.step:
            self.connection.set_progress_handler(self.spent.one_more, step)
            self.step = step


@dataclass(frozen=True, slots=True)
class _Plan:
    """`printed` is None for what the mirror cannot answer."""

    tables: Tables
    printed: MirrorStatement | None


@dataclass(slots=True)
class MirrorReader:
    """A `RowMirror`."""

    file: Path
    standings: MirrorStandings
    _plans: dict[LockedStatement, _Plan] = field(default_factory=dict)
    _dear: dict[str, tuple[Seq | None, ...]] = field(default_factory=dict)
    """At which versions a text took too long, or was not taken."""
    _own: threading.local = field(default_factory=threading.local)
    _open: list[_Reader] = field(default_factory=list)

    def takes(self, statements: Iterable[LockedStatement], published: Versions) -> bool:
        """See `warehouse/engine.py`."""
        return all(self._asked(statement, published) is not None for statement in statements)

    def read(
        self, statements: Sequence[Read], published: Versions, rows: int = 0
    ) -> list[Answer] | None:
        """See `warehouse/engine.py`."""
        asked: list[tuple[MirrorStatement, Bound, tuple[Seq | None, ...]]] = []
        for statement, bound in statements:
            known = self._asked(statement, published)
            if known is None:
                return None
            asked.append((known[0], bound, known[1]))
        answers: list[Answer] = []
        try:
            reader = self._reader()
            with reader.alone:
                reader.begin(rows)
                for printed, bound, seqs in asked:
                    answer = _answer(reader.connection, printed, bound, seqs)
                    if answer is None:
                        return None
                    answers.append(answer)
        except (Unmirrored, UnicodeEncodeError):  # UTF-8 has no half of a pair
            return None
        except apsw.Error as wrong:
            self._failed(wrong, *asked[len(answers)])
            return None
        return answers

    def hold(self) -> None:
        """Reads go on seeing the file as it is now, whatever is written, until they are let go. A connection
        that is opened meanwhile sees what nobody asks for.
        """
        for reader in tuple(self._open):
            with reader.alone, suppress(apsw.Error):  # whoever reads next is told
                reader.connection.execute("BEGIN")
                reader.connection.execute(LOOK).fetchall()

    def let_go(self) -> None:
        """Reads see the file as it is."""
        for reader in tuple(self._open):
            with reader.alone, suppress(apsw.Error):
                if reader.connection.in_transaction:
                    reader.connection.execute("COMMIT")

    def close(self) -> None:
        for reader in tuple(self._open):
            with reader.alone:
                reader.connection.close()
        self._open.clear()

    def _asked(
        self, statement: LockedStatement, published: Versions
    ) -> tuple[MirrorStatement, tuple[Seq | None, ...]] | None:
        """None for what is left to the engine."""
        printed = self._printed(statement)
        if printed is None:
            return None
        seqs = tuple([published.get(code) for code in printed.data_sets])
        if not self._stands(printed, seqs) or self._dear.get(printed.text) == seqs:
            return None
        return printed, seqs

    def _printed(self, statement: LockedStatement) -> MirrorStatement | None:
        tables = self.standings.tables
        plan = self._plans.get(statement)
        if plan is None or plan.tables is not tables:
            if len(self._plans) >= KEPT:
                self._plans.clear()
            plan = self._plans[statement] = _Plan(tables, mirror_statement(statement, tables))
        return plan.printed

    def _stands(self, printed: MirrorStatement, seqs: tuple[Seq | None, ...]) -> bool:
        """Whether the file should hold these versions; what it holds is seen when it is read."""
        now = self.standings.now
        for code, seq in zip(printed.data_sets, seqs, strict=True):
            standing = now.get(code)
            if seq is None or standing is None or standing.seq != seq:
                return False
        return True

    def _reader(self) -> _Reader:
        reader: _Reader | None = getattr(self._own, "reader", None)
        if reader is None or reader.generation != self.standings.generation:
            self._forget()
            reader = self._own.reader = self._opened()
        return reader

    def _opened(self) -> _Reader:
        generation = self.standings.generation
        connection = apsw.Connection(
            str(self.file.absolute()), flags=apsw.SQLITE_OPEN_READONLY, statementcachesize=KEPT
        )
        reader = _Reader(connection, generation)
        self._open.append(reader)
        connection.execute(PAGES)
        return reader

    def _forget(self) -> None:
        """The connection of this thread."""
        reader: _Reader | None = getattr(self._own, "reader", None)
        self._own.reader = None
        if reader is not None:
            with suppress(ValueError):  # closed with all others
                self._open.remove(reader)
            with reader.alone:
                reader.connection.close()

    def _failed(
        self, wrong: apsw.Error, printed: MirrorStatement, _: Bound, seqs: tuple[Seq | None, ...]
    ) -> None:
        if isinstance(wrong, apsw.InterruptError):
            if self._own.reader.spent.dear:
                self._leave(printed, seqs)
        elif isinstance(wrong, apsw.SQLError) and MISSING not in str(wrong):
            LOG.warning("The row mirror is not asked this: %s", wrong)
            self._leave(printed, seqs)
        elif not isinstance(wrong, GONE_BY):
            LOG.warning("The row mirror could not be read: %s", wrong)
            self._forget()
            self.standings.doubt()

    def _leave(self, printed: MirrorStatement, seqs: tuple[Seq | None, ...]) -> None:
        if len(self._dear) >= KEPT:
            self._dear.clear()
        self._dear[printed.text] = seqs


def _answer(
    connection: apsw.Connection,
    printed: MirrorStatement,
    bound: Bound,
    seqs: tuple[Seq | None, ...],
) -> Answer | None:
    """None when the file holds other versions."""
    values = [stored(bind, bound[bind.name]) for bind in printed.binds]
    read: list[Any] = connection.execute(printed.text, values).fetchall()
    ((content, rows, *held),) = read
    if tuple(held) != seqs:
        return None
    return Answer(b"null", 0) if content is None else Answer(content, rows)
