"""What is said over a channel comes whole or not at all, also where no descriptor is left."""

import os
import socket

import pytest

from hub.readers.channel import INLINE, Channel, Kind


@pytest.mark.parametrize("length", [3, INLINE + 1])
def test_a_connection_comes_with_all_that_was_received_of_it(length: int) -> None:
    (one, other), (ours, theirs) = map(Channel, Channel.pair()), socket.socketpair()
    with ours, theirs:
        assert one.send(Kind.CONNECTION, b"x" * length, theirs.fileno(), 4)
        told = other.receive()
        assert told is not None
        assert (told.kind, told.content, told.misses) == (Kind.CONNECTION, b"x" * length, 4)
        assert told.connection is not None
        with told.connection:
            told.connection.sendall(b"here")
        assert ours.recv(4) == b"here"
    one.close()
    assert other.receive() is None
    other.close()


@pytest.mark.parametrize("left", [0, 1])
def test_where_a_descriptor_is_missing_nothing_of_it_is_taken(
    left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = socket.recv_fds

    def short_of_them(
        end: socket.socket, size: int, most: int
    ) -> tuple[bytes, list[int], int, str]:
        content, descriptors, flags, address = receive(end, size, most)
        for descriptor in descriptors[left:]:
            os.close(descriptor)
        return content, descriptors[:left], flags, address

    monkeypatch.setattr("hub.readers.channel.socket.recv_fds", short_of_them)
    (one, other), (ours, theirs) = map(Channel, Channel.pair()), socket.socketpair()
    with ours:
        assert one.send(Kind.CONNECTION, b"x" * (INLINE + 1), theirs.fileno())
        theirs.close()
        told = other.receive()
        assert told is not None
        assert (told.kind, told.content, told.connection) == (Kind.CONNECTION, b"", None)
        assert ours.recv(1) == b""
    one.close()
    other.close()
