"""Thirty SIGKILLs at random moments, of the server and of its worker, while the sources go on."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from time import monotonic, sleep

import httpx
import psutil
import pytest

from access import usage
from connectors.models import LoadState
from demo.city import free_port
from tests.crash.content import APP
from tests.crash.town import PATIENCE_SECONDS, Town, wait_for
from tests.running_hub import processes_of

pytestmark = pytest.mark.crash
ROOT = Path(__file__).parents[2]
KILLS = 30
TOKEN_SECONDS = 240.0
"""A token is used so long; it lives for ten minutes."""
WAITING_FILES = 20
"""The district drops no more while so many wait: what is left at the end is no more on a slow machine."""
SEED = 20260801
QUERY = {"query": "{ reading(limit: 5, orderBy: [{observedAt: DESC}]) { stationCode levelM } }"}


@dataclass
class Served:
    """`server.py serve` on the town's home, as often as it is killed."""

    town: Town
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes]" = field(init=False)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = {"VITALHUB_HOME": str(self.town.home), "VITALHUB_CITY": str(self.town.city)}
        with (self.town.home / "serve.out").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "server.py", "serve", "--port", str(self.port)],
                cwd=ROOT,
                env=os.environ | environment,
                stdout=output,
                stderr=output,
            )

    def kill_server(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)

    def kill_worker(self) -> bool:
        """False when there is none at the moment."""
        try:
            children = psutil.Process(self.process.pid).children()
            for child in children:
                child.kill()
        except psutil.NoSuchProcess:
            return False
        return bool(children)

    def has_worker(self) -> bool:
        return bool(psutil.Process(self.process.pid).children())

    def stop(self) -> None:
        """Ctrl-C; it must end in order and leave nothing running."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(PATIENCE_SECONDS) == 0, self.output()
        wait_for(lambda: not processes_of(self.town.home), "the end of every process")

    def output(self) -> str:
        return (self.town.home / "serve.out").read_text("utf-8")


@dataclass
class Reader:
    """A client that reads all the while: what it was told, it was told for good."""

    served: Served
    usages: list[str] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    token: str | None = None
    since: float = -inf

    def read(self, http: httpx.Client) -> None:
        try:
            if monotonic() - self.since > TOKEN_SECONDS:
                reply = http.post(
                    f"{self.served.address}/oauth/token",
                    data={"grant_type": "client_credentials"},
                    auth=(APP, self.served.town.secret),
                )
                self.token = str(reply.json()["access_token"])
                self.since = monotonic()
            reply = http.post(
                f"{self.served.address}/graphql",
                json=QUERY,
                headers={"Authorization": f"Bearer {self.token}"},
            )
        except httpx.TransportError:
            return  # it is being killed, or not up yet
        body = reply.json()
        assert "errors" not in body, body
        self.usages.append(reply.headers["x-usage-id"])
        if "reading" in body["extensions"]["data"]:
            self.versions.append(body["extensions"]["data"]["reading"]["version"])


@contextmanager
def repeated(**actions: tuple[float, Callable[[], object]]) -> Iterator[None]:
    """Each action again and again, after its pause, in a thread of its own; faults come out here."""
    stop, faults = threading.Event(), list[Exception]()

    def repeat(pause: float, action: Callable[[], object]) -> None:
        try:
            while not stop.wait(pause):
                action()
        except Exception as fault:  # noqa: BLE001 - raised below, by the test itself
            faults.append(fault)

    threads = [threading.Thread(target=repeat, args=given) for given in actions.values()]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if faults:
        raise faults[0]


def kill_at_random(served: Served, chance: random.Random) -> None:
    """KILLS times: of the server, then it is started again; of the worker, then the server does."""
    killed = 0
    while killed < KILLS:
        if chance.random() < 0.5:
            sleep(chance.uniform(0.3, 2.5))
            served.kill_server()
            served.start()
        else:
            wait_for(served.has_worker, "the start of a worker")
            sleep(chance.uniform(0.05, 0.8))
            if not served.kill_worker():
                continue
        killed += 1


@pytest.fixture
def served(town: Town) -> Iterator[Served]:
    """Its processes end with the test, however it ends."""
    yield Served(town)
    for left in processes_of(town.home):
        left.kill()


def drop_file(town: Town) -> None:
    if len(list(town.inbox.glob("*.csv"))) < WAITING_FILES:
        town.drop(5)


def published(town: Town) -> int:
    return len([load for load in town.loads() if load.state == LoadState.PUBLISHED])


def test_thirty_random_kills_lose_nothing_and_double_nothing(town: Town, served: Served) -> None:
    chance = random.Random(SEED)  # noqa: S311 - moments, no secrets
    reader = Reader(served)
    names = ("站A", "磁器口", "北碚")
    served.start()
    with httpx.Client(trust_env=False, timeout=10.0) as http:
        with repeated(
            files=(0.2, lambda: drop_file(town)),
            rows=(0.15, lambda: town.add(7)),
            stations=(1.1, lambda: town.name(A=names[town.files % len(names)])),
            reader=(0.1, lambda: reader.read(http)),
        ):
            kill_at_random(served, chance)
            wait_for(lambda: len(reader.usages) > KILLS, "enough reads")
            wait_for(lambda: published(town) > KILLS, "enough loads")
        wait_for(town.is_settled, "all that was acknowledged is published")
        reader.read(http)
    served.stop()
    town.check()
    assert reader.versions == sorted(reader.versions)
    assert len(reader.usages) == len(set(reader.usages))
    assert set(reader.usages) <= {number for number, _ in usage.recorded(town.home / "usage")}
