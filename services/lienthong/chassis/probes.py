"""What is asked over HTTP: metrics, and by a supervisor whether the process lives and whether calls may come.

The port of gRPC tells its health too, but only over TLS, and the probes of a cluster speak none there.

| Path | 200 | 503 |
|---|---|---|
| `/livez` | the loop that serves calls turns | it stands still: only another start helps |
| `/readyz` | calls may come | it starts, its database is away, or it drains |
| any other | the metrics | |
"""

import asyncio
import io
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import structlog
from prometheus_client import make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from lienthong.chassis.binding import not_bound
from lienthong.chassis.metrics import Metrics

TURN_SECONDS = 2.0
"""How long a turn of the loop may take."""

CONNECTIONS = 64
"""Open at once, each in a thread. Whoever comes then takes the place of the oldest: a probe always gets its answer."""

_SILENT_SECONDS = 10.0
"""How long a caller may say nothing, or take nothing in."""
_STOP_SECONDS = 10.0

_log = structlog.get_logger(__name__)

Question = Callable[[], bool]


class _Server(ThreadingWSGIServer):
    request_queue_size = 128

    def __init__(self, *arguments: Any) -> None:
        self._open: dict[socket.socket, None] = {}
        self._turn = threading.Lock()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Takes a connection; closes the oldest when there are too many."""
        with self._turn:
            self._open[request] = None
            if len(self._open) > CONNECTIONS:
                oldest = next(iter(self._open))
                del self._open[oldest]
                # Its thread reads the end, and closes it.
                with suppress(OSError):
                    oldest.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Ends a connection."""
        with self._turn:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """Tells what failed in one line; that a caller went away is none."""
        if not isinstance(sys.exception(), OSError):
            _log.exception("a probe failed")


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = _SILENT_SECONDS

    def get_stderr(self) -> io.StringIO:
        """Takes what the library says of callers that went away; what fails here is told by `_application`."""
        return io.StringIO()

    def log_message(self, *_arguments: Any) -> None:
        """Logs nothing: probes come every second."""


def turns(loop: asyncio.AbstractEventLoop) -> bool:
    """Tells whether a loop turns; to be asked in another thread."""
    turned = threading.Event()
    with suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(turned.set)
    return turned.wait(TURN_SECONDS)


def open_probes(address: str, metrics: Metrics, lives: Question, ready: Question) -> Callable[[], None]:
    """Answers at an address, nothing when it is empty; gives what ends it.

    Args:
        address: Host and port.
        metrics: What is counted.
        lives: Whether the process lives.
        ready: Whether calls may come.

    Raises:
        ConfigError: The address cannot be bound.
    """
    if not address:
        return lambda: None
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    kind = _Server6 if ":" in host else _Server
    try:
        server = make_server(host, int(port), _application(metrics, lives, ready), kind, _Handler)
    except (OSError, ValueError) as error:
        raise not_bound("server.metrics", address) from error
    thread = threading.Thread(target=server.serve_forever, name="probes", daemon=True)
    thread.start()

    def close() -> None:
        server.shutdown()
        server.server_close()
        thread.join(_STOP_SECONDS)

    return close


def _application(metrics: Metrics, lives: Question, ready: Question) -> Callable[..., Iterable[bytes]]:
    exposition = make_wsgi_app(metrics.registry)
    questions = {"/livez": lives, "/readyz": ready}

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        question = questions.get(environ["PATH_INFO"])
        if question is None:
            return _metrics(exposition, environ, start)
        yes = question()
        start("200 OK" if yes else "503 Service Unavailable", [("Content-Type", "text/plain")])
        return [b"yes\n" if yes else b"no\n"]

    return answer


def _metrics(exposition: Any, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    try:
        answered: Iterable[bytes] = exposition(environ, start)
    except Exception:  # noqa: BLE001 -- whatever a request or a figure makes fail; it is logged
        _log.exception("the metrics cannot be told")
        start("500 Internal Server Error", [("Content-Type", "text/plain")])
        return [b"see the log\n"]
    return answered
