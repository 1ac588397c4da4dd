"""An object store for tests: a place of its own in a real one, and doors to it that fail."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from lienthong.chassis.engines.objects.settings import ObjectsSection
from lienthong.chassis.engines.objects.store import ObjectBlobs
from lienthong.chassis.ids import Uuid7Source
from lienthong.dev.servers import EngineServer


def section(server: EngineServer, place: str, **changes: object) -> ObjectsSection:
    """Gives the settings of a place in a store, which no other place shares."""
    return ObjectsSection.model_validate({**server.settings(), "url": f"s3://lienthong/{place}", **changes})


def through(blobs: ObjectBlobs, port: int, **changes: object) -> ObjectBlobs:
    """Opens the same place by another port."""
    changes["endpoint"] = f"http://127.0.0.1:{port}"
    return ObjectBlobs(blobs._section.model_copy(update=changes), Uuid7Source())


@contextmanager
def refusing(status: int, code: str) -> Iterator[int]:
    """Answers every request to read or write with a status and an S3 error code; gives the port."""

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            body = f'<?xml version="1.0"?>\n<Error><Code>{code}</Code><Message>See {code}.</Message></Error>'.encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_PUT(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


class Wire:
    """Passes bytes on to a port, and breaks connections when it is told to."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self.cuts: list[int] = []
        """After how many bytes of the answer each of the next connections breaks."""
        self.cut = 0
        """How many were broken."""
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Takes no more connections."""
        # Closing alone would leave the thread waiting.
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                limit = self.cuts.pop(0) if self.cuts else None
                threading.Thread(target=self._pass, args=(near, far, None), daemon=True).start()
                threading.Thread(target=self._pass, args=(far, near, limit), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, limit: int | None) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(65_536):
                passed += len(data)
                if limit is not None and passed > limit:
                    self.cut += 1
                    break
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
