"""A server beyond this machine is reached over TLS, and only when its certificate and its name are right.

The server here speaks no TLS; what stands before it does, as the protocol of PostgreSQL begins it.
"""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from lienthong.chassis.engines.postgres.database import PostgresDatabase
from lienthong.chassis.engines.postgres.settings import PostgresSection
from lienthong.chassis.errors import AxisError
from lienthong.dev.credentials import Credentials
from lienthong.dev.postgres import PostgresServer

_ASKED_FOR_TLS = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")


class Front:
    """Takes TLS connections on every address of loopback, and hands on what comes through them."""

    def __init__(self, files: Credentials, behind: int) -> None:
        self._behind = behind
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(files.certificate("server"), files.key("server"))
        self._loop = asyncio.new_event_loop()
        self.port = 0

    @contextmanager
    def open(self) -> Iterator[None]:
        """Serves during a block."""
        thread = threading.Thread(target=self._loop.run_forever)
        thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
            yield
        finally:
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "0.0.0.0", 0)  # noqa: S104 -- 127.0.0.2 is asked for too
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            assert await reader.readexactly(8) == _ASKED_FOR_TLS
            writer.write(b"S")
            await writer.start_tls(self._context)
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._behind)
            try:
                await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
            finally:
                inner_writer.close()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client thought better of it
        finally:
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgresServer]:
    """A server without TLS, also where its programs could."""
    made = PostgresServer(tmp_path / "postgres", tied=True, options={"ssl": "off"})
    made.start()
    yield made
    made.kill()


@pytest.fixture
def files(tmp_path: Path) -> Credentials:
    """An authority, and a server's certificate for 127.0.0.1."""
    made = Credentials(tmp_path / "credentials")
    made.make(("server",))
    return made


@pytest.fixture
def front(files: Credentials, server: PostgresServer) -> Iterator[Front]:
    """What speaks TLS."""
    made = Front(files, server.access.port)
    with made.open():
        yield made


def asked(section: PostgresSection) -> str:
    """Asks something; gives the answer, or what the driver said."""
    database = PostgresDatabase(section, "intake")
    try:
        with database.read() as connection:
            return str(connection.execute(text("SELECT 'answered'")).scalar_one())
    except AxisError as error:
        return f"{error.reason}: {error.__cause__}"
    finally:
        database.close()


def test_the_certificate_and_the_name_are_checked(
    section: PostgresSection, files: Credentials, front: Front, tmp_path: Path
) -> None:
    """A server that another authority certified, or under another name, or without TLS, is as good as away."""
    secure = section.model_copy(
        update={"tls": "verify", "ca_file": files.authority, "servers": (f"127.0.0.1:{front.port}",)}
    )
    assert asked(secure) == "answered"
    stranger = Credentials(tmp_path / "stranger")
    stranger.make(())
    for said, change in (
        ("certificate verify failed", {"ca_file": stranger.authority}),
        ("does not match host name", {"servers": (f"127.0.0.2:{front.port}",)}),
        ("does not support SSL", {"servers": section.servers}),
    ):
        answer = asked(secure.model_copy(update=change))
        assert answer.startswith("DATABASE_AWAY")
        assert said in answer
