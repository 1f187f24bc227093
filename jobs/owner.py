"""Who holds a lease: a process of a machine, told apart from a later one with the same number.

Rules: a process of this machine that is gone is known to be gone at once; of another machine nothing
is known, and its leases have to run out.
"""

import os
import socket

from connectors.landing import process_mark

HOST_LENGTH = 24


def owner_name(role: str) -> str:
    """This process in this role: `host:pid.start:role`."""
    return f"{_host()}:{process_mark(os.getpid())}:{role}"


def is_gone(owner: str) -> bool:
    """Whether the owner was a process of this machine and no longer runs."""
    host, _, mark = owner.rpartition(":")[0].rpartition(":")
    pid = mark.partition(".")[0]
    return host == _host() and pid.isdigit() and process_mark(int(pid)) != mark


def _host() -> str:
    return socket.gethostname()[:HOST_LENGTH]
