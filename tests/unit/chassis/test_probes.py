"""What a supervisor is told over HTTP: whether the process lives, and whether calls may come."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from structlog.testing import capture_logs

from lienthong.chassis import metrics
from lienthong.chassis.config import ConfigError
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.probes import CONNECTIONS, open_probes, turns
from lienthong.demo.timeline import wait_for
from lienthong.dev.servers import free_port

pytestmark = pytest.mark.servers

FOR_WHOM = "127.0.0.1 for programs on it, 0.0.0.0 for everybody"


@contextmanager
def probes(*, lives: bool = True, ready: bool = True) -> Iterator[int]:
    """Open probes; gives their port."""
    port = free_port()
    close = open_probes(f"127.0.0.1:{port}", Metrics(), lambda: lives, lambda: ready)
    try:
        yield port
    finally:
        close()


def status(port: int, path: str) -> int:
    """What is answered."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def test_life_and_readiness_are_two_things() -> None:
    """A process that waits for its database lives and is not ready: it gets no calls, and is not started anew."""
    with probes(ready=False) as port:
        assert (status(port, "/livez"), status(port, "/readyz")) == (200, 503)
    with probes(lives=False) as port:
        assert (status(port, "/livez"), status(port, "/readyz")) == (503, 200)


def test_metrics_stand_beside_them() -> None:
    """Whatever else is asked for is the metrics."""
    with probes() as port, urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        assert b"lienthong_rpc_calls" in answer.read()


def test_a_port_that_is_taken_is_named() -> None:
    """Two programs on one port are told at the start, with the setting."""
    with probes() as port, pytest.raises(ConfigError) as caught:
        open_probes(f"127.0.0.1:{port}", Metrics(), bool, bool)
    said = (
        f"server.metrics: 127.0.0.1:{port} cannot be bound: another program has port {port}; stop it, or take another"
    )
    assert caught.value.problems == [f"{said} port"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("axis..vn:9443", "axis..vn cannot be resolved; write an address of this machine"),
        ("192.0.2.1:9443", "this machine has no such address; write an address of this machine"),
    ],
)
def test_an_address_of_no_port_here_is_told_apart(address: str, said: str) -> None:
    """Nobody is sent to look for another program where a name or an address is wrong."""
    with pytest.raises(ConfigError) as caught:
        open_probes(address, Metrics(), bool, bool)
    assert caught.value.problems == [f"server.metrics: {address} cannot be bound: {said}: {FOR_WHOM}"]


def test_a_loop_that_stands_still_is_no_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop lives while it turns, and does not while something holds it or after it was closed."""
    monkeypatch.setattr("lienthong.chassis.probes.TURN_SECONDS", 0.2)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    held, go_on = threading.Event(), threading.Event()
    try:
        assert turns(loop)
        loop.call_soon_threadsafe(held.set)
        loop.call_soon_threadsafe(go_on.wait, 10)
        assert held.wait(10)
        assert not turns(loop)
        go_on.set()
    finally:
        go_on.set()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
    assert not turns(loop)


def test_callers_that_say_nothing_keep_nobody_out() -> None:
    """Connections that are left open hold a bounded number of threads, and a probe among them gets its answer."""
    before = threading.active_count()
    with probes() as port, ExitStack() as idle:
        for _ in range(3 * CONNECTIONS):
            idle.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
        assert status(port, "/livez") == 200
        wait_for("threads to end", lambda: threading.active_count() <= before + CONNECTIONS + 2)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"GET /me", id="half a line"),
        pytest.param(b"GET /metrics HTTP/1.1\r\n\r\n", id="a whole one"),
    ],
)
def test_a_caller_that_breaks_off_is_not_told_of(capfd: pytest.CaptureFixture[str], said: bytes) -> None:
    """The log has one JSON object a line; a connection that is reset is none."""
    with probes() as port:
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
                caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                caller.sendall(said)
        assert status(port, "/livez") == 200
    assert capfd.readouterr().err == ""


def test_a_request_that_the_library_fails_at_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    """What a caller sends cannot break the form of the log."""
    with capture_logs() as lines, probes() as port, socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
        caller.sendall(b"GET /metrics HTTP/1.0\r\nAccept: application/openmetrics-text;version=x\xff\r\n\r\n")
        assert b" 500 " in caller.makefile("rb").readline()
    assert [line["event"] for line in lines] == ["the metrics cannot be told"]
    assert capfd.readouterr().err == ""


def test_figures_of_an_engine_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gathers figures gets all others in time, at every look; those of the engine come again when it does."""
    monkeypatch.setattr(metrics, "PATIENCE_SECONDS", 0.05)
    counted, hanging, looks = Metrics(), threading.Event(), []

    def hangs() -> list[metrics.Sample]:
        looks.append(1)
        assert hanging.wait(30)
        return [((), 1.0)]

    for name in ("one", "two"):
        counted.gauge(name, "Hangs.", [], hangs, counted.of_database)
    counted.gauge("three", "Stands beside them.", [], lambda: [((), 1.0)])

    def told() -> list[str]:
        return [name for name in ("one", "two", "three") if counted.registry.get_sample_value(name) is not None]

    assert [told(), told()] == [["three"], ["three"]]
    assert len(looks) == 1
    hanging.set()
    wait_for("all are told", lambda: told() == ["one", "two", "three"])
