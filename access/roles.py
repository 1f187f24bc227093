"""Roles and what they may do, as data. A role gives capabilities, never rows: rows come by grants.

No role but `app` reads data rows, and nobody decides or audits what they asked for or did: such
roles stand apart, and whoever needs both has two clients. What everybody who may log in can do
(reading the catalogue) needs no capability.
"""

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    APP = "app"
    """A department's application: requests data sets and reads what was granted."""
    PUBLISHER = "publisher"
    """Keeps its own department's catalogue entries and loads."""
    STEWARD = "steward"
    """Reviews entries and decides requests for the providing organisation."""
    AUDITOR = "auditor"
    """Checks quality reports, grants, usage and the chain; sees no data rows."""
    OPERATOR = "operator"
    """Watches sources and loads, ends clients and tokens; sees no data rows."""
    RESOURCE_SERVER = "resource_server"
    """A server of the operator's beside the hub: asks whether the tokens it is sent still hold."""


class Capability(StrEnum):
    READ_DATA = "read_data"
    REQUEST_DATA = "request_data"
    """Draft, submit and sign share requests of the own organisation."""
    EDIT_CATALOGUE = "edit_catalogue"
    """Propose and change entries of the own organisation."""
    REVIEW_CATALOGUE = "review_catalogue"
    """Publish or return entries of the own organisation."""
    DECIDE_REQUESTS = "decide_requests"
    """Decide, suspend and revoke for the providing organisation."""
    READ_REQUESTS = "read_requests"
    READ_GRANTS = "read_grants"
    """Every organisation's grants; one's own need no capability."""
    READ_LOADS = "read_loads"
    READ_QUALITY = "read_quality"
    READ_QUARANTINE = "read_quarantine"
    """Reasons, files and lines of rejected rows; their values are masked."""
    READ_REJECTED_ROWS = "read_rejected_rows"
    """The values of rows that the own organisation provides and that were rejected."""
    DECIDE_QUARANTINE = "decide_quarantine"
    SIGN_OFF = "sign_off"
    READ_USAGE = "read_usage"
    MANAGE_SOURCES = "manage_sources"
    MANAGE_CLIENTS = "manage_clients"
    INTROSPECT = "introspect"
    """Whether any token of the hub holds, and whose it is."""


CAPABILITIES: dict[Role, frozenset[Capability]] = {
    Role.APP: frozenset(
        {
            Capability.READ_DATA,
            Capability.REQUEST_DATA,
            Capability.READ_REQUESTS,
        }
    ),
    Role.PUBLISHER: frozenset(
        {
            Capability.EDIT_CATALOGUE,
            Capability.READ_LOADS,
            Capability.READ_QUALITY,
            Capability.READ_QUARANTINE,
            Capability.READ_REJECTED_ROWS,
        }
    ),
    Role.STEWARD: frozenset(
        {
            Capability.EDIT_CATALOGUE,
            Capability.REVIEW_CATALOGUE,
            Capability.READ_REQUESTS,
            Capability.DECIDE_REQUESTS,
            Capability.READ_GRANTS,
            Capability.READ_LOADS,
            Capability.READ_QUALITY,
            Capability.READ_QUARANTINE,
            Capability.READ_REJECTED_ROWS,
            Capability.DECIDE_QUARANTINE,
        }
    ),
    Role.AUDITOR: frozenset(
        {
            Capability.READ_REQUESTS,
            Capability.READ_GRANTS,
            Capability.READ_LOADS,
            Capability.READ_QUALITY,
            Capability.READ_QUARANTINE,
            Capability.SIGN_OFF,
            Capability.READ_USAGE,
        }
    ),
    Role.OPERATOR: frozenset(
        {
            Capability.READ_LOADS,
            Capability.MANAGE_SOURCES,
            Capability.MANAGE_CLIENTS,
        }
    ),
    Role.RESOURCE_SERVER: frozenset({Capability.INTROSPECT}),
}

APART: tuple[tuple[Role, Role], ...] = (
    (Role.APP, Role.STEWARD),
    (Role.APP, Role.AUDITOR),
    (Role.APP, Role.OPERATOR),
    (Role.AUDITOR, Role.PUBLISHER),
    (Role.AUDITOR, Role.STEWARD),
    (Role.AUDITOR, Role.OPERATOR),
    (Role.AUDITOR, Role.RESOURCE_SERVER),
)
"""Pairs of roles that one client never has together."""


def capabilities_of(roles: Iterable[Role]) -> frozenset[Capability]:
    """What any of the roles permits."""
    return frozenset[Capability]().union(*(CAPABILITIES[role] for role in roles))
