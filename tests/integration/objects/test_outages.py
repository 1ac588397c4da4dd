"""The store is away, slow, or goes in the middle: callers are told to try again, and no byte is lost or made up."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.stores import Wire, through

from lienthong.chassis.engines.objects.store import ObjectBlobs
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.ids import Uuid7Source
from lienthong.dev.objects import ObjectServer

DATA = hashlib.shake_128(b"content").digest(9_000_000)
LONGEST_SECONDS = 6.0
"""Two requests of two seconds, the pause between them, and what a busy machine adds."""


@pytest.fixture
def wire(server: ObjectServer) -> Iterator[Wire]:
    """A way to the server on which connections break."""
    with closing(Wire(server.port)) as found:
        yield found


def stored(blobs: ObjectBlobs, data: bytes = DATA) -> str:
    """Puts a blob into the store."""
    with blobs.create() as writer:
        writer.write(data)
    return writer.key


def away(error: AxisError) -> bool:
    """Tells whether a caller is told to try again later."""
    return (error.code, error.reason) == (Code.UNAVAILABLE, "CONTENT_STORE_AWAY") and error.retry_after is not None


def test_a_store_that_is_away_at_the_start(server: ObjectServer, blobs: ObjectBlobs) -> None:
    """A store is opened without its server, which is UNAVAILABLE until it is there."""
    key = stored(blobs)
    server.kill()
    early = ObjectBlobs(blobs._section, Uuid7Source())
    with pytest.raises(AxisError) as refused:
        early.open(key)
    assert away(refused.value)
    server.start()
    assert early.open(key).read() == DATA


def test_a_server_killed_in_an_upload(server: ObjectServer, blobs: ObjectBlobs) -> None:
    """What was durable survives the server; what was not is still in hand, and the upload goes on."""
    writer = blobs.resume(Uuid7Source().new(), 0)
    writer.write(DATA[:5_000_000])
    assert writer.sync() == 5_000_000
    writer.write(DATA[5_000_000:8_000_000])
    server.kill()
    for step in (writer.sync, writer.commit):
        with pytest.raises(AxisError) as refused:
            step()
        assert away(refused.value)
    server.start()
    assert writer.sync() == 8_000_000
    writer.close()
    again = ObjectBlobs(blobs._section, Uuid7Source()).resume(writer.key, 8_000_000)
    again.write(DATA[8_000_000:])
    again.commit()
    assert blobs.open(writer.key).read() == DATA


def test_a_server_killed_in_a_download(server: ObjectServer, blobs: ObjectBlobs) -> None:
    """Reading stops with UNAVAILABLE and goes on at the place where it stopped."""
    with blobs.open(stored(blobs)) as stream:
        assert stream.read(1_000_000) == DATA[:1_000_000]
        server.kill()
        with pytest.raises(AxisError) as refused:
            stream.read()
        assert away(refused.value)
        server.start()
        stream.seek(1_000_000)
        assert stream.read() == DATA[1_000_000:]


def test_a_connection_that_breaks_in_an_answer(blobs: ObjectBlobs, wire: Wire) -> None:
    """An answer that breaks off is never taken for the end: the rest is asked for again."""
    keys = [stored(blobs), stored(blobs, DATA[:2_000_000])]
    for key, length in zip(keys, (len(DATA), 2_000_000), strict=True):
        # A new client for each, because a connection that is open already would not break.
        wire.cuts = [100_000, 300_000]
        broken = wire.cut
        store = through(blobs, wire.port, retries=5)
        assert store.open(key).read() == DATA[:length]
        assert wire.cut > broken


def test_a_commit_whose_answer_is_lost(blobs: ObjectBlobs, wire: Wire) -> None:
    """A commit that was done, and whose answer never came, is done: once, and asking again says so."""
    store = through(blobs, wire.port, retries=0)
    for data in (b"small", DATA[:4_500_000]):
        writer = store.create()
        writer.write(data)
        if len(data) > len(b"small"):
            writer.sync()
        wire.cuts = [0]
        # A new client: its connection is one that will break.
        writer._bucket = through(blobs, wire.port, retries=0)._bucket
        with pytest.raises(AxisError) as refused:
            writer.commit()
        assert away(refused.value)
        assert blobs.open(writer.key).read() == data
        writer.commit()
        writer.commit()
    assert len(list(blobs.entries())) == 2


def test_a_server_that_does_not_answer(server: ObjectServer, blobs: ObjectBlobs) -> None:
    """Every request has a deadline."""
    key, unfinished = stored(blobs), blobs.resume(Uuid7Source().new(), 0)
    unfinished.write(b"x")
    server.pause()
    asks = (
        lambda: blobs.open(key),
        lambda: blobs.resume(key, 1),
        unfinished.sync,
        lambda: list(blobs.entries()),
        lambda: blobs.delete(key),
    )
    for ask in asks:
        began = time.monotonic()
        with pytest.raises(AxisError) as refused:
            ask()
        assert away(refused.value)
        assert time.monotonic() - began < LONGEST_SECONDS
    server.resume()
    assert blobs.open(key).read() == DATA


def test_a_local_copy_ends_with_its_block(blobs: ObjectBlobs, tmp_path: Path) -> None:
    """However a block ends, its local copy is gone; one that cannot be made whole leaves nothing either."""
    key = stored(blobs)
    with blobs.local(key) as place:
        assert place.read_bytes() == DATA
    with pytest.raises(KeyError), blobs.local(key):
        raise KeyError
    assert not list((tmp_path / "scratch").iterdir())


def test_segments_that_vanish_are_no_end(blobs: ObjectBlobs, tmp_path: Path) -> None:
    """A blob that is deleted while it is read, or copied, is NOT_FOUND and not shorter."""
    key = stored(blobs)
    with blobs.open(key) as stream:
        blobs._bucket.delete(one["path"] for one in blobs._bucket.list("segments"))
        for read in (stream.read, lambda: blobs.local(key).__enter__()):
            with pytest.raises(AxisError) as refused:
                read()
            assert refused.value.code is Code.NOT_FOUND
    assert not list((tmp_path / "scratch").iterdir())
