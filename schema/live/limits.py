"""How much of the hub one socket, one client and all sockets together may hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """The first four are settings of the operator; the others are what tests hurry."""

    sockets: int = 2_000
    """All sockets of the hub."""
    client_sockets: int = 200
    """Of one client."""
    operations: int = 10
    """Of one socket at a time: live queries, and queries and mutations under way."""
    origins: tuple[str, ...] = ()
    """Pages from elsewhere that may open a socket: `https://portal.example`."""
    init_seconds: float = 5.0
    """How long a socket may wait with its `connection_init`."""
    idle_seconds: float = 300.0
    """How long a socket may stay without any operation."""
    gather_seconds: float = 0.1
    """Publications that come so close together are one change."""
    look_seconds: float = 0.25
    """How often it is looked whether a token or a grant has ended by time."""
    close_seconds: float = 2.0
    """How long a closing frame may take to leave."""
    outbox_bytes: int = 1024 * 1024
    """What waits for a reader beside the newest state of its live queries."""
