"""Streams of the client against a real server on loopback: where they began, how they fail, how they end."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from lienthong.chassis.rpc.beginning import CURSOR_KEY, read
from lienthong.client import Axis, AxisCallError, AxisUnavailableError, NotAllowedError, connect
from lienthong.client.context import Context
from lienthong.dev.servers import free_port
from lienthong.notification.v1 import notification_pb2 as pb

pytestmark = pytest.mark.servers

SECONDS = 10.0


class Server(grpc.GenericRpcHandler):
    """Tells one notice and then nothing, or refuses at once; knows when a stream has ended."""

    def __init__(self, refusal: grpc.StatusCode | None = None) -> None:
        self.ended = threading.Event()
        self._refusal = refusal

    def service(self, _details: grpc.HandlerCallDetails) -> Any:
        """Handles every call."""
        return grpc.unary_stream_rpc_method_handler(self._watch)

    def _watch(self, _request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        if self._refusal is not None:
            context.abort(self._refusal, "no")
        context.add_callback(self.ended.set)
        context.send_initial_metadata(((CURSOR_KEY, "5"),))
        yield pb.WatchNoticesResponse(cursor="6").SerializeToString()
        self.ended.wait(SECONDS)


@contextmanager
def serving(server: Server) -> Iterator[Axis]:
    """A session with a server."""
    running = grpc.server(ThreadPoolExecutor(2), [server])
    port = running.add_insecure_port("127.0.0.1:0")
    running.start()
    try:
        with connect(Context(f"127.0.0.1:{port}")) as axis:
            yield axis
    finally:
        running.stop(None).wait()


def test_a_stream_tells_where_it_began() -> None:
    """Its headers come without a message, and the messages after them."""
    with serving(Server()) as axis:
        stream = axis.notification.WatchNotices(pb.WatchNoticesRequest(), timeout=SECONDS)
        assert read(stream.initial_metadata()) == "5"
        assert next(iter(stream)).cursor == "6"


@pytest.mark.parametrize("end", ["close", "forget"])
def test_a_watch_that_is_left_ends_at_the_server(end: str) -> None:
    """Closing it, or forgetting it, cancels the stream."""
    server = Server()
    with serving(server) as axis:
        watch: Any = axis.watch_notices()
        assert next(watch).cursor == "6"
        assert not server.ended.is_set()
        if end == "close":
            watch.close()
        del watch
        assert server.ended.wait(SECONDS)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(grpc.StatusCode.PERMISSION_DENIED, NotAllowedError), (grpc.StatusCode.UNAVAILABLE, AxisUnavailableError)],
)
def test_a_stream_that_is_refused_at_once(code: grpc.StatusCode, kind: type[AxisCallError]) -> None:
    """It has no headers, nobody waits for them, and its messages tell why."""
    with serving(Server(code)) as axis:
        stream = axis.notification.WatchNotices(pb.WatchNoticesRequest(), timeout=SECONDS)
        assert read(stream.initial_metadata()) == ""
        with pytest.raises(kind, match="no"):
            next(iter(stream))


def test_a_server_that_is_away() -> None:
    """The same holds where nobody listens."""
    with connect(Context(f"127.0.0.1:{free_port()}")) as axis:
        stream = axis.notification.WatchNotices(pb.WatchNoticesRequest(), timeout=SECONDS)
        assert read(stream.initial_metadata()) == ""
        with pytest.raises(AxisUnavailableError):
            next(iter(stream))
