"""For all tests: the program's log goes to standard error, never into what a test reads; servers of engines."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from lienthong.chassis import logging

if TYPE_CHECKING:
    from lienthong.dev.objects import ObjectServer

logging.configure("INFO", "text")


@pytest.fixture(scope="session")
def object_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator["ObjectServer"]:
    """An object store, one for all tests of a process; each takes a place of its own in it."""
    from lienthong.dev.objects import ObjectServer

    server = ObjectServer(tmp_path_factory.mktemp("objects"), tied=True)
    try:
        server.start()
        yield server
    finally:
        server.kill()
