"""A headless Chromium, driven over the W3C WebDriver protocol by its own `chromedriver`.

Debian has both (`apt-get install chromium chromium-driver`); where one is missing the test is skipped.
Waiting is asking again until a deadline.
"""

import base64
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from demo.city import free_port

T = TypeVar("T")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATIENCE = 60.0
LOOK_SECONDS = 0.05
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # tests may run as root
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--window-size=1200,800",
)


@dataclass(frozen=True, slots=True)
class Browser:
    """One tab of one fresh profile."""

    http: httpx.Client
    session: str

    def open(self, address: str) -> None:
        self._ask("POST", "/url", url=address)

    @property
    def address(self) -> str:
        return str(self._ask("GET", "/url"))

    def type(self, selector: str, text: str) -> None:
        """As soon as it is there to be typed into."""
        self._once(
            lambda: self._ask("POST", f"/element/{self._element(selector)}/value", text=text)
        )

    def click(self, selector: str) -> None:
        """As soon as it is there to be clicked."""
        self._once(lambda: self._ask("POST", f"/element/{self._element(selector)}/click"))

    def text(self, selector: str) -> str:
        return str(self._ask("GET", f"/element/{self._element(selector)}/text"))

    def run(self, script: str) -> Any:
        return self._ask("POST", "/execute/sync", script=script, args=[])

    def before_each_page(self, script: str) -> None:
        """Runs before any script of the pages that are opened from now on."""
        given = {"source": script}
        command = "Page.addScriptToEvaluateOnNewDocument"
        self._ask("POST", "/goog/cdp/execute", cmd=command, params=given)

    def wait(self, question: Callable[[], T]) -> T:
        """The first answer that is true."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = question()
            except LookupError:
                answer = None  # it is not there yet
            if answer:
                return answer
            if time.monotonic() > deadline:
                page = self.run("return document.body.innerText")
                raise AssertionError(f"it did not happen at {self.address}:\n{page}")
            time.sleep(LOOK_SECONDS)

    def _once(self, act: Callable[[], object]) -> None:
        """What cannot be done yet is a LookupError, and nothing has been done."""
        self.wait(lambda: act() is None)

    def screenshot(self, file: Path) -> None:
        file.write_bytes(base64.b64decode(str(self._ask("GET", "/screenshot"))))

    def _element(self, selector: str) -> str:
        found = self._ask("POST", "/element", using="css selector", value=selector)
        return str(found[ELEMENT])

    def _ask(self, method: str, path: str, **body: object) -> Any:
        sent = body if method == "POST" else None
        reply = self.http.request(method, f"/session/{self.session}{path}", json=sent)
        value = reply.json()["value"]
        if reply.status_code != httpx.codes.OK:
            raise LookupError(value["error"], value["message"])
        return value


@contextmanager
def browser() -> Iterator[Browser]:
    """Skips the test where there is no Chromium."""
    driver, program = shutil.which("chromedriver"), shutil.which("chromium")
    if driver is None or program is None:
        pytest.skip("no chromium and chromedriver here (apt-get install chromium chromium-driver)")
    port = free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        address = f"http://127.0.0.1:{port}"
        try:
            with httpx.Client(base_url=address, timeout=60, trust_env=False) as http:
                _wait_for(http)
                options = {"binary": program, "args": [*FLAGS, f"--user-data-dir={profile}"]}
                wanted = {"alwaysMatch": {"goog:chromeOptions": options}}
                reply = http.post("/session", json={"capabilities": wanted}).json()["value"]
                opened = Browser(http, reply["sessionId"])
                yield opened
                http.delete(f"/session/{opened.session}")
        finally:
            process.terminate()
            process.wait(60)


def _wait_for(http: httpx.Client) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if http.get("/status").json()["value"]["ready"]:
                return
        except httpx.TransportError:
            time.sleep(LOOK_SECONDS)
    raise AssertionError("chromedriver does not answer")
