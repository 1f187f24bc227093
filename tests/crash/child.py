"""A process of the hub that kills itself: the real code, with SIGKILL at one named point.

Rules: a point is a function of the product and a side of it; the process dies the first time it gets
there on the way of the wanted source; without a point it runs as ever. It ends in order when the
other end of its pipe is closed, as the heavy worker does when its server is gone.
"""

import functools
import importlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

import jobs.heavy
from catalog.ids import SourceId
from connectors.landing import Landed
from hub.composition import build_hub
from jobs.intake import Batch, Intake
from settings import Settings

Result = TypeVar("Result")
HEAVY, SERVER = "heavy", "server"


@dataclass(frozen=True, slots=True)
class Point:
    """`target` is `module:name`; `source` that of the batch on its way, None for any."""

    target: str
    after: bool
    source: SourceId | None = None


def run(role: str, home: Path, city: Path, lifeline: Connection, point: Point | None) -> None:
    """One process, from its start to its end, in `role`."""
    logging.basicConfig(filename=home / f"{role}.log", level=logging.INFO)
    os.environ |= {"VITALHUB_HOME": str(home), "VITALHUB_CITY": str(city)}
    if point is not None:
        arm(point)
    if role == HEAVY:
        os.dup2(lifeline.fileno(), 0)
        sys.stdin = open(0, encoding="ascii")  # noqa: SIM115 - the process's own input
        jobs.heavy.main()
    else:
        serve_jobs(lifeline)


def serve_jobs(lifeline: Connection) -> None:
    """The server without its web side: everything it opens, and the loop of its job thread."""
    hub = build_hub(Settings())
    threading.Thread(target=_follow, args=(lifeline, hub.worker.stopping), daemon=True).start()
    hub.run_jobs()
    hub.close()


def arm(point: Point) -> None:
    """Put the kill at its place."""
    module, _, names = point.target.partition(":")
    *path, name = names.split(".")
    owner = functools.reduce(getattr, path, importlib.import_module(module))
    under_way: list[SourceId] = []
    take = Intake.take

    def noted(self: Intake, batch: Batch) -> Landed | None:
        under_way[:] = [batch.source]
        return take(self, batch)

    Intake.take = noted  # type: ignore[method-assign]
    setattr(owner, name, _deadly(getattr(owner, name), point, under_way))


def _deadly(
    function: Callable[..., Result], point: Point, under_way: list[SourceId]
) -> Callable[..., Result]:
    def kill() -> None:
        if point.source is None or under_way == [point.source]:
            os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(function)
    def deadly(*arguments: object, **named: object) -> Result:
        if not point.after:
            kill()
        result = function(*arguments, **named)
        if point.after:
            kill()
        return result

    return deadly


def _follow(lifeline: Connection, stopping: threading.Event) -> None:
    try:
        lifeline.recv_bytes()
    except EOFError:
        stopping.set()
