"""What commands print: tables and lines, Chinese with English beside.

Rules: what came from a hub is text and nothing else: no markup, no control characters that a terminal
would obey; a table keeps its full width where it is not read on a terminal.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from catalog.clock import CITY_ZONE

PIPE_WIDTH = 400
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def say(text: str) -> None:
    """One message."""
    _console().print(Text(plain(text), overflow="fold"), soft_wrap=True)


def complain(text: str) -> None:
    """One message on the standard error output."""
    _console(error=True).print(Text(plain(text)), soft_wrap=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """The first column, which people copy, is never cut."""
    shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        shown.add_column(column, no_wrap=place == 0, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell(value)) for value in row))
    _console().print(shown)


def sheet(title: str, facts: Iterable[tuple[str, object]]) -> None:
    """One thing and what is known of it, a line each."""
    shown = Table.grid(padding=(0, 2))
    shown.add_column(no_wrap=True)
    shown.add_column(overflow="fold")
    for label, value in facts:
        shown.add_row(Text(label), Text(cell(value)))
    console = _console()
    console.print(Text(plain(title), style="bold"))
    console.print(shown)


def cell(value: object) -> str:
    match value:
        case None | "":
            return "—"
        case bool():
            return "是 yes" if value else "否 no"
        case list() | tuple():
            return "、".join(map(cell, value)) or "—"
    return plain(str(value))


def moment(text: str | None) -> str | None:
    """An instant of a reply, in the city's time."""
    if text is None:
        return None
    return f"{datetime.fromisoformat(text).astimezone(CITY_ZONE):%Y-%m-%d %H:%M:%S}"


def plain(text: str) -> str:
    """The text with what a terminal would obey made visible."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _console(*, error: bool = False) -> Console:
    terminal = (sys.stderr if error else sys.stdout).isatty()
    return Console(
        stderr=error,
        markup=False,
        highlight=False,
        emoji=False,
        width=None if terminal else PIPE_WIDTH,
    )
