"""Answers that depend on the schema and the document alone, from kept bytes.

Rules: each is computed once for a view, in a thread of its own and one at a time for the whole hub, so
that nobody's calls wait for it (two hundred data sets take half a second of a core); what is kept is
bounded in bytes; a schema of more than MAX_DATA_SETS is told as SDL only, which takes a tenth of the time.
"""

import threading
from collections import OrderedDict

import anyio
import anyio.to_thread
import orjson
from graphql import DocumentNode, FieldNode, Visitor, execute_sync, visit

from schema.document import Prepared
from schema.errors import IntrospectionTooLarge
from schema.reply import Reply, Request
from schema.shape import INTROSPECTION
from schema.view import View

MAX_DATA_SETS = 1_000
MAX_MIXED = 50
"""Where other fields stand beside it, it is answered with them, on the event loop."""
KEPT_BYTES = 64 * 2**20

Key = tuple[View, bytes]


class Introspection:
    """One for the whole server."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._turn = anyio.CapacityLimiter(1)

    async def answer(self, prepared: Prepared, request: Request, view: View) -> Reply:
        """IntrospectionTooLarge. The document is valid and its variables fit."""
        asked = [request.query, request.operation_name, dict(request.variables)]
        key = view, orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
        content = self._known(key)
        if content is None:
            check_introspection(prepared.document, view, MAX_DATA_SETS)
            content = await anyio.to_thread.run_sync(
                self._computed, key, prepared, request, limiter=self._turn
            )
        return Reply(content, ran=True)

    def _computed(self, key: Key, prepared: Prepared, request: Request) -> bytes:
        """Whoever waited for a turn may find that it was done meanwhile."""
        content = self._known(key)
        if content is None:
            view = key[0]
            result = execute_sync(
                view.another() if _asks_for_all(prepared.document) else view.schema,
                prepared.document,
                variable_values=dict(request.variables),
                operation_name=request.operation_name,
                hide_suggestions=True,
            )
            content = orjson.dumps({"data": result.data})
            self._keep(key, content)
        return content

    def _known(self, key: Key) -> bytes | None:
        with self._lock:
            content = self._kept.get(key)
            if content is not None:
                self._kept.move_to_end(key)
            return content

    def _keep(self, key: Key, content: bytes) -> None:
        with self._lock:
            self._kept[key] = content
            self._bytes += len(content)
            while self._bytes > KEPT_BYTES:
                self._bytes -= len(self._kept.popitem(last=False)[1])


def check_introspection(document: DocumentNode, view: View, limit: int) -> None:
    """IntrospectionTooLarge when a document asks for the whole of a schema of more data sets."""
    if len(view.shapes) <= limit:
        return
    if _asks_for_all(document):
        raise IntrospectionTooLarge(data_sets=len(view.shapes), limit=limit)


def _asks_for_all(document: DocumentNode) -> bool:
    looking = _Whole()
    visit(document, looking)
    return looking.found


class _Whole(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_field(self, node: FieldNode, *_rest: object) -> None:
        self.found = self.found or node.name.value == INTROSPECTION[0]
