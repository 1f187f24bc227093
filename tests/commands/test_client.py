"""The client of a hub, before a server that is none."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from commands.client import HubClient
from commands.errors import CommandFailed


class Elsewhere(BaseHTTPRequestHandler):
    """Some other program on the port."""

    def do_POST(self) -> None:
        body = b"<html>It works!</html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Nothing is logged."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_answer_that_is_no_hubs_is_told_as_such(elsewhere: str) -> None:
    told = "does not answer like a hub"
    with HubClient(elsewhere, "app", "secret") as hub, pytest.raises(CommandFailed, match=told):
        hub.execute("{ me { client } }")


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "nonsense", "http://["])
def test_an_address_where_nothing_answers_is_told_with_what_to_do(address: str) -> None:
    with HubClient(address, "app", "secret") as hub, pytest.raises(CommandFailed, match="--hub"):
        hub.execute("{ me { client } }")
