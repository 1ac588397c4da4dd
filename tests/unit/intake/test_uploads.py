"""Uploads that meet a full disk, and those whose time is over."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.small_disk import SmallDisk, small_disk

from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.renditions import keep_plan
from lienthong.chassis.rpc.call import UploadSink
from lienthong.common.v1 import document_pb2
from lienthong.events.v1.intake_documents_pb2 import DocumentAccepted, Rendition
from lienthong.intake.component import build
from lienthong.intake.config import IntakeSection
from lienthong.intake.handlers.sweep import sweep_orphans, sweep_uploads
from lienthong.intake.v1 import intake_pb2 as pb
from lienthong.testing.service import VPCP, ServiceBench, service_bench

DATA = hashlib.shake_128(b"content").digest(1_000_000)
DURABLE = 200_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk for contents alone, in the folder of intake."""
    with small_disk(tmp_path / "disk", 3_000_000) as made:
        (tmp_path / "blobs").symlink_to(made.seen)
        yield made


@pytest.mark.parametrize("piece", [1000, 100_000], ids=["small pieces", "large pieces"])
def test_an_upload_goes_on_when_there_is_room_again(tmp_path: Path, disk: SmallDisk, piece: int) -> None:
    """A full disk is told as such, and takes back nothing that was durable: the client goes on from there."""
    intake = service_bench(tmp_path, "intake", build, IntakeSection())
    api, door = intake.api("Intake"), intake.component.doors[0]
    call = intake.call(VPCP, "lienthong.intake.v1.Intake/CreateUpload")
    upload = api.create_upload(pb.CreateUploadRequest(size=len(DATA), request_id="one"), call)
    sink = door.open_upload(upload.name, call)
    sink.write(0, DATA[:DURABLE])
    sink.flush(finish=False)
    ballast = disk.fill()
    with pytest.raises(AxisError) as full:
        write_all(sink, DURABLE, piece)
    assert full.value.reason == "STORAGE_FULL"
    with suppress(AxisError):
        sink.close()
    ballast.unlink()
    again = door.open_upload(upload.name, call)
    assert again.committed >= DURABLE
    again.write(again.committed, DATA[again.committed :])
    assert again.flush(finish=True) == len(DATA)
    again.close()
    told = api.get_upload(pb.GetUploadRequest(name=upload.name), call)
    assert (told.complete, told.sha256) == (True, hashlib.sha256(DATA).digest())


def test_an_upload_whose_time_is_over_is_in_no_document(intake: ServiceBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Swept away while a submission reads it, an upload is gone: no document is accepted without its content."""
    api, door = intake.api("Intake"), intake.component.doors[0]
    call = intake.call(VPCP, "lienthong.intake.v1.Intake/CreateUpload")
    upload = api.create_upload(pb.CreateUploadRequest(request_id="one"), call).name
    sink = door.open_upload(upload, call)
    sink.write(0, DATA)
    sink.flush(finish=True)
    sink.close()

    def sweep_first(rendition: Rendition, plan: bytes, blobs: BlobStore) -> None:
        intake.clock.advance(days=2)
        sweep_uploads(intake.context.units, blobs, IntakeSection())
        keep_plan(rendition, plan, blobs)

    header = document_pb2.DocumentHeader(
        number="1",
        notation="VPCP-TH",
        subject="V/v tải lên",
        kind=document_pb2.DOCUMENT_KIND_NEW,
        recipients=[document_pb2.Organization(code="000.00.00.H29")],
    )
    content = pb.DocumentContent(header=header, attachments=[pb.AttachmentContent(name="a.bin", upload=upload)])
    monkeypatch.setattr("lienthong.intake.handlers.accept.keep_plan", sweep_first)
    with pytest.raises(AxisError) as gone:
        api.submit_document(pb.SubmitDocumentRequest(document=content, request_id="two"), call)
    assert (gone.value.code, gone.value.metadata["resource"]) == (Code.NOT_FOUND, upload)
    assert intake.told(DocumentAccepted) == []


def write_all(sink: UploadSink, start: int, piece: int) -> None:
    """Sends the rest in pieces."""
    for place in range(start, len(DATA), piece):
        sink.write(place, DATA[place : place + piece])
    sink.flush(finish=True)


def test_contents_of_another_installation_are_no_orphans(tmp_path: Path) -> None:
    """Whoever names the store of somebody else by mistake, or begins with an empty database, removes nothing there."""
    ours = service_bench(tmp_path / "ours", "intake", build, IntakeSection()).context
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "blobs").symlink_to(tmp_path / "ours" / "blobs")
    theirs = service_bench(tmp_path / "theirs", "intake", build, IntakeSection())
    with ours.base.blobs.create() as writer:
        writer.write(DATA)
    assert sweep_orphans(ours.units, ours.base.blobs) == 0
    with ours.base.blobs.local(writer.key) as place:
        os.utime(place, (0, 0))
    with capture_logs() as logs:
        assert sweep_orphans(theirs.context.units, theirs.context.base.blobs) == 0
    assert [line["log_level"] for line in logs] == ["error"]
    assert [check.well for check in theirs.component.examine()] == [False]
    assert sweep_orphans(ours.units, ours.base.blobs) == 1
