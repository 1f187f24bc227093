"""Who asks: a client of an organisation with its roles, as its verified token says."""

from dataclasses import dataclass
from datetime import datetime

from access.errors import NotPermitted
from access.roles import Capability, Role, capabilities_of
from catalog.ids import ClientId, OrganisationCode


@dataclass(frozen=True, slots=True)
class Principal:
    client: ClientId
    organisation: OrganisationCode
    roles: frozenset[Role]
    token_id: str
    expires: datetime

    def may(self, capability: Capability) -> bool:
        return capability in capabilities_of(self.roles)

    def require(self, capability: Capability) -> None:
        """Raises NotPermitted where the roles do not permit it."""
        if not self.may(capability):
            raise NotPermitted(capability=capability.value)
