"""Where a row stands, as people write it."""

from argparse import ArgumentTypeError

import pytest

from commands.quarantine import positions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.csv:3", [("a.csv", 3)]),
        ("a.csv:3,b.csv:12", [("a.csv", 3), ("b.csv", 12)]),
        ("水位,二号:站.csv:3,b.csv:4", [("水位,二号:站.csv", 3), ("b.csv", 4)]),
    ],
)
def test_rows_are_named_by_file_and_line(text: str, expected: list[tuple[str, int]]) -> None:
    assert positions(text) == [{"file": file, "line": line} for file, line in expected]


@pytest.mark.parametrize("text", ["", "a.csv", "a.csv:", ":3", "a.csv:three", "a.csv:3,b.csv"])
def test_what_names_no_row_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        positions(text)
