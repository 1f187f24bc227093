"""What a hub claims for itself before it starts anything: its home and its port.

Two hubs on one home would each take the other's sources, and the second would find out too late.
"""

import fcntl
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commands.errors import WrongUsage

LOCK = ".hub"


@contextmanager
def claimed_home(home: Path) -> Iterator[None]:
    """WrongUsage when a hub runs there; the claim ends with its process, however that ends."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WrongUsage(
                f"{home} 中已有枢纽在运行：请先停止它，或用 VITALHUB_HOME 另选目录。"
                f"A hub runs on {home} already: stop it, or choose another VITALHUB_HOME."
            ) from None
        yield


@contextmanager
def claimed_port(host: str, port: int) -> Iterator[socket.socket]:
    """A bound socket that does not listen yet; WrongUsage when the address is not to be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as claimed:
        claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            claimed.bind((host, port))
        except (OSError, OverflowError) as wrong:
            why = wrong.strerror if isinstance(wrong, OSError) else str(wrong)
            raise WrongUsage(
                f"不能在 {host}:{port} 提供服务（{why}）：请用 PORT= 另选端口。"
                f"Cannot serve on {host}:{port} ({why}): choose another port, PORT=8001 make serve."
            ) from None
        yield claimed
