"""Receivers for tests of what goes out: mail and HTTP. They record, and fail when told to."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from aiosmtpd.smtp import SMTP

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

Item = TypeVar("Item")
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Received:
    """A request that came to an `HttpSink`. Header names are in lower case; `time` is monotonic, in seconds."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    time: float


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """A mail that came to an `SmtpSink`. `tls` says whether it came encrypted; `time` is monotonic, in seconds."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    tls: bool
    time: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What an `HttpSink` answers. `hold` keeps it back until the sink closes; `drip` sends byte by byte for ever."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    hold: bool = False
    drip: bool = False


class Inbox(Generic[Item]):
    """What came so far, and a way to wait for more."""

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """Record one."""
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()

    @property
    def items(self) -> list[Item]:
        """Everything so far, oldest first."""
        with self._changed:
            return list(self._items)

    def wait_for(self, count: int, timeout: float = 5.0) -> list[Item]:
        """Wait until at least so many came.

        Raises:
            TimeoutError: they did not within `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._items) >= count, timeout):
                raise TimeoutError(f"{len(self._items)} of {count} came within {timeout} s")
            return list(self._items)


class HttpSink(Inbox[Received]):
    """An HTTP server on loopback; a context manager. Answers by script first, then always with 204.

    Args:
        tls: Server side context; without it plain HTTP.
        port: Where to listen; 0 takes a free one.
        host: Address to listen on.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, port: int = 0, host: str = LOOPBACK) -> None:
        super().__init__()
        self._wanted_port = port
        self._host = host
        self._script: deque[Reply] = deque()
        self._tls = tls
        self._closing = threading.Event()
        self._stubborn = 0
        self._refused = ""

    def refuse_first_message(self, times: int) -> None:
        """Answer the first message that comes, and its repeats, with a failure so often; take every other."""
        self._stubborn = times

    def script(self, *replies: Reply) -> None:
        """Add answers for the next requests, one each."""
        self._script.extend(replies)

    def fail(self, times: int, status: int = 503) -> None:
        """Answer the next requests with a failure."""
        self.script(*[Reply(status)] * times)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Its address as a URL without a path."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}"

    def __enter__(self) -> Self:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except OSError:
                    # A caller that hangs up is what some tests are about.
                    self.close_connection = True

            def do_POST(self) -> None:
                sink._receive(self)

            def do_GET(self) -> None:
                sink._receive(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
                """Stay silent."""

        self._server = _Server((self._host, self._wanted_port), Handler, self._tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _receive(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("content-length", "0"))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        body = handler.rfile.read(length)
        if len(body) < length:
            return  # the caller died in the middle: this is no request
        reply = self._reply(headers.get("webhook-id", ""))
        self.put(Received(handler.command, handler.path, headers, body, time.monotonic()))
        if reply.hold:
            self._closing.wait()
        self._answer(handler, reply)

    def _reply(self, message: str) -> Reply:
        if self._stubborn and message == (self._refused or message):
            self._refused, self._stubborn = message, self._stubborn - 1
            return Reply(503)
        return self._script.popleft() if self._script else Reply()

    def _answer(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if reply.status != 204:  # noqa: PLR2004 - No Content has no length
            handler.send_header("content-length", str(10**6 if reply.drip else len(reply.body)))
        handler.end_headers()
        while reply.drip and not self._closing.wait(0.01):
            handler.wfile.write(b".")
            handler.wfile.flush()
        handler.wfile.write(reply.body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, where: tuple[str, int], handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None
    ) -> None:
        self._tls = tls
        super().__init__(where, handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the request's own thread, so that a bad caller blocks nobody."""
        if self._tls is None:
            super().finish_request(request, client_address)
            return
        try:
            wrapped = self._tls.wrap_socket(request, server_side=True)
        except OSError:
            return  # the caller refused our certificate, or speaks no TLS
        with wrapped:
            super().finish_request(wrapped, client_address)


class SmtpSink(Inbox[ReceivedMail]):
    """A mail server on loopback; a context manager.

    Args:
        tls: Server side context; with it STARTTLS is offered.
        port: Where to listen; 0 takes a free one.
        host: Address to listen on.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, port: int = 0, host: str = LOOPBACK) -> None:
        super().__init__()
        self._wanted_port = port
        self._host = host
        self._tls = tls
        self._refusals: dict[str, deque[str]] = {"RCPT": deque(), "DATA": deque()}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self.port = 0

    def refuse(self, reply: str, times: int = 1, *, at: str = "RCPT") -> None:
        """Answer the next mails with a refusal such as `451 later`, at `RCPT` or at `DATA`."""
        self._refusals[at].extend([reply] * times)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(self._loop.create_server(self._session, self._host, self._wanted_port))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        self._loop.run_until_complete(server.wait_closed())
        self._loop.close()

    def _session(self) -> Any:
        return SMTP(self, tls_context=self._tls, hostname="sink.test", loop=self._loop)

    async def handle_RCPT(  # noqa: N802 - the name is the library's
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or refuse it by script."""
        if self._refusals["RCPT"]:
            return self._refusals["RCPT"].popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - as above
        """Take a mail, or refuse it by script."""
        if self._refusals["DATA"]:
            return self._refusals["DATA"].popleft()
        recipients = tuple(envelope.rcpt_tos)
        encrypted = session.ssl is not None
        self.put(ReceivedMail(envelope.mail_from, recipients, envelope.content, encrypted, time.monotonic()))
        return "250 taken"
