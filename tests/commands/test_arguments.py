"""The list of commands and its page say the same; wrong usage and refusals have their exit codes."""

import re
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path

import pytest

import server
from commands.arguments import arguments
from demo.scenario import ScenarioName

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"


def parser() -> ArgumentParser:
    return arguments(server.serve, ScenarioName)


def names(parser: ArgumentParser, before: tuple[str, ...] = ()) -> Iterator[str]:
    actions = parser._actions  # noqa: SLF001 - argparse has no other way to its commands
    nested = [a for a in actions if isinstance(a, _SubParsersAction)]
    if not nested:
        yield " ".join(before)
    for action in nested:
        for name, command in action.choices.items():
            yield from names(command, (*before, name))


def test_every_command_has_its_heading_and_every_heading_its_command() -> None:
    headings = re.findall(r"^## (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(names(parser()))


@pytest.mark.parametrize(
    "given",
    [["--as", "a", "load", "list"], ["load", "list", "--as", "a"]],
    ids=["before", "behind"],
)
def test_who_calls_may_stand_before_a_command_or_behind_it(given: list[str]) -> None:
    assert parser().parse_args(given).caller == "a"


@pytest.mark.parametrize(
    "given",
    [
        [],
        ["catalogue"],
        ["request", "decide", "req-1"],
        ["request", "decide", "req-1", "--approve", "--reject"],
        ["sign-off", "load-1"],
        ["quarantine", "release", "load-1", "--rows", "file.csv", "--why", "核实"],
        ["entry", "return", "code"],
    ],
    ids=" ".join,
)
def test_a_command_line_that_says_too_little_ends_with_2(given: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        server.main(given)
    assert ended.value.code == 2


def test_without_a_client_a_command_says_how_to_name_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("VITALHUB_CLIENT_ID", raising=False)
    assert server.main(["load", "list"]) == 2
    assert "--as" in capsys.readouterr().err


def test_a_hub_that_does_not_answer_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VITALHUB_CLIENT_ID", "somebody")
    monkeypatch.setenv("VITALHUB_CLIENT_SECRET", "secret")
    assert server.main(["--hub", "http://127.0.0.1:9", "load", "list"]) == 1
    assert "http://127.0.0.1:9" in capsys.readouterr().err
