"""Contents of deliveries, from a store that lost a part of them."""

from hashlib import sha256
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from lienthong.chassis.engines.directory_blobs import DirectoryBlobs
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.ids import Uuid7Source
from lienthong.chassis.rpc.call import Content
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted
from lienthong.routing.contents import Renderer

CONTENT = b"%PDF-1.7" * 100


def keep(folder: Path) -> tuple[Content, Path]:
    """Keeps a document with one attachment; gives the attachment, and the file in which it lies."""
    blobs = DirectoryBlobs(folder, Uuid7Source())
    with blobs.create() as writer:
        writer.write(CONTENT)
    accepted = DocumentAccepted(document="7")
    stored = accepted.attachments.add()
    stored.attachment.size, stored.blob.key = len(CONTENT), writer.key
    stored.attachment.sha256 = sha256(CONTENT).digest()
    content = Renderer(blobs).attachment(accepted, "0")
    assert content is not None
    (file,) = (one for one in folder.rglob("*") if one.is_file())
    return content, file


def test_a_content_that_is_other_than_it_was(tmp_path: Path) -> None:
    """Nobody gets the whole of it: its reader is told to come again, and the operator which one it is."""
    content, file = keep(tmp_path)
    file.write_bytes(b"%PDF-1.6" * 100)
    with capture_logs() as logs, pytest.raises(AxisError) as refused:
        list(content.read(0))
    assert (refused.value.code, refused.value.reason) == (Code.UNAVAILABLE, "CONTENT_DAMAGED")
    assert [line["key"] for line in logs] == [file.name]


def test_a_content_that_is_shorter_than_it_was(tmp_path: Path) -> None:
    """Its reader is told that a part is lost, and to come again: a shorter one would look as if that were all."""
    content, file = keep(tmp_path)
    assert b"".join(content.read(0)) == CONTENT
    assert b"".join(content.read(5)) == CONTENT[5:]
    assert b"".join(content.read(len(CONTENT))) == b""
    file.write_bytes(CONTENT[:100])
    for offset in (0, 100):
        with capture_logs() as logs, pytest.raises(AxisError) as refused:
            list(content.read(offset))
        assert (refused.value.code, refused.value.reason) == (Code.UNAVAILABLE, "CONTENT_GONE")
        assert [line["key"] for line in logs] == [file.name]
