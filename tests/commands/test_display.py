"""What a source wrote is shown, never obeyed."""

import io
import re
from collections.abc import Sequence
from contextlib import redirect_stdout

import pytest
from rich.cells import cell_len

from commands import load
from commands.display import cell, moment, plain, table

STYLE = re.compile(r"\x1b\[[0-9;]*m")


def test_control_characters_never_reach_the_terminal() -> None:
    assert "\x1b" not in plain("水位\x1b[2J181.2\u202e")


def test_markup_in_a_value_is_only_text(capsys: pytest.CaptureFixture[str]) -> None:
    table("表", ("列",), [("[red]181.2[/red] :warning:",)])
    assert "[red]181.2[/red] :warning:" in capsys.readouterr().out


def test_a_wide_table_is_whole_where_it_is_piped(capsys: pytest.CaptureFixture[str]) -> None:
    table("表", ("编号", "原因"), [("a" * 64, "b" * 200)])
    assert f"{'a' * 64}   {'b' * 200}" in capsys.readouterr().out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(
    monkeypatch: pytest.MonkeyPatch, columns: Sequence[str], *rows: Sequence[object]
) -> list[str]:
    """The lines of the table on a terminal of 100 columns, as most are opened."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    with redirect_stdout(Terminal()) as terminal:
        table("装载 Loads", columns, rows)
    return STYLE.sub("", terminal.getvalue()).splitlines()


def test_a_table_too_wide_for_the_terminal_is_told_row_by_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = ("4d22df0e9a8626d682683cad74b630b8", "riverRegimeMunicipal", "gauges-20260701.csv")
    known = (*row, "refused", 3, None, None, None, None, "KEY_TWICE 同键")
    told = "\n".join(shown(monkeypatch, load.COLUMNS, known))
    for whole in (*row, "状态 State: refused", "行 Rows: 3", "问题 Problem: KEY_TWICE 同键"):
        assert whole in told
    assert "合格 Good" not in told, "what is not known is not told"


def test_a_list_without_rows_says_so_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "无 none" in shown(monkeypatch, load.COLUMNS)


@pytest.mark.parametrize("length", [4, 20, 40, 300])
@pytest.mark.parametrize("columns", [2, 5, 12])
def test_no_line_is_wider_than_a_terminal_of_100_columns_and_nothing_is_cut(
    monkeypatch: pytest.MonkeyPatch, length: int, columns: int
) -> None:
    names = [f"列{number} Column" for number in range(columns)]
    lines = shown(monkeypatch, names, ("k" * 20, *["值" * length] * (columns - 1)))
    assert max(map(cell_len, lines)) <= 100
    assert "".join(lines).count("值") == length * (columns - 1)


def test_instants_are_shown_in_the_citys_time() -> None:
    assert moment("2026-07-01T00:00:00+00:00") == "2026-07-01 08:00:00"


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "—"), ([], "—"), (True, "是 yes"), (["a", 1], "a、1")]
)
def test_what_is_unknown_or_many_reads_well(value: object, shown: str) -> None:
    assert cell(value) == shown
