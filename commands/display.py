"""What commands print: tables and lines, Chinese with English beside.

Rules: what came from a hub is text and nothing else: no markup, no control characters that a terminal
would obey; a table keeps its full width where it is not read on a terminal, and is told row by row on
one that is too narrow for its columns.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from catalog.clock import CITY_ZONE

PIPE_WIDTH = 400
READABLE = 12
"""A column that has more to say is still read at this width."""
GAP, INDENT, BETWEEN = 3, 2, "  "
UNKNOWN = "—"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def say(text: str) -> None:
    """One message."""
    _console().print(Text(plain(text), overflow="fold"), soft_wrap=True)


def complain(text: str) -> None:
    """One message on the standard error output."""
    _console(error=True).print(Text(plain(text)), soft_wrap=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """The first column, which people copy, is never cut."""
    console, cells = _console(), [[cell(value) for value in row] for row in rows]
    if _readable_width(columns, cells) > console.width:
        _row_by_row(console, title, columns, cells)
        return
    shown = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        shown.add_column(column, no_wrap=place == 0, overflow="fold")
    for row in cells:
        shown.add_row(*map(Text, row))
    console.print(shown)


def _readable_width(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """What the table needs to be read: the whole of its first column, the beginnings of the others."""
    wide = [
        max(cell_len(line) for text in column for line in text.split("\n"))
        for column in zip(columns, *rows, strict=True)
    ]
    return wide[0] + sum(GAP + min(width, READABLE) for width in wide[1:])


def _row_by_row(
    console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """Each row as a paragraph below its first cell: what is known of it, with the columns' names."""
    console.print(Text(title, style="italic"))
    for first, *others in rows:
        told = [
            f"{column}: {text}"
            for column, text in zip(columns[1:], others, strict=True)
            if text != UNKNOWN
        ]
        console.print(Text(first, style="bold"), soft_wrap=True)
        lines = "\n".join(_lines(told, console.width - INDENT))
        console.print(Padding(Text(lines, overflow="fold"), (0, 0, 1, INDENT)))
    if not rows:
        console.print("无 none")


def _lines(facts: Iterable[str], width: int) -> list[str]:
    """As many facts in a line as fit, none of them parted that need not be."""
    lines: list[str] = []
    for fact in facts:
        joined = f"{lines[-1]}{BETWEEN}{fact}" if lines else fact
        if lines and cell_len(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(fact)
    return lines


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
            return UNKNOWN
        case bool():
            return "是 yes" if value else "否 no"
        case list() | tuple():
            return "、".join(map(cell, value)) or UNKNOWN
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
