"""One hub per home and per port; the second is told so before it has started anything."""

import socket
from pathlib import Path

import pytest

from commands.claim import claimed_home, claimed_port
from commands.errors import WrongUsage
from demo.city import free_port


def test_a_second_hub_on_a_home_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with (
        claimed_home(home),
        pytest.raises(WrongUsage, match="A hub runs on"),
        claimed_home(home),
    ):
        pytest.fail("the home was claimed twice")
    with claimed_home(home):
        assert home.is_dir()


def test_a_port_that_is_taken_is_refused_with_what_to_do() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(WrongUsage, match="choose another port"),
        claimed_port("127.0.0.1", other.getsockname()[1]),
    ):
        pytest.fail("the port was claimed twice")


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70000), ("no.such.host.invalid", 8000)])
def test_an_address_that_cannot_be_is_refused(host: str, port: int) -> None:
    with pytest.raises(WrongUsage), claimed_port(host, port):
        pytest.fail("an impossible address was claimed")


def test_a_claimed_port_does_not_listen_yet() -> None:
    port = free_port()
    with (
        claimed_port("127.0.0.1", port),
        socket.socket() as caller,
        pytest.raises(ConnectionRefusedError),
    ):
        caller.connect(("127.0.0.1", port))
