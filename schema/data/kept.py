"""Answers that are kept: what a statement came to, with these values, of these versions.

Rules: an answer is found by the statement's own text, so by the relation of its scope, by every value
bound in it, and only for the very versions of the data sets that it was read from; the versions are told
by who asks, in the step in which it asks. So nothing is ever stale, and two clients share an answer only
where the engine would be asked the same words. Bounded by bytes: what was used least recently goes first,
what is large is not kept, and what a publication has overtaken goes with it.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from catalog.ids import DatasetCode, Seq
from catalog.predicate import Values
from query.print import duckdb_statement
from query.slots import Taken
from query.statement import LockedStatement

LARGE = 8
"""An answer larger than one such part of all that may be kept is not kept."""
OVERHEAD = 600
PER_VALUE = 80
"""Bytes that an answer and each of its values take beside its content."""
Versions = tuple[Seq | None, ...]
"""Of each data set of a statement, sorted by their codes; None for one never published."""
_Key = tuple[bytes, Values]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a statement is known by, beside the values in its slots."""

    digest: bytes
    slots: tuple[int, ...]
    data_sets: tuple[DatasetCode, ...]


@lru_cache(maxsize=2048)
def identity_of(statement: LockedStatement) -> Identity:
    """Of a statement that is kept, once."""
    taken = [each for each in statement.parameters.values() if isinstance(each, Taken)]
    told = {
        name: (value.field, value.kind, value.whole) if isinstance(value, Taken) else value
        for name, value in statement.parameters.items()
    }
    text = f"{duckdb_statement(statement)}\n{statement.single}\n{told!r}"
    return Identity(
        hashlib.sha256(text.encode()).digest(),
        tuple(each.slot for each in taken),
        tuple(sorted(statement.data_sets)),
    )


def versions_of(statement: LockedStatement, seqs: Mapping[DatasetCode, Seq]) -> Versions:
    return tuple([seqs.get(code) for code in identity_of(statement).data_sets])


@dataclass(frozen=True, slots=True)
class Kept:
    """JSON of a field, and how many row objects it holds."""

    content: bytes
    rows: int


@dataclass(frozen=True, slots=True)
class _Entry:
    kept: Kept
    versions: Versions
    data_sets: tuple[DatasetCode, ...]
    size: int


class KeptAnswers:
    """Thread-safe, and quick enough for the event loop. `most`: bytes; 0 keeps nothing."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()
        self._lock = threading.Lock()
        self.bytes = 0
        self.hits = 0
        self.misses = 0
        """Answers that had to be made."""

    def get(self, statement: LockedStatement, values: Values, versions: Versions) -> Kept | None:
        if not self._entries:
            return None
        key = _key(identity_of(statement), values)
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry.versions != versions:
                return None
            self.hits += 1
            self._entries.move_to_end(key)
            return entry.kept

    def keep(
        self, statement: LockedStatement, values: Values, versions: Versions, kept: Kept
    ) -> None:
        if not self._most:
            self.misses += 1
            return
        identity = identity_of(statement)
        key = _key(identity, values)
        size = len(kept.content) + OVERHEAD + PER_VALUE * sum(map(_count, key[1]))
        with self._lock:
            self.misses += 1
            self._drop(key)
            if size * LARGE > self._most:
                return
            self._entries[key] = _Entry(kept, versions, identity.data_sets, size)
            self.bytes += size
            while self.bytes > self._most:
                self._drop(next(iter(self._entries)))

    def forget(self, data_set: DatasetCode) -> None:
        """It has a new version: what was read of an older one is asked for no more."""
        for key, entry in list(self._entries.items()):
            if data_set in entry.data_sets:
                with self._lock:
                    if self._entries.get(key) is entry:
                        self._drop(key)

    def _drop(self, key: _Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.bytes -= entry.size


def _key(identity: Identity, values: Values) -> _Key:
    return identity.digest, tuple([values[slot] for slot in identity.slots])


def _count(value: object) -> int:
    return len(value) if isinstance(value, (tuple, str)) else 1
