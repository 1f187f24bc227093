"""A terminal at a running hub: commands as people type them, and what they print."""

import io
import shlex
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import server
from demo.district import GAUGE_HEADERS, Folder
from tests.running_hub import RunningHub

PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.2
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Printed:
    code: int
    out: str
    err: str

    def lines_with(self, text: str) -> list[str]:
        return [line for line in self.out.splitlines() if text in line]


@dataclass(frozen=True, slots=True)
class Terminal:
    """`caller` is who types."""

    hub: RunningHub
    caller: str

    def __call__(self, line: str, *more: str | Path) -> Printed:
        """Run one command, whatever becomes of it; `more` are words that stand behind the line."""
        words = [*shlex.split(line), *map(str, more), "--as", self.caller]
        return typed(self.hub, words)

    def done(self, line: str, *more: str | Path) -> Printed:
        """Run a command that has to succeed."""
        printed = self(line, *more)
        assert printed.code == 0, printed.err
        return printed

    def load_from(self, origin: str, data_set: str, state: str) -> str:
        """The id of the load that came from there, once it is in that state."""

        def found() -> str | None:
            printed = self.done(f"load list --data-set {data_set} --limit 500")
            lines = [line for line in printed.lines_with(origin) if state in line]
            return lines[0].split()[0] if lines else None

        return eventually(found)


def typed(hub: RunningHub, words: list[str]) -> Printed:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = server.main([*words, "--hub", hub.address, "--home", str(hub.home)])
    return Printed(code, out.getvalue(), err.getvalue())


def eventually(look: Callable[[], Found | None]) -> Found:
    """What `look` finds; AssertionError when it finds nothing in time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(LOOK_SECONDS)
    raise AssertionError("nothing came")


def drop_gauge_file(hub: RunningHub, name: str, rows: Sequence[Sequence[str]]) -> None:
    """A CSV as the district writes it, renamed into its inbox when whole."""
    lines = [",".join(GAUGE_HEADERS), *(",".join(row) for row in rows)]
    Folder(hub.home / "district").drop(name, ("\r\n".join(lines) + "\r\n").encode("gb18030"))
