"""The disk of the object store is full: writers are told, nothing that was stored is lost, and it ends by itself."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.small_disk import SmallDisk, small_disk
from tests.stores import section
from tests.waiting import eventually

from lienthong.chassis.engines.objects.store import ObjectBlobs
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.ids import Uuid7Source
from lienthong.dev.objects import ObjectServer
from lienthong.dev.servers import Command

DISK_BYTES = 16 * 1024 * 1024
DATA = b"content" * 100_000


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDisk]:
    """A small disk on which the store keeps its objects."""
    plain = ObjectServer._command
    with small_disk(tmp_path / "objects" / "data", DISK_BYTES) as made:
        (made.seen / "lienthong").mkdir()

        def within(server: ObjectServer) -> Command:
            command = plain(server)
            return replace(command, arguments=(*made.inside, *command.arguments))

        monkeypatch.setattr(ObjectServer, "_command", within)
        yield made


@pytest.fixture
def blobs(tmp_path: Path, disk: SmallDisk) -> Iterator[ObjectBlobs]:
    """The store on it, with its server."""
    assert disk.seen.is_dir()
    server = ObjectServer(tmp_path / "objects", tied=True)
    try:
        server.start()
        yield ObjectBlobs(section(server, "axis", scratch=tmp_path / "scratch"), Uuid7Source())
    finally:
        server.kill()


def stored(blobs: ObjectBlobs) -> str:
    """Stores a content; gives its key."""
    with blobs.create() as writer:
        writer.write(DATA)
    return writer.key


def test_a_full_disk(blobs: ObjectBlobs, disk: SmallDisk) -> None:
    """Writers are refused and may repeat, reading goes on; once there is room, nobody needs to do anything."""
    key = stored(blobs)
    ballast = disk.fill()
    with pytest.raises(AxisError) as full:
        stored(blobs)
    # This server does not say why; those that do are told apart in tests of the contract.
    assert (full.value.code, full.value.reason) == (Code.UNAVAILABLE, "CONTENT_STORE_AWAY")
    assert full.value.retry_after is not None
    assert blobs.open(key).read() == DATA
    ballast.unlink()

    def again() -> str:
        try:
            return stored(blobs)
        except AxisError:
            return ""

    assert blobs.open(eventually(again)).read() == DATA
