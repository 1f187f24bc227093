"""`token`: an access token of a client, to paste into another program."""

from argparse import Namespace

from commands.caller import as_client
from commands.display import say


def token(given: Namespace) -> None:
    with as_client(given, given.client) as hub:
        say(hub.token())
