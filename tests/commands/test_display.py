"""What a source wrote is shown, never obeyed."""

import pytest

from commands.display import cell, moment, plain, table


def test_control_characters_never_reach_the_terminal() -> None:
    assert "\x1b" not in plain("水位\x1b[2J181.2\u202e")


def test_markup_in_a_value_is_only_text(capsys: pytest.CaptureFixture[str]) -> None:
    table("表", ("列",), [("[red]181.2[/red] :warning:",)])
    assert "[red]181.2[/red] :warning:" in capsys.readouterr().out


def test_a_wide_table_is_whole_where_it_is_piped(capsys: pytest.CaptureFixture[str]) -> None:
    table("表", ("编号", "原因"), [("a" * 64, "b" * 200)])
    assert f"{'a' * 64}   {'b' * 200}" in capsys.readouterr().out


def test_instants_are_shown_in_the_citys_time() -> None:
    assert moment("2026-07-01T00:00:00+00:00") == "2026-07-01 08:00:00"


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "—"), ([], "—"), (True, "是 yes"), (["a", 1], "a、1")]
)
def test_what_is_unknown_or_many_reads_well(value: object, shown: str) -> None:
    assert cell(value) == shown
