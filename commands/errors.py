"""What stops a command.

Exception
├── CommandFailed            the hub refused, or cannot be reached: exit code 1
└── WrongUsage               the command line or a file it names is wrong: exit code 2
"""


class CommandFailed(Exception):
    """The text is for the person at the terminal, in Chinese and English."""


class WrongUsage(Exception):
    """The text says what to give instead, in Chinese and English."""
