"""`schema`: what a client sees of the API, as SDL, for code generators and editors."""

import sys
from argparse import Namespace

from commands.client import HubClient
from commands.output import write_new


def schema(hub: HubClient, given: Namespace) -> None:
    """To a new file with --out, else to the standard output as it is."""
    content = hub.schema()
    if given.out is not None:
        write_new(given.out, content)
    else:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
