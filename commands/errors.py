"""What stops a command.

Exception
├── CommandFailed            the hub refused, or cannot be reached: exit code 1
└── WrongUsage               the command line or a file it names is wrong: exit code 2
"""

from collections.abc import Iterable


class CommandFailed(Exception):
    """The text is for the person at the terminal; `codes` are the hub's, where it gave any."""

    def __init__(self, text: str, codes: Iterable[str] = ()) -> None:
        super().__init__(text)
        self.codes = frozenset(codes)


class WrongUsage(Exception):
    """The text says what to give instead, in Chinese and English."""
