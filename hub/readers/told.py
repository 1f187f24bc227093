"""What readers are told from the moment on that the hub is put together."""

from access.clients import ClientStore
from access.limits import LimitStore
from access.usage import UsageLog
from catalog.sharing.service import SharingService
from catalog.store import CatalogueStore
from hub.readers.board import CATALOGUE, LIMITS, SHARING, Board
from hub.readers.spread import Readers
from settings import Settings
from warehouse.engine import Engine
from warehouse.mirror.keeper import MirrorKeeper


def announce(
    board: Board,
    clients: ClientStore,
    sharing: SharingService,
    store: CatalogueStore,
    limits: LimitStore,
) -> None:
    """Each change stands on the board before it is acknowledged."""
    clients.epoch.listen(board.access_moved)
    sharing.listen(board.mover(SHARING))
    store.listen(board.mover(CATALOGUE))
    limits.listen(board.mover(LIMITS))


def readers_of(
    settings: Settings,
    board: Board,
    usage: UsageLog,
    engine: Engine,
    mirror: MirrorKeeper | None,
) -> Readers | None:
    """They begin with the server. None where none are wanted, or there is no mirror to read."""
    if mirror is None or usage.page is None or board.descriptor is None:
        return None
    readers = Readers(
        board,
        settings.readers,
        lambda: engine.published,
        mirror.standings,
        settings.environment(),
        settings.home,
        (board.descriptor, usage.page),
    )
    engine.listen(readers.changed)
    mirror.standings.listen(readers.changed)
    return readers
