"""Who acts: a client of an organisation with its roles. Identity is proved elsewhere (`access/`).

Any value with these three properties is an actor; a verified token's principal is one.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from catalog.ids import ClientId, OrganisationCode


class Duty(StrEnum):
    """The roles that the catalogue and sharing ask for, by the names the tokens carry."""

    APP = "app"
    PUBLISHER = "publisher"
    STEWARD = "steward"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class Actor(Protocol):
    @property
    def client(self) -> ClientId: ...
    @property
    def organisation(self) -> OrganisationCode: ...
    @property
    def roles(self) -> AbstractSet[str]: ...


@dataclass(frozen=True, slots=True)
class Person:
    """An actor known by name: an operator at a command line, an officer in a test."""

    client: ClientId
    organisation: OrganisationCode
    roles: frozenset[str]


def has(actor: Actor, *duties: Duty) -> bool:
    """Whether the actor has one of these roles."""
    return any(duty in actor.roles for duty in duties)
