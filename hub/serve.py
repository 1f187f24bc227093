"""Runs the hub: the web server, the one thread that publishes and derives, the heavy worker beside it.

With the demo, the demo city's sources run too, and the city is opened through the API once it listens.
"""

import logging
import os
import resource
import signal
import socket
import threading
from argparse import Namespace
from contextlib import ExitStack, suppress
from functools import partial
from threading import Thread

import uvicorn

from commands.caller import settings_of
from commands.claim import claimed_home, claimed_port
from commands.opening import demo_clients, example_call, open_city
from commands.people import register_people
from commands.progress import show_loading
from demo.city import DemoCity
from hub.allocation import keep_memory_of_replies
from hub.composition import Hub, build_hub
from hub.protocol import PatientProtocol, PatientWebSocket
from hub.readers.alone import await_earlier
from hub.readers.connection import HubProtocol
from jobs.supervisor import Supervisor
from schema.http import MAX_BODY
from settings import Settings

LOG = logging.getLogger(__name__)
STOP_SECONDS = 10.0
OPEN_FILES = 65_536
"""Sockets above all; systems begin with 1,024, which idle strangers would use up."""


class WebServer(uvicorn.Server):
    """Uvicorn; `ready` is set when it listens."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(
            uvicorn.Config(
                hub.app,
                host=hub.settings.host,
                port=hub.settings.port,
                log_level="warning",
                access_log=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=5,
                server_header=False,
                http=PatientProtocol if hub.readers is None else partial(HubProtocol, hub.readers),  # type: ignore[arg-type]  # a class, as far as it is used
                ws=PatientWebSocket,
                ws_max_size=MAX_BODY,
                ws_per_message_deflate=False,  # a thousand compressors take more memory than all else
            )
        )
        self._live = hub.live
        self._readers = hub.readers
        self.address = hub.settings.issuer
        self.ready = threading.Event()
        self.failed = False

    def stops(self) -> bool:
        return self.should_exit

    def give_up(self) -> None:
        """Whoever waits for the server need not."""
        self.should_exit = True
        self.ready.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f"Vitalhub: {self.address}/graphql  （Ctrl-C 停止 stops it）", flush=True)
        self.ready.set()
        if self._readers is not None:
            made = partial(HubProtocol, self._readers, **self._served())
            self._readers.start(made)

    def _served(self) -> dict[str, object]:
        """What uvicorn gives to a connection that it accepts."""
        return {
            "config": self.config,
            "server_state": self.server_state,
            "app_state": self.lifespan.state,
        }

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._readers is not None:
            self._readers.hang_up()
        await self._live.stop()
        await super().shutdown(sockets)


def serve(given: Namespace) -> int:
    """Run the hub until SIGINT or SIGTERM; with --demo also the demo city, and open it."""
    settings = settings_of(given)
    keep_memory_of_replies()
    allow_files()
    os.umask(0o077)  # what the hub and its children write is the operator's alone
    with claimed_home(settings.home), claimed_port(settings.host, settings.port) as claimed:
        return serve_on(claimed, settings, given)


def allow_files() -> None:
    """As many open files as the system lets this process have, up to OPEN_FILES."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def serve_on(claimed: socket.socket, settings: Settings, given: Namespace) -> int:
    logging.basicConfig(
        filename=settings.home / "hub.log",
        level=logging.INFO,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every request's address
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like a Ctrl-C: in order
    code = 0
    with suppress(KeyboardInterrupt), ExitStack() as running:
        if given.demo:
            print("正在启动演示城市的数据源 Starting the demo city's sources ...", flush=True)
            city = DemoCity(settings.home, given.scenario, city=settings.city)
            running.enter_context(city)
            if city.scenario is not given.scenario:
                print(
                    f"此目录的场景是 {city.scenario}；换场景请另选 VITALHUB_HOME。"
                    f"This home's scenario is {city.scenario}; choose another VITALHUB_HOME "
                    "for another one.",
                    flush=True,
                )
        await_earlier(settings.home)
        hub = build_hub(settings)
        running.callback(hub.close)
        run_beside(hub, running)
        server = WebServer(hub)
        if hub.readers is not None:
            running.callback(hub.readers.stop)
        if given.demo:
            hub.parts["demoSources"] = lambda: not city.ended()
            opening = Thread(target=open_demo, args=(hub, server), daemon=True, name="opening")
            opening.start()
            running.callback(opening.join, STOP_SECONDS)
            running.callback(server.give_up)
        server.run(sockets=[claimed])
        code = int(server.failed)
    print("已停止 Stopped.", flush=True)
    return code


def run_beside(hub: Hub, running: ExitStack) -> None:
    """The job thread, the mirror's and the heavy worker's process, both ended with `running`."""
    jobs = Thread(target=hub.run_jobs, name="jobs")
    jobs.start()
    running.callback(jobs.join)
    running.callback(hub.worker.stopping.set)
    if hub.mirror is not None:
        mirror = Thread(target=hub.mirror.run, name="mirror")
        mirror.start()
        running.callback(mirror.join)
        running.callback(hub.mirror.stop)
    environment = {
        "VITALHUB_HOME": str(hub.settings.home.absolute()),
        "VITALHUB_CITY": str(hub.settings.city.absolute()),
    }
    heavy = Supervisor("jobs.heavy", environment, hub.settings.home / "heavy.log")
    running.callback(heavy.stop)
    hub.parts["heavyWorker"] = heavy.runs


def open_demo(hub: Hub, server: WebServer) -> None:
    """Once the hub listens: clients, published entries, decided requests, first loads."""
    server.ready.wait()
    if server.stops():
        return
    try:
        file = hub.settings.home / "demo-clients.json"
        clients = demo_clients(hub.clients, file)
        register_people(hub.clients, hub.settings.home)
        open_city(hub.settings.issuer, clients)
        if show_loading(hub.store.load, hub.engine.latest, hub.ledger, server.stops):
            print(example_call(hub.settings.issuer, clients[0]), flush=True)
    except Exception:
        if server.stops():  # it was stopped while the city opened
            return
        LOG.exception("the demo city could not be opened")
        log = hub.settings.home / "hub.log"
        print(f"演示城市未能就绪，见 {log}。The demo city could not be opened; see {log}.")
        server.failed = server.should_exit = True
