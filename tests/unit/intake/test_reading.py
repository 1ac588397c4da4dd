"""Large files are read by a child process: the same results, and a child's end harms nobody."""

import hashlib
import io
import os
import signal
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.unit.intake.test_submit import file_of, vpcp
from tests.waiting import eventually

from lienthong import edxml
from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.engines.directory_blobs import DirectoryBlobs
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.ids import Uuid7Source
from lienthong.intake.component import build
from lienthong.intake.config import IntakeSection
from lienthong.intake.handlers.contents import commit, drop
from lienthong.intake.handlers.prepare import Prepared, RefusedError, limits_of, prepare_edxml, prepared_by
from lienthong.intake.reading import Readers
from lienthong.intake.v1 import intake_pb2 as pb
from lienthong.testing.service import service_bench

pytestmark = pytest.mark.children

CORPUS = sorted((Path(__file__).parents[2] / "corpus" / "edxml").glob("*.edxml"))
SECONDS = 30.0


@pytest.fixture
def blobs(tmp_path: Path) -> DirectoryBlobs:
    """An empty store."""
    return DirectoryBlobs(tmp_path / "blobs", Uuid7Source())


@contextmanager
def readers(blobs: BlobStore, **settings: Any) -> Iterator[Readers]:
    """Starts the readers with settings."""
    section = IntakeSection.model_validate(settings)
    pool = Readers(section, limits_of(section), blobs, Uuid7Source())
    try:
        yield pool
    finally:
        pool.stop(0.0)


@pytest.fixture
def stuck(blobs: DirectoryBlobs) -> str:
    """A blob that a reader never comes to the end of: whoever opens a pipe waits for whoever writes."""
    key = stored(blobs, b"x")
    with blobs.local(key) as place:
        place.unlink()
        os.mkfifo(place)
    return key


def stored(blobs: BlobStore, data: bytes) -> str:
    """Puts a blob into the store."""
    with blobs.create() as writer:
        writer.write(data)
    return writer.key


def outcome(prepare: Callable[[], Prepared], blobs: BlobStore) -> object:
    """Gives what preparing says, contents as bytes, so that two ways can be compared."""
    try:
        prepared = prepare()
    except RefusedError as error:
        return error.problems, error.header
    document = prepared.document
    commit(document.attachments)
    contents = []
    for one in document.attachments:
        with blobs.open(one.content.handle.key) as stream:  # type: ignore[attr-defined] # a writer of the store
            contents.append(stream.read())
    drop(blobs, document.attachments)
    return document, prepared.findings, prepared.received_sha256, prepared.received_size, prepared.outside, contents


def test_a_child_reads_as_the_call_itself_does(blobs: DirectoryBlobs) -> None:
    """Document, findings, hashes, contents and refusals with their places are the same for every file of the corpus."""
    section = IntakeSection()
    with readers(blobs) as pool:
        for file in CORPUS:
            data = file.read_bytes()
            key = stored(blobs, data)
            here = outcome(lambda data=data: prepare_edxml(iter([data]), blobs, section), blobs)  # type: ignore[misc]
            child = outcome(lambda key=key: prepared_by(pool.read(key)), blobs)  # type: ignore[misc]
            assert child == here, file.name
            blobs.delete(key)
        assert len(pool.pids()) == 1
    assert not list(blobs.entries()), "nothing is left of what was dropped or refused"


def test_a_child_takes_off_as_many_archives(blobs: DirectoryBlobs) -> None:
    """As many attachments as a file may have, each in several archives, are read by a child as by the call itself."""
    section = IntakeSection(attachments=3)
    data = file_of(attachments=tuple(attached(zipped(b"%PDF-1.7", 7), f"a{number}") for number in range(3)))
    key = stored(blobs, data)
    here = outcome(lambda: prepare_edxml(iter([data]), blobs, section), blobs)
    with readers(blobs, attachments=3) as pool:
        assert outcome(lambda: prepared_by(pool.read(key)), blobs) == here
    assert [entry.key for entry in blobs.entries()] == [key]


def test_a_child_that_is_killed_loses_nothing(blobs: DirectoryBlobs, stuck: str) -> None:
    """The caller is told to try again, nothing stays behind, and the next file gets a new child."""
    with readers(blobs) as pool, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(pool.read, stuck)
        pid = wait_for_child(pool)
        os.kill(pid, signal.SIGKILL)
        error = waiting.exception(SECONDS)
        assert isinstance(error, AxisError)
        assert (error.code, error.reason) == (Code.UNAVAILABLE, "READER_DIED")
        assert error.retry_after
        key = stored(blobs, CORPUS[0].read_bytes())
        assert outcome(lambda: prepared_by(pool.read(key)), blobs)
        assert pid not in pool.pids()


def test_a_file_that_takes_too_long_is_refused(blobs: DirectoryBlobs, stuck: str) -> None:
    """The time of one file is bounded; trying again would not help."""
    with readers(blobs, reader_seconds=0.2) as pool, pytest.raises(AxisError) as caught:
        pool.read(stuck)
    assert (caught.value.code, caught.value.reason) == (Code.INVALID_ARGUMENT, "READING_TIMED_OUT")


def test_a_file_that_needs_too_much_memory_is_refused(blobs: DirectoryBlobs) -> None:
    """What reading takes is bounded by the kernel; the file is refused, nothing stays behind, and the pool goes on."""
    section = IntakeSection().model_copy(update={"reader_memory_bytes": 1})
    key = stored(blobs, file_of(subject="x" * 2_000_000))
    pool = Readers(section, limits_of(section), blobs, Uuid7Source())
    try:
        for _ in range(2):
            with pytest.raises(AxisError) as caught:
                pool.read(key)
            assert (caught.value.code, caught.value.reason) == (Code.INVALID_ARGUMENT, "READING_TOO_LARGE")
    finally:
        pool.stop(0.0)
    assert [entry.key for entry in blobs.entries()] == [key]


def test_more_files_than_may_wait_are_refused_at_once(blobs: DirectoryBlobs, stuck: str) -> None:
    """Waiting is bounded: whoever comes too many is told when to come again."""
    with ThreadPoolExecutor(2) as threads, readers(blobs, readers_waiting=1) as pool:
        threads.submit(pool.read, stuck)
        wait_for_child(pool)
        threads.submit(pool.read, stuck)
        error = first_refusal(pool, stuck)
    assert (error.code, error.reason) == (Code.UNAVAILABLE, "READERS_BUSY")


def first_refusal(pool: Readers, key: str) -> AxisError:
    """Asks until the one place for waiting is taken."""
    found: list[AxisError] = []

    def ask() -> None:
        try:
            pool.read(key)
        except AxisError as error:
            found.append(error)

    asking = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
    for thread in asking:
        thread.start()
    eventually(lambda: bool(found))
    return found[0]


def wait_for_child(pool: Readers) -> int:
    """Waits until a child lives; gives its process id."""
    eventually(lambda: bool(pool.pids()))
    return pool.pids()[0]


def test_a_document_is_the_same_whoever_read_and_hashed_it(tmp_path: Path) -> None:
    """What a child read and hashed is accepted, sealed and read back as what was sent."""
    bench = service_bench(tmp_path, "intake", build, IntakeSection(parse_inline_bytes=0))
    api, door, call = bench.api("Intake"), bench.component.doors[0], vpcp(bench)
    data = file_of(document_id="large", attachments=(attached(b"content" * 1000),))
    upload = api.create_upload(pb.CreateUploadRequest(size=len(data), request_id="upload"), call)
    sink = door.open_upload(upload.name, call)
    sink.write(0, data)
    sink.flush(finish=True)
    receipt = api.submit_edxml(pb.SubmitEdxmlRequest(upload=upload.name, request_id="submit"), call)
    sent = api.get_document(pb.GetDocumentRequest(name=receipt.document), call)
    rendition = b"".join(door.open_content(f"{receipt.document}/rendition", call).read(0))
    assert hashlib.sha256(rendition).digest() == sent.rendition_sha256
    assert b"".join(door.open_content(f"{receipt.document}/attachments/0", call).read(0)) == b"content" * 1000
    for worker in bench.component.workers[:1]:
        worker.stop(0.0)


def zipped(data: bytes, times: int) -> bytes:
    """A content in several archives, one in another."""
    for _ in range(times):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as writer:
            writer.writestr("a.pdf", data)
        data = archive.getvalue()
    return data


def attached(data: bytes, content_id: str = "a1") -> edxml.Attachment:
    """An attachment whose content lies in memory."""
    content = edxml.ContentRef(len(data), hashlib.sha256(data).hexdigest(), zlib.crc32(data), data)
    return edxml.Attachment(content_id, "cong-van.pdf", content)
