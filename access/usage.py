"""The usage log: one record for each data read, in a hash chain that nobody can edit unseen.

Rules: a record is handed to the operating system before its reply leaves, so killing the server
loses none; one thread makes it durable within 50 ms, so a power cut loses no more than those. Where
a record cannot be written, data reads stop until it can. Segments are only ever appended to; what a
crash tore off a line is kept aside, and the chain itself says so. One process writes.
"""

import fcntl
import hashlib
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NewType

import orjson

from access.chain import GENESIS, Algorithm, Position, Tail, link, position_of, segments
from access.errors import UsageLogUnavailable
from catalog.clock import Clock, SystemClock
from catalog.ids import ClientId, DatasetCode, GrantId, OrganisationCode

SYNC_SECONDS = 0.05
SEGMENT_BYTES = 64 * 2**20

UsageId = NewType("UsageId", str)
"""Names one record: `u-1234`, after its place in the chain."""


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """One data read, whatever its outcome."""

    client: ClientId
    organisation: OrganisationCode
    grants: tuple[GrantId, ...]
    purposes: tuple[str, ...]
    operation: str
    """Digest of the operation's text and variables."""
    reply: str
    """Digest of the reply's bytes."""
    columns: Mapping[DatasetCode, tuple[str, ...]]
    """The data sets read, each with the columns that left."""
    rows: int
    bytes: int
    started: datetime
    seconds: float
    outcome: str
    """`OK`, or the stable code of the error."""
    request_id: str
    as_of: int | None = None
    """The version number that was read."""


class UsageLog:
    """The chain in `folder`, taken up where its last record stands."""

    def __init__(
        self,
        folder: Path,
        *,
        algorithm: Algorithm = "sha256",
        system_clock: Clock | None = None,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self._folder = folder
        self._algorithm = algorithm
        self._clock = system_clock or SystemClock()  # the auditor's time is system time
        self._segment_bytes = segment_bytes
        self._append = threading.Lock()
        self._file = threading.Lock()
        self._fault: str | None = None
        self._dirty = threading.Event()
        self._closed = threading.Event()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._guard = _sole_writer(folder)
            self._take_up()
        except OSError as error:
            raise UsageLogUnavailable(f"cannot open {folder}: {error.strerror}") from error
        self._syncer = threading.Thread(target=self._sync, name="usage-sync", daemon=True)
        self._syncer.start()

    def record(self, usage: UsageRecord) -> UsageId:
        """Written when this returns; raises UsageLogUnavailable, and then nothing may be served."""
        return UsageId(f"u-{self._write('usage', usage)}")
