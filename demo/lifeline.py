"""A child process ends when its parent does, however the parent ended.

The parent holds the other end of the child's standard input and never writes; the end of that pipe
is the end of the parent. A kill of the parent closes it too.
"""

import os
import signal
import threading
from argparse import ArgumentParser, Namespace
from datetime import datetime
from pathlib import Path

from demo.scenario import Scenario, ScenarioName, scenario

CITY = Path(__file__).parents[1] / "cities" / "chongqing"
GRACE_SECONDS = 3.0
STANDARD_INPUT = 0


def arguments(description: str) -> ArgumentParser:
    """The arguments that every program of the demo city takes."""
    parser = ArgumentParser(description=description)
    parser.add_argument("--home", type=Path, required=True, help="where the demo's files stand")
    parser.add_argument("--scenario", type=ScenarioName, default=ScenarioName.CIQIKOU)
    parser.add_argument("--start", type=datetime.fromisoformat, required=True, help="zoned instant")
    parser.add_argument("--city", type=Path, default=CITY, help="the folder of declared content")
    parser.add_argument("--lifeline", action="store_true", help="end when standard input ends")
    return parser


def scenario_of(given: Namespace) -> Scenario:
    return scenario(given.scenario, given.start, given.city)


def follow_parent() -> None:
    """End this process, first politely, as soon as standard input ends."""
    threading.Thread(target=_follow, daemon=True, name="lifeline").start()


def stop_event() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _follow() -> None:
    while os.read(STANDARD_INPUT, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE_SECONDS)
    os._exit(1)
