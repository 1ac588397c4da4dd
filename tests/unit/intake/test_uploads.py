"""Uploads that meet a full disk, and those whose time is over."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.small_disk import SmallDisk, small_disk
from tests.unit.intake.test_submit import file_of, vpcp

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

    monkeypatch.setattr("lienthong.intake.handlers.accept.keep_plan", sweep_first)
    with pytest.raises(AxisError) as gone:
        api.submit_document(pb.SubmitDocumentRequest(document=attaching(upload), request_id="two"), call)
    assert (gone.value.code, gone.value.metadata["resource"]) == (Code.NOT_FOUND, upload)
    assert intake.told(DocumentAccepted) == []


def test_an_upload_that_expired_is_opened_anew(intake: ServiceBench) -> None:
    """A repeat answers with the same upload while it lasts, and never with one that is gone."""
    api, call = intake.api("Intake"), intake.call(VPCP, "lienthong.intake.v1.Intake/CreateUpload")
    request = pb.CreateUploadRequest(size=100, request_id="one")
    first = api.create_upload(request, call)
    assert api.create_upload(request, call) == first
    weekend(intake)
    second = api.create_upload(request, call)
    assert second.name != first.name
    assert api.create_upload(request, call).name == second.name
    assert api.get_upload(pb.GetUploadRequest(name=second.name), call).committed_size == 0


@pytest.mark.parametrize("typed", [False, True], ids=["a file", "types"])
def test_a_repeat_has_its_receipt_when_the_upload_is_gone(intake: ServiceBench, *, typed: bool) -> None:
    """A sender that missed the answer on Friday gets it on Monday, by the same request and after another upload."""
    content = file_of()
    name = uploaded(intake, content, "one")
    receipt = handed_in(intake, name, typed=typed)
    weekend(intake)
    assert handed_in(intake, name, typed=typed) == receipt
    assert handed_in(intake, uploaded(intake, content, "one"), typed=typed) == receipt
    other = uploaded(intake, file_of(subject="Khác"), "two")
    assert reason_of(lambda: handed_in(intake, other, typed=typed)) == "REQUEST_ID_REUSED"
    assert reason_of(lambda: handed_in(intake, "uploads/none", typed=typed)) == "RESOURCE_NOT_FOUND"


@pytest.mark.parametrize("typed", [False, True], ids=["a file", "types"])
def test_what_a_document_took_is_held_no_more(tmp_path: Path, *, typed: bool) -> None:
    """An agency uploads on once documents took what it uploaded; what no document holds goes with its time."""
    content = file_of()
    bench = service_bench(tmp_path, "intake", build, IntakeSection(upload_bytes_per_agency=len(content)))
    handed_in(bench, uploaded(bench, content, "one"), typed=typed)
    uploaded(bench, content, "two")
    kept = len(list(bench.context.base.blobs.entries()))
    weekend(bench)
    assert len(list(bench.context.base.blobs.entries())) == kept - (1 if typed else 2)


@pytest.mark.parametrize("complete", [False, True], ids=["under way", "complete"])
def test_last_bytes_end_where_the_upload_ends(intake: ServiceBench, *, complete: bool) -> None:
    """Last bytes that end before others that came are of another content: nothing is completed in silence."""
    with closing(opened(intake)) as sink:
        sink.write(0, DATA[:100], last=complete)
        sink.flush(finish=complete)
        assert reason_of(lambda: sink.write(0, DATA[:50], last=True)) == "UPLOAD_LENGTH_DIFFERS"
        sink.write(0, DATA[:50])  # they are not called the last: passed over
        sink.write(0, b"", last=True)
        assert sink.flush(finish=True) == 100


def test_bytes_beyond_what_was_announced_are_not_taken(intake: ServiceBench) -> None:
    """An upload that was announced with a length takes no more, and can still be finished at it."""
    with closing(opened(intake, size=200)) as sink:
        sink.write(0, DATA[:100])
        assert reason_of(lambda: sink.write(100, DATA[100:300])) == "UPLOAD_LENGTH_DIFFERS"
        sink.write(100, DATA[100:200], last=True)
        assert sink.flush(finish=True) == 200


def test_an_agency_drops_what_it_does_not_finish(tmp_path: Path) -> None:
    """Uploads that were left behind are listed, and each that is dropped makes room for another; its bytes are gone."""
    intake = service_bench(tmp_path, "intake", build, IntakeSection(uploads_per_agency=2, upload_bytes_per_agency=300))
    left = [begun(intake, key, size=100) for key in ("one", "two")]
    full = reason_of(lambda: begun(intake, "three", size=100))
    assert full == "UPLOADS_TOO_MANY"
    assert [(one.name, one.committed_size, one.size) for one in listed(intake)] == [(n, 10, 100) for n in left[::-1]]
    assert dropped(intake, left[0], "drop") == dropped(intake, left[0], "drop") == pb.DeleteUploadResponse()
    assert reason_of(lambda: dropped(intake, left[0], "again")) == "RESOURCE_NOT_FOUND"
    assert len(list(intake.context.base.blobs.entries())) == 1
    third = begun(intake, "three", size=100)
    assert [one.name for one in listed(intake)] == [third, left[1]]


def test_what_a_document_took_stays_when_its_upload_is_dropped(intake: ServiceBench) -> None:
    """An upload that a document took is in no list; dropping it takes nothing from the document."""
    name = uploaded(intake, DATA, "one")
    assert [one.complete for one in listed(intake)] == [True]
    handed_in(intake, name, typed=True)
    assert listed(intake) == []
    kept = {one.key for one in intake.context.base.blobs.entries()}
    dropped(intake, name, "drop")
    assert {one.key for one in intake.context.base.blobs.entries()} == kept


@pytest.mark.parametrize("finish", [False, True], ids=["under way", "last"])
def test_who_writes_into_a_dropped_upload_is_told(intake: ServiceBench, *, finish: bool) -> None:
    """A stream that goes on in an upload that was dropped is told that it is gone, by its name."""
    sink = opened(intake)
    sink.write(0, DATA[:100])
    (name,) = (one.name for one in listed(intake))
    dropped(intake, name, "drop")
    with pytest.raises(AxisError) as gone:
        sink.flush(finish=finish)
    assert (gone.value.code, gone.value.metadata["resource"]) == (Code.NOT_FOUND, name)
    with suppress(AxisError):  # it says so once more where bytes are left
        sink.close()


def test_a_gap_is_told_with_where_to_go_on(intake: ServiceBench) -> None:
    """What came before a gap is kept before the gap is refused: the answer names all of it."""
    with closing(opened(intake)) as sink:
        sink.write(0, DATA[:100])
        with pytest.raises(AxisError, match="go on from 100") as gap:
            sink.write(101, DATA[101:200])
        assert gap.value.metadata["committed_size"] == str(sink.committed) == "100"


def weekend(intake: ServiceBench) -> None:
    """Lets the time of uploads pass."""
    intake.clock.advance(days=3)
    sweep_uploads(intake.context.units, intake.context.base.blobs, IntakeSection())


def uploaded(intake: ServiceBench, data: bytes, key: str) -> str:
    """Brings a content in; gives the name of its upload."""
    call = intake.call(VPCP, "lienthong.intake.v1.Intake/CreateUpload")
    upload: pb.Upload = intake.api("Intake").create_upload(pb.CreateUploadRequest(size=len(data), request_id=key), call)
    with closing(intake.component.doors[0].open_upload(upload.name, call)) as sink:
        sink.write(0, data, last=True)
        sink.flush(finish=True)
    return upload.name


def handed_in(intake: ServiceBench, upload: str, *, typed: bool) -> pb.Receipt:
    """Hands in what an upload holds, under one key: as the file, or as an attachment."""
    api, key = intake.api("Intake"), "document"
    receipt: pb.Receipt = (
        api.submit_document(pb.SubmitDocumentRequest(document=attaching(upload), request_id=key), vpcp(intake))
        if typed
        else api.submit_edxml(pb.SubmitEdxmlRequest(upload=upload, request_id=key), vpcp(intake, "SubmitEdxml"))
    )
    return receipt


def attaching(upload: str) -> pb.DocumentContent:
    """A document in types with an upload as its attachment."""
    header = document_pb2.DocumentHeader(
        number="1",
        notation="VPCP-TH",
        subject="V/v tải lên",
        kind=document_pb2.DOCUMENT_KIND_NEW,
        recipients=[document_pb2.Organization(code="000.00.00.H29")],
    )
    return pb.DocumentContent(header=header, attachments=[pb.AttachmentContent(name="a.bin", upload=upload)])


def begun(intake: ServiceBench, key: str, size: int) -> str:
    """Opens an upload and brings ten bytes of it; gives its name."""
    call = intake.call(VPCP, "lienthong.intake.v1.Intake/CreateUpload")
    upload: pb.Upload = intake.api("Intake").create_upload(pb.CreateUploadRequest(size=size, request_id=key), call)
    with closing(intake.component.doors[0].open_upload(upload.name, call)) as sink:
        sink.write(0, DATA[:10])
        sink.flush(finish=False)
    return upload.name


def listed(intake: ServiceBench) -> list[pb.Upload]:
    """Lists what the agency has uploaded, by pages of one."""
    api, call, found, token = intake.api("Intake"), vpcp(intake, "ListUploads"), list[pb.Upload](), ""
    while True:
        page = api.list_uploads(pb.ListUploadsRequest(page_size=1, page_token=token), call)
        found.extend(page.uploads)
        token = page.next_page_token
        if not token:
            return found


def dropped(intake: ServiceBench, name: str, key: str) -> pb.DeleteUploadResponse:
    """Drops an upload."""
    request = pb.DeleteUploadRequest(name=name, request_id=key)
    answer: pb.DeleteUploadResponse = intake.api("Intake").delete_upload(request, vpcp(intake, "DeleteUpload"))
    return answer


def opened(intake: ServiceBench, size: int = 0) -> UploadSink:
    """Opens an upload for writing."""
    call = intake.call(VPCP, "lienthong.intake.v1.Intake/CreateUpload")
    upload = intake.api("Intake").create_upload(pb.CreateUploadRequest(size=size, request_id="one"), call)
    return intake.component.doors[0].open_upload(upload.name, call)


def reason_of(action: Callable[[], object]) -> str:
    """Gives the reason for which something is refused."""
    with pytest.raises(AxisError) as refusal:
        action()
    return refusal.value.reason


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
