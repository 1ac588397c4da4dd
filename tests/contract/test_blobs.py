"""The blob store contract: invisible before the commit, durable after it, resumable in between."""

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.stores import refusing, through

from lienthong.chassis.engines.blobs import BlobStore, BlobWriter, open_kept
from lienthong.chassis.engines.directory_blobs import DirectoryBlobs
from lienthong.chassis.engines.objects.store import ObjectBlobs
from lienthong.chassis.engines.stores import open_blobs
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.ids import Uuid7Source

KEY = "01900000-0000-7000-8000-000000000001"


def read(blobs: BlobStore, key: str) -> bytes:
    """Reads a blob."""
    with blobs.open(key) as stream:
        return stream.read()


def missing(blobs: BlobStore, key: str) -> bool:
    """Tells whether a blob is NOT_FOUND by every way in."""
    with pytest.raises(AxisError) as refused:
        blobs.open(key)
    assert refused.value.code is Code.NOT_FOUND
    with pytest.raises(AxisError) as refused, blobs.local(key):
        pytest.fail(f"{key} has a file")
    assert refused.value.code is Code.NOT_FOUND
    return True


def test_committed_content_is_read(blobs: BlobStore) -> None:
    """What was written and committed is read back, seekable, from its key or a local file."""
    with blobs.create() as writer:
        assert writer.write(b"one") == 3
        writer.write(b"two")
    assert read(blobs, writer.key) == b"onetwo"
    with blobs.local(writer.key) as place:
        assert place.read_bytes() == b"onetwo"
    with blobs.open(writer.key) as stream:
        stream.seek(3)
        assert stream.read() == b"two"
        with blobs.local(writer.key, stream) as place:
            assert place.read_bytes() == b"onetwo"


def test_content_that_a_document_names_is_gone(blobs: BlobStore) -> None:
    """It is no fault of the caller, who may come again once it was brought back; the operator is told which one."""
    with blobs.create() as writer:
        writer.write(b"kept")
    with open_kept(blobs, writer.key) as stream:
        assert stream.read() == b"kept"
    blobs.delete(writer.key)
    with capture_logs() as logs, pytest.raises(AxisError) as refused:
        open_kept(blobs, writer.key)
    assert (refused.value.code, refused.value.reason) == (Code.UNAVAILABLE, "CONTENT_GONE")
    assert [(line["log_level"], line["key"]) for line in logs] == [("error", writer.key)]


def test_a_store_has_one_owner(blobs: BlobStore) -> None:
    """Whoever claims it first keeps it, at every claim; it is none of its blobs."""
    assert [blobs.claim(owner) for owner in ("first", "second", "first")] == [True, False, True]
    assert list(blobs.entries()) == []


def test_invisible_before_the_commit(blobs: BlobStore) -> None:
    """Until it is committed a blob does not exist for readers; its beginning can be read as unfinished."""
    writer = blobs.create()
    writer.write(b"half")
    writer.flush()
    assert missing(blobs, writer.key)
    with blobs.open_partial(writer.key) as stream:
        assert stream.read() == b"half"
    writer.commit()
    assert read(blobs, writer.key) == b"half"
    with pytest.raises(AxisError):
        blobs.open_partial(writer.key)


def test_discarded_content_is_gone(blobs: BlobStore) -> None:
    """A writer whose block raises leaves nothing behind, nor does one that is discarded, also twice."""
    writer = blobs.create()
    with pytest.raises(TypeError), writer:
        writer.write("x")  # type: ignore[arg-type] # fails inside the block
    writer.discard()
    assert missing(blobs, writer.key)
    assert list(blobs.entries()) == []


def test_an_upload_begins_at_nothing(blobs: BlobStore) -> None:
    """A blob under a key chosen earlier begins with `resume` at 0."""
    writer = blobs.resume(KEY, 0)
    writer.write(b"first")
    writer.commit()
    assert read(blobs, KEY) == b"first"


def test_resume_goes_on_after_what_is_durable(blobs: BlobStore) -> None:
    """A resumed writer goes on after the bytes that were durable; later ones were never promised."""
    writer = blobs.resume(KEY, 0)
    writer.write(b"durable")
    assert writer.sync() == 7
    writer.write(b" lost")
    writer.close()
    again = blobs.resume(KEY, 7)
    again.write(b" kept")
    again.commit()
    assert read(blobs, KEY) == b"durable kept"


def test_resume_beyond_what_is_durable(blobs: BlobStore) -> None:
    """More bytes than there are cannot be resumed, nor can a blob that is committed or was never begun."""
    writer = blobs.resume(KEY, 0)
    writer.write(b"abc")
    assert writer.sync() == 3
    writer.close()
    for size in (4, 100):
        with pytest.raises(AxisError) as refused:
            blobs.resume(KEY, size)
        assert refused.value.code is Code.NOT_FOUND
    blobs.resume(KEY, 3).commit()
    with pytest.raises(AxisError):
        blobs.resume(KEY, 3)


def test_beginning_again_forgets_the_first_bytes(blobs: BlobStore) -> None:
    """`resume` at 0 begins anew."""
    for text in (b"a long beginning", b"short"):
        writer = blobs.resume(KEY, 0)
        writer.write(text)
        writer.sync()
        writer.close()
    blobs.resume(KEY, 5).commit()
    assert read(blobs, KEY) == b"short"


def test_keys_are_random(blobs: BlobStore) -> None:
    """Nothing is shared: equal contents stand under keys of their own."""
    keys = set()
    for _ in range(3):
        with blobs.create() as writer:
            writer.write(b"same")
        keys.add(writer.key)
    assert len(keys) == 3


def test_deleted_content_is_gone(blobs: BlobStore) -> None:
    """A deleted blob is NOT_FOUND, unfinished ones too; deleting again is no error."""
    with blobs.create() as writer:
        writer.write(b"x")
    unfinished = blobs.create()
    unfinished.close()
    for key in (writer.key, unfinished.key, writer.key):
        blobs.delete(key)
    assert missing(blobs, writer.key)
    with pytest.raises(AxisError):
        blobs.open_partial(unfinished.key)


def test_the_sweeper_sees_everything(blobs: BlobStore) -> None:
    """Committed and unfinished blobs are listed with length and time, so that orphans of a crash can be found."""
    with blobs.create() as writer:
        writer.write(b"abc")
    unfinished = blobs.create()
    unfinished.write(b"ab")
    unfinished.sync()
    unfinished.close()
    found = {entry.key: entry.size for entry in blobs.entries()}
    assert found == {writer.key: 3, unfinished.key: 2}
    assert all(entry.modified.tzinfo is not None for entry in blobs.entries())


@pytest.mark.parametrize(
    "key", ["", "..", "../../etc/passwd", "/etc/passwd", "a" * 36, "é" * 36, "../" * 12, "incoming", KEY + "/x"]
)
def test_keys_that_are_none(blobs: BlobStore, key: str) -> None:
    """A key that is none leads nowhere: NOT_FOUND by every way in, and nothing is removed."""
    assert missing(blobs, key)
    for look in (blobs.open_partial, blobs.delete, lambda name: blobs.resume(name, 1)):
        try:
            look(key)
        except AxisError as error:
            assert error.code is Code.NOT_FOUND  # noqa: PT017 -- deleting what is not there may also pass


def test_large_content_is_read_from_any_place(blobs: BlobStore) -> None:
    """Content of any length is read to its last byte, from wherever, in pieces of any length."""
    data = hashlib.shake_128(b"content").digest(9_500_000)
    with blobs.create() as writer:
        for start in range(0, len(data), 999_999):
            writer.write(data[start : start + 999_999])
    assert read(blobs, writer.key) == data
    with blobs.local(writer.key) as place:
        assert place.read_bytes() == data
    with blobs.open(writer.key) as stream:
        stream.seek(5_000_000)
        with blobs.local(writer.key, stream) as place:
            assert place.read_bytes() == data
        for start, length in ((9_499_999, 9), (0, 1), (4_194_300, 10), (4_194_304, 300_000), (8_000_000, 70_000)):
            stream.seek(start)
            assert stream.read(length) == data[start : start + length]
            assert stream.tell() == min(start + length, len(data))
        assert stream.seek(-3, os.SEEK_END) == len(data) - 3
        assert stream.read() == data[-3:]
        assert stream.read(1) == b""
    assert [(entry.key, entry.size) for entry in blobs.entries()] == [(writer.key, len(data))]
    blobs.delete(writer.key)
    assert missing(blobs, writer.key)
    assert not list(blobs.entries())


def test_empty_content(blobs: BlobStore) -> None:
    """Content of no bytes is content, also when it came by an upload."""
    with blobs.create() as writer:
        pass
    blobs.resume(KEY, 0).commit()
    assert read(blobs, writer.key) == read(blobs, KEY) == b""


def test_another_process_opens_the_store(blobs: BlobStore) -> None:
    """By its address, as JSON, a store is opened elsewhere: what is durable is there, and can be gone on with."""
    other = open_blobs(json.loads(json.dumps(blobs.address())), Uuid7Source())
    first = blobs.resume(KEY, 0)
    first.write(b"here, ")
    durable = first.sync()
    first.close()
    with other.open_partial(KEY) as stream:
        assert stream.read() == b"here, "
    second = other.resume(KEY, durable)
    second.write(b"there")
    second.commit()
    assert read(blobs, KEY) == read(other, KEY) == b"here, there"
    with pytest.raises(AxisError):
        blobs.resume(KEY, durable)


@pytest.fixture(params=[(507, "XMinioStorageFull"), (403, "QuotaExceeded")], ids=["disk", "quota"])
def full(blobs: BlobStore, request: pytest.FixtureRequest) -> Iterator[BlobWriter]:
    """A writer whose store is full."""
    if isinstance(blobs, ObjectBlobs):
        with refusing(*request.param) as port:
            yield through(blobs, port, retries=0).create()
    elif isinstance(blobs, DirectoryBlobs):
        writer = blobs.create()
        # A device that is always full takes the place of the file.
        writer.close()
        writer._file = Path("/dev/full").open("wb")  # noqa: SIM115 -- the writer closes it
        yield writer
    else:
        pytest.fail("say here how this engine is made full")


def test_a_full_store(blobs: BlobStore, full: BlobWriter) -> None:
    """A full disk or quota is RESOURCE_EXHAUSTED, and nothing half written stays."""
    with pytest.raises(AxisError) as refused:
        full.write(b"x" * 5_000_000)
    assert (refused.value.code, refused.value.reason) == (Code.RESOURCE_EXHAUSTED, "STORAGE_FULL")
    assert list(blobs.entries()) == []


def test_other_failures_are_not_hidden(blobs: BlobStore) -> None:
    """What is not a full store is not told as one."""
    if isinstance(blobs, ObjectBlobs):
        with refusing(500, "InternalError") as port, pytest.raises(AxisError) as away:
            through(blobs, port, retries=0).create().commit()
        assert (away.value.code, away.value.reason) == (Code.UNAVAILABLE, "CONTENT_STORE_AWAY")
        return
    writer = blobs.create()
    writer.write(b"x")
    if isinstance(blobs, DirectoryBlobs):
        os.unlink(blobs._incoming / writer.key)  # noqa: PTH108 -- pulls the file away under the writer
    with pytest.raises(OSError) as failed:  # noqa: PT011 -- the number says which
        writer.commit()
    assert failed.value.errno == errno.ENOENT


def test_a_copy_keeps_its_key(blobs: BlobStore) -> None:
    """A blob that is copied from another store stands under the key that it has there; no other text is a key."""
    key = Uuid7Source().new()
    with blobs.create(key) as writer:
        writer.write(b"copied")
    assert writer.key == key
    with blobs.open(key) as stream:
        assert stream.read() == b"copied"
    with pytest.raises(AxisError):
        blobs.create("../elsewhere")
