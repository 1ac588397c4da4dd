"""The doors between processes do what a test relies on: else a fault would be a fault of the test."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from tests.faults.support.doors import ABORT, Door, Doors, Weather

SECONDS = 10.0


class Echo:
    """A server that says what it hears, and remembers whether its last client left."""

    def __init__(self) -> None:
        self.left = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                with client, suppress(OSError):
                    while data := client.recv(1000):
                        client.sendall(data)
                self.left.set()

    def close(self) -> None:
        """Takes no more clients."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    """Such a server."""
    made = Echo()
    yield made
    made.close()


@pytest.fixture
def door(echo: Echo) -> Iterator[Door]:
    """A door to it."""
    with Doors() as doors:
        yield doors.to(echo.port)


@pytest.fixture
def client(door: Door) -> Iterator[socket.socket]:
    """Somebody who came through it, and was heard."""
    with socket.create_connection(("127.0.0.1", door.port), SECONDS) as made:
        assert said(made, b"first") == b"first"
        yield made


def said(client: socket.socket, data: bytes) -> bytes:
    """Says something; gives the answer, nothing when the connection is cut."""
    try:
        client.sendall(data)
        return client.recv(1000)
    except ConnectionError:
        return b""


def visited(door: Door, data: bytes) -> bytes:
    """Says something in a connection of its own; one that is cut may be cut before its client saw it made."""
    try:
        with socket.create_connection(("127.0.0.1", door.port), SECONDS) as made:
            return said(made, data)
    except ConnectionError:
        return b""


def test_connections_are_cut_and_new_ones_too(door: Door, client: socket.socket) -> None:
    """While it is shut nobody gets through; afterwards everybody does."""
    with door.weather(Weather(shut=True)):
        assert said(client, b"x") == b""
        assert visited(door, b"x") == b""
    assert visited(door, b"x") == b"x"
    assert door.cuts == 2


def test_what_is_still_passes_later(door: Door, client: socket.socket) -> None:
    """Nothing is lost while nothing passes."""
    with door.weather(Weather(still=True)):
        client.settimeout(0.2)
        client.sendall(b"x")
        with pytest.raises(TimeoutError):
            client.recv(1000)
    client.settimeout(SECONDS)
    assert client.recv(1000) == b"x"


def test_connections_break_half_way(door: Door, client: socket.socket) -> None:
    """So many bytes pass, both ways together, and no more."""
    with door.weather(Weather(breaks_after=10)):
        assert said(client, b"12345") == b"12345"
        assert said(client, b"6") == b""


def test_only_those_who_are_meant(door: Door, client: socket.socket) -> None:
    """Others pass as ever."""
    mine = client.getsockname()[1]
    with door.weather(Weather(shut=True), lambda port: port != mine):
        assert said(client, b"x") == b"x"


def test_the_other_end_learns_of_a_reset(door: Door, client: socket.socket, echo: Echo) -> None:
    """A client that dies with a reset is not kept alive by the door."""
    assert door.target == echo.port
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    client.close()
    assert echo.left.wait(SECONDS)
