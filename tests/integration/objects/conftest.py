"""Places in a real object store, and the store itself for tests that take it away."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from tests.stores import section

from lienthong.chassis.engines.objects.store import ObjectBlobs
from lienthong.chassis.ids import Uuid7Source
from lienthong.dev.objects import ObjectServer


@pytest.fixture
def server(object_server: ObjectServer) -> Iterator[ObjectServer]:
    """The server; it is up again after the test.

    One that has just started takes seconds for its first content on a busy machine, more than tests give it.
    """
    with ObjectBlobs(section(object_server, "first"), Uuid7Source()).create() as writer:
        writer.write(bytes(5_000_000))
        writer.commit()
    yield object_server
    object_server.resume()
    object_server.start()


@pytest.fixture
def blobs(server: ObjectServer, tmp_path: Path) -> ObjectBlobs:
    """An empty place in the store, asked with short deadlines."""
    settings = section(
        server, uuid4().hex, request_seconds=2.0, retries=1, retry_seconds=1.0, scratch=tmp_path / "scratch"
    )
    return ObjectBlobs(settings, Uuid7Source())
