"""Replies that are asked for again, word for word: found by the request's own bytes.

Rules: only what came from memory is kept (`schema/memory.py` says what that may be), and it is found only
for the same client and purpose, while its scope, its view, its limits and the newest published version are
the very ones it was made under: whatever could change the answer replaces one of them. Each is recorded and
counted like the first one, before it leaves. Who has a quota is answered the longer way. Bounded by bytes.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from weakref import ref

from access.limits import ClientLimits, LimitStore
from catalog.ids import ClientId, Seq
from query.relation import Scope
from schema.caller import Caller
from schema.observation import CALL, Call
from schema.outcome import Outcome
from schema.reply import Reply, Request
from schema.view import View
from warehouse.engine import Engine

LONGEST = 8 * 1024
"""Bytes of a request that is remembered."""
LARGE = 8
"""What takes more than one such part of all that may be kept is not kept."""
OVERHEAD = 4 * 1024
"""Bytes that a kept reply takes beside those of its request and its data."""

Record = Callable[[Outcome, Request, Caller, str], Reply]
_Key = tuple[ClientId, str | None, bytes]


@dataclass(frozen=True, slots=True)
class _Repeat:
    outcome: Outcome
    request: Request
    noted: Call
    scope: "ref[Scope]"
    view: "ref[View]"
    limits: ClientLimits
    size: int


class Repeats:
    """For one event loop. `most`: bytes; 0 keeps nothing. `record` makes a reply of an outcome."""

    def __init__(self, engine: Engine, limits: LimitStore, most: int, record: Record) -> None:
        self._engine = engine
        self._limits = limits
        self._most = most
        self._record = record
        self._kept: OrderedDict[_Key, _Repeat] = OrderedDict()
        self.bytes = 0
        self.hits = 0
        self._version: Seq | None = None
        """The one that all of them were made under."""

    def reply(self, body: bytes, caller: Caller, view: View, request_id: str) -> Reply | None:
        """None: it has to be run."""
        began = perf_counter()
        client = caller.principal.client
        key = client, caller.stated.purpose, body
        repeat = self._kept.get(key)
        if repeat is None or caller.metered:
            return None
        published = self._engine.published
        if (
            published is None
            or published.seq != self._version
            or repeat.scope() is not caller.scope
            or repeat.view() is not view
            or repeat.limits != self._limits.of(client)
        ):
            return None
        self._kept.move_to_end(key)
        self.hits += 1
        outcome = repeat.outcome.again(datetime.now(UTC), perf_counter() - began)
        reply = self._record(outcome, repeat.request, caller, request_id)
        _note(repeat.noted, len(reply.content))
        return reply

    def keep(
        self,
        request: Request,
        caller: Caller,
        view: View,
        outcome: Outcome,
        limits: ClientLimits,
    ) -> None:
        """What was answered from memory, if it may be. `limits`: the very ones it was begun under."""
        noted, version = CALL.get(), outcome.remembered
        if noted is None or version is None or not 0 < len(request.sent) <= LONGEST:
            return
        if not self._most or caller.metered or request.document is not None:
            return
        client = caller.principal.client
        if limits is not self._limits.of(client):
            return
        if version != self._version:
            self._kept.clear()
            self.bytes, self._version = 0, version
        size = len(request.sent) + 2 * len(outcome.data) + OVERHEAD
        if size * LARGE > self._most:
            return
        key = client, caller.stated.purpose, request.sent
        self._drop(key)
        self._kept[key] = _Repeat(
            outcome, request, noted, ref(caller.scope), ref(view), limits, size
        )
        self.bytes += size
        while self.bytes > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: _Key) -> None:
        known = self._kept.pop(key, None)
        if known is not None:
            self.bytes -= known.size


def _note(noted: Call, size: int) -> None:
    """What the call under way has in common with the first one."""
    call = CALL.get()
    if call is not None:
        call.client, call.operation, call.document = noted.client, noted.operation, noted.document
        call.price, call.rows, call.size = noted.price, noted.rows, size
