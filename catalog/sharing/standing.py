"""Which grants are in force: the one thing that the reading side asks of sharing.

A grant counts when its events say active, its period holds, its data set is published in the same
major version, and the law lets the set be shared. Histories are remembered under the epoch they were
read in, so nothing outlives a committed change.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock

from catalog.catalogue import Catalogue
from catalog.contracts import SharingKind
from catalog.domain import Derivation
from catalog.epoch import Epoch
from catalog.ids import ClientId, DatasetCode, OrganisationCode
from catalog.sharing.errors import InputWithdrawn
from catalog.sharing.grant import Grant
from catalog.sharing.ledger import GrantHistory, GrantState, histories
from catalog.sharing.provision import derivation_inputs, sharing_kind
from registry.store import Registry

MAX_REMEMBERED = 4096


class Standing:
    def __init__(
        self,
        registry: Registry,
        epoch: Epoch,
        catalogue: Callable[[], Catalogue],
        look: Callable[[], None],
    ) -> None:
        """`look` moves the epoch when another process has changed a grant."""
        self._look = look
        self._registry = registry
        self._epoch = epoch
        self._catalogue = catalogue
        self._lock = Lock()
        self._read_at = -1
        self._histories: dict[tuple[str, str], tuple[GrantHistory, ...]] = {}

    def of_client(self, client: ClientId, at: datetime) -> tuple[Grant, ...]:
        return self._in_force(self.histories_of_client(client), at)

    def of_organisation(self, organisation: OrganisationCode, at: datetime) -> tuple[Grant, ...]:
        return self._in_force(self._remembered("organisation", organisation), at)

    def histories_of_client(self, client: ClientId) -> tuple[GrantHistory, ...]:
        return self._remembered("client", client)

    def inputs(self, derivation: Derivation, at: datetime) -> Mapping[DatasetCode, Grant | None]:
        return derivation_inputs(
            derivation, self._catalogue(), lambda owner: self.of_organisation(owner, at)
        )

    def check_inputs(self, data_set: DatasetCode, at: datetime) -> None:
        """InputWithdrawn when a derived data set may not be refreshed or served now."""
        derivation = self._catalogue().derivations.get(data_set)
        if derivation is None:
            return
        if None in self.inputs(derivation, at).values():
            raise InputWithdrawn(data_set=data_set)  # which input is the owner's to know

    def _in_force(self, held: tuple[GrantHistory, ...], at: datetime) -> tuple[Grant, ...]:
        catalogue = self._catalogue()
        return tuple(
            history.grant
            for history in held
            if history.state(at) is GrantState.ACTIVE and _served(history.grant, catalogue)
        )

    def _remembered(self, kind: str, code: str) -> tuple[GrantHistory, ...]:
        self._look()
        epoch = self._epoch.number
        with self._lock:
            if self._read_at != epoch or len(self._histories) >= MAX_REMEMBERED:
                self._read_at = epoch
                self._histories.clear()
            found = self._histories.get((kind, code))
        if found is None:
            with self._registry.read() as session:
                found = (
                    histories(session, client=ClientId(code))
                    if kind == "client"
                    else histories(session, organisation=OrganisationCode(code))
                )
            with self._lock:
                if self._read_at == epoch:
                    self._histories[kind, code] = found
        return found


def _served(grant: Grant, catalogue: Catalogue) -> bool:
    contract = catalogue.contracts.get(grant.data_set)
    return (
        contract is not None
        and contract.major == grant.contract_major
        and sharing_kind(catalogue, grant.data_set) is not SharingKind.WITHHELD
    )
