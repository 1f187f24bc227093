"""1,000 subscribers of one live query on a real server and real sockets, beside one.

The subscribers run in a process of their own, so that the server's memory and time are its own. A change is
one publication; its time runs from its commit to the last subscriber's frame.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from time import time

import httpx
import pyarrow.parquet as pq

from access.roles import Role
from bench.measure import Table
from bench.readings import contract, texts
from bench.town import publish_all
from catalog.actor import Person
from catalog.ids import ClientId, GrantId, LoadId, OrganisationCode, PlaceCode
from catalog.sharing.decision import Approve
from catalog.sharing.grant import GrantedColumn, Part
from catalog.sharing.request import Terms
from hub.composition import Hub, build_hub
from hub.serve import WebServer
from quality.gate import check
from settings import Settings
from warehouse.engine import LoadPlan
from warehouse.scratch import Scratch

SUBSCRIBERS = 1_000
CHANGES = 5
COLUMNS = ("station_code", "observed_at", "level_m")
FIELDS = "stationCode observedAt levelM"
QUERY = f"subscription {{ riverRegimeMunicipal(limit: %d) {{ {FIELDS} }} }}"
REQUESTER, PROVIDER = OrganisationCode("cq_shapingba"), OrganisationCode("cq_water")
WATER = Person(ClientId("water"), PROVIDER, frozenset({"steward"}))


def live() -> Table:
    folder = Path(tempfile.mkdtemp(prefix="vitalhub-bench-"))
    try:
        return _live(folder)
    finally:
        shutil.rmtree(folder)


def _live(folder: Path) -> Table:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    settings = Settings(home=folder, port=port, live_client_sockets=SUBSCRIBERS + 1)
    hub = build_hub(settings)
    publish_all(hub)
    bench = _Bench(hub, port)
    grant = bench.grant()
    server = WebServer(hub)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    server.ready.wait()
    try:
        return _measure(bench, grant)
    finally:
        server.should_exit = True
        thread.join()
        hub.close()


def _measure(bench: "_Bench", grant: GrantId) -> Table:
    table = Table(f"Live: {SUBSCRIBERS:,} subscribers of one live query, a socket each")
    bench.publish(1)
    with bench.readers(1, QUERY % 100) as one:
        one.expect("told")
        alone = min(bench.change(one) for _ in range(CHANGES))
    before = memory()
    with bench.readers(SUBSCRIBERS, QUERY % 100) as readers:
        readers.expect("told")
        held = memory() - before
        started = bench.executions
        times = [bench.change(readers) for _ in range(CHANGES)]
        runs = bench.executions - started
        at = time()
        bench.hub.sharing.revoke(grant, WATER, "bench")
        ended = readers.expect("ended") - at
    table.seconds("a change, told to one subscriber", alone)
    table.seconds(f"a change, told to the last of {SUBSCRIBERS:,}", min(times))
    table.figure("executions for each change", f"{runs / CHANGES:10.2f}")
    table.figure("memory of a subscriber with its socket", f"{held / SUBSCRIBERS / 1024:10.1f} KiB")
    table.seconds("revoked, until the last one knows", ended)
    table.ratio("executions for a change", runs / CHANGES, "exactly 1", met=runs == CHANGES)
    table.ratio("of a second until all are ended", ended, "at most 1", met=ended <= 1)
    return table


@dataclass
class _Bench:
    hub: Hub
    port: int
    loads: int = 0

    @property
    def executions(self) -> int:
        return sum(query.executions for query in self.hub.live.queries)

    def grant(self) -> GrantId:
        """A granted request, from its draft to its approval."""
        secret = self.hub.clients.register(ClientId("bench"), REQUESTER, [Role.APP])
        self.secret = secret
        sharing = self.hub.sharing
        asking = Person(ClientId("bench"), REQUESTER, frozenset({"app"}))
        part = Part(tuple(map(GrantedColumn, COLUMNS)), (PlaceCode("500000"),))
        request = sharing.draft(
            asking,
            Terms(
                data_set=contract().data_set,
                purpose="防汛",
                basis="《防洪法》第八条",
                scenario="汛期水位研判",
                parts=(part,),
                mode="接口",
                expires=datetime.now(UTC) + timedelta(days=30),
                derivation=False,
            ),
        )
        sharing.sign(request.id, asking)
        sharing.submit(request.id, asking)
        sharing.sign(request.id, WATER)
        sharing.decide(request.id, Approve(), WATER)
        return next(h.grant.id for h in sharing.grants() if h.grant.request == request.id)

    def publish(self, rows: int) -> float:
        """A load of its own; when it was committed."""
        self.loads += 1
        load = LoadId(sha256(str(self.loads).encode()).hexdigest()[:32])
        folder = self.hub.settings.landing / load
        folder.mkdir()
        raw = folder / "raw.parquet"
        pq.write_table(texts(rows, first=10_000_000 - self.loads * 2_000), raw)
        with Scratch([folder]) as scratch:
            verdict = check(raw, contract(), folder, now=datetime.now(UTC), scratch=scratch)
        self.hub.quality.record(load, contract(), verdict)
        plan = LoadPlan(load, contract(), folder / "rows.parquet", load, folder / "unfit.parquet")
        self.hub.engine.publish(plan)
        return time()

    def change(self, readers: "_Readers") -> float:
        committed = self.publish(100)
        return readers.expect("told") - committed

    @contextmanager
    def readers(self, count: int, query: str) -> Iterator["_Readers"]:
        reply = httpx.post(
            f"http://127.0.0.1:{self.port}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=("bench", self.secret),
        )
        token = reply.json()["access_token"]
        command = [sys.executable, "-m", "bench.readers", str(self.port), token, str(count), query]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield _Readers(process)
            finally:
                process.kill()


@dataclass
class _Readers:
    process: "subprocess.Popen[str]"

    def expect(self, event: str) -> float:
        """When it came about."""
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        assert said["event"] == event, said
        return float(said["at"])


def memory() -> int:
    """Resident bytes of this process."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
