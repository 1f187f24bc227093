"""One export from its first record to its last.

Rules: the answer begins when the first piece is there, so that what fails before is told as an error; the record
of the end stands before the last byte of a whole file; whatever else ends it is recorded, and then the
transfer is cut.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import anyio

from catalog.errors import UserError, VitalhubError
from schema.context import blocking
from schema.export.account import Account
from schema.export.encoder import Piece
from schema.export.making import Making, Workplace
from schema.export.plan import ExportPlan
from schema.export.reading import ExportReading
from schema.export.sending import Sender
from schema.observation import note_failure, note_rows, note_size

log = logging.getLogger(__name__)
OK, CANCELLED = "OK", "CANCELLED"


class Transfer:
    def __init__(
        self,
        plan: ExportPlan,
        reading: ExportReading,
        account: Account,
        workplace: Workplace,
        sender: Sender,
    ) -> None:
        self._plan = plan
        self._reading = reading
        self._account = account
        self._workplace = workplace
        self._sender = sender
        self._making = Making(reading, account, self._facts())
        self._started = False

    async def run(self, look: Callable[[], Awaitable[None]]) -> None:
        """The error where nothing has left yet; later TransferCut at most."""
        try:
            await self._sender.while_wanted(self._send(), look)
        except Exception as error:
            await self._end(_code_of(error))
            if not self._started:
                raise
            note_failure(_code_of(error))
            if not isinstance(error, UserError):
                log.exception("export %s failed", self._account.usage)
            await self._sender.cut()
        except BaseException:
            await self._end(CANCELLED)
            raise
        finally:
            note_rows(self._account.rows)
            note_size(self._account.bytes)

    async def _end(self, outcome: str) -> None:
        with anyio.CancelScope(shield=True):
            await blocking(self._account.end, outcome)

    async def _send(self) -> None:
        piece = await self._piece()
        await self._sender.start(self._headers())
        self._started = True
        while not self._making.ended:
            following = asyncio.ensure_future(self._piece())
            try:
                await self._sender.hand(piece)
                piece = await following
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
        await self._sender.hand(piece)
        await self._end(OK)
        await self._sender.finish()

    async def _piece(self) -> Piece:
        client = self._account.wanted.caller.principal.client
        making, interrupt = self._making, self._reading.interrupt
        return await self._workplace.run(client, making.piece, interrupt, patient=making.begun)

    def _facts(self) -> dict[str, str]:
        return {
            "vitalhub.field": self._plan.name,
            "vitalhub.dataVersion": str(self._reading.version),
            "vitalhub.usageId": str(self._account.usage),
            "vitalhub.requestId": self._account.wanted.request_id,
        }

    def _headers(self) -> dict[str, str]:
        wanted, encoding = self._account.wanted, self._making.encoding
        headers = {
            "Content-Type": wanted.form.content_type,
            "Content-Disposition": f'attachment; filename="{self._plan.name}.{wanted.form.extension}"',
            "X-Request-Id": wanted.request_id,
            "X-Usage-Id": str(self._account.usage),
            "X-Data-Version": str(self._reading.version),
            "Cache-Control": "no-store",
            "Vary": "Accept, Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
        }
        return headers if encoding is None else headers | {"Content-Encoding": encoding.name}


def _code_of(error: Exception) -> str:
    return str(error.code) if isinstance(error, VitalhubError) else VitalhubError.code
