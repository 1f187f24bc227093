"""`token`: an access token of a client, to paste into another program."""

from argparse import Namespace

from commands.caller import as_client
from commands.display import say


def token(given: Namespace) -> None:
    say(as_client(given, given.client).token())
