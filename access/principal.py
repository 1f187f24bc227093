"""Who asks: a client of an organisation with its roles, as its verified token says."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from access.errors import NotPermitted
from access.roles import Capability, Role, capabilities_of
from catalog.ids import ClientId, OrganisationCode

LEEWAY = timedelta(seconds=30)
"""How far the clocks of issuer and hub may differ."""


@dataclass(frozen=True, slots=True)
class Principal:
    client: ClientId
    organisation: OrganisationCode
    roles: frozenset[Role]
    token_id: str
    expires: datetime

    @property
    def ends(self) -> datetime:
        """From when on the token is refused, if it is not revoked before."""
        return self.expires + LEEWAY

    def may(self, capability: Capability) -> bool:
        return capability in capabilities_of(self.roles)

    def require(self, capability: Capability) -> None:
        """Raises NotPermitted where the roles do not permit it."""
        if not self.may(capability):
            raise NotPermitted(capability=capability.value)
