"""For all tests: the program's log goes to standard error, never into what a test reads; servers of engines."""

from collections.abc import Iterator

import pytest

from lienthong.chassis import logging
from lienthong.dev.objects import ObjectServer

logging.configure("INFO", "text")


@pytest.fixture(scope="session")
def object_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServer]:
    """An object store, one for all tests of a process; each takes a place of its own in it."""
    server = ObjectServer(tmp_path_factory.mktemp("objects"), tied=True)
    server.start()
    yield server
    server.kill()
