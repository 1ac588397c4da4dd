"""The blob store contract: invisible before the commit, durable after it, resumable in between."""

import errno
import os
from pathlib import Path

import pytest

from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.engines.directory_blobs import DirectoryBlobs
from lienthong.chassis.errors import AxisError, Code

KEY = "01900000-0000-7000-8000-000000000001"


def read(blobs: BlobStore, key: str) -> bytes:
    """Reads a blob."""
    with blobs.open(key) as stream:
        return stream.read()


def missing(blobs: BlobStore, key: str) -> bool:
    """Tells whether a blob is NOT_FOUND by every way in."""
    for look in (blobs.open, blobs.path):
        with pytest.raises(AxisError) as refused:
            look(key)
        assert refused.value.code is Code.NOT_FOUND
    return True


def test_committed_content_is_read(blobs: BlobStore) -> None:
    """What was written and committed is read back, seekable, from its key or its file."""
    with blobs.create() as writer:
        assert writer.write(b"one") == 3
        writer.write(b"two")
    assert read(blobs, writer.key) == b"onetwo"
    assert blobs.path(writer.key).read_bytes() == b"onetwo"
    with blobs.open(writer.key) as stream:
        stream.seek(3)
        assert stream.read() == b"two"


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


def test_a_full_disk(blobs: BlobStore) -> None:
    """A full disk is RESOURCE_EXHAUSTED, and nothing half written stays."""
    if not isinstance(blobs, DirectoryBlobs):
        pytest.fail("say here how this engine's disk is made full")
    writer = blobs.create()
    # A device that is always full takes the place of the file.
    writer.close()
    writer._file = Path("/dev/full").open("wb")  # noqa: SIM115 -- the writer closes it
    with pytest.raises(AxisError) as refused:
        writer.write(b"x" * 1_000_000)
    assert (refused.value.code, refused.value.reason) == (Code.RESOURCE_EXHAUSTED, "STORAGE_FULL")
    assert list(blobs.entries()) == []


def test_other_failures_of_the_disk_are_not_hidden(blobs: BlobStore) -> None:
    """What is not a full disk is not told as one."""
    writer = blobs.create()
    writer.write(b"x")
    if isinstance(blobs, DirectoryBlobs):
        os.unlink(blobs._incoming / writer.key)  # noqa: PTH108 -- pulls the file away under the writer
    with pytest.raises(OSError) as failed:  # noqa: PT011 -- the number says which
        writer.commit()
    assert failed.value.errno == errno.ENOENT
