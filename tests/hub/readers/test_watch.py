"""A reader begins with the limits that hold when it begins to watch."""

from access.clients import ClientStore
from access.limits import ClientLimits, LimitStore
from access.roles import Role
from catalog.clock import SystemClock
from catalog.ids import ClientId, OrganisationCode
from catalog.sharing.service import SharingService
from catalog.store import CatalogueStore
from hub.readers.board import LIMITS, Board
from hub.readers.watch import Watch
from registry.store import Registry

APP = ClientId("app")


def test_a_limit_that_is_set_while_a_reader_begins_holds_there(registry: Registry) -> None:
    board, clock = Board(), SystemClock()
    clients, store = ClientStore(registry), CatalogueStore(registry, clock)
    sharing = SharingService(registry, clock, store.load)
    clients.register(APP, OrganisationCode("cq_water"), [Role.APP])
    of_hub, of_reader = LimitStore(registry), LimitStore(registry)
    of_hub.listen(board.mover(LIMITS))
    of_hub.set(APP, ClientLimits(documents_only=True))
    watch = Watch(board, clients, sharing, store, of_reader)
    assert watch.fresh()
    assert of_reader.of(APP).documents_only
