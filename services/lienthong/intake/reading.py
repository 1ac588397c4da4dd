"""Large edXML files are read by child processes: contents go into the blob store, all else comes back as data.

They hash large renditions too. What a file costs in time and memory it costs a child, and calls beside it go on. A
child that is killed, runs out of memory or takes too long is an error to its caller; what it had spooled is removed.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from lienthong import edxml
from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.errors import AxisError, invalid, unavailable
from lienthong.chassis.ids import IdSource
from lienthong.chassis.workers import (
    ChildOutOfMemoryError,
    JobFailedError,
    JobTimedOutError,
    PoolFullError,
    WorkerError,
    WorkerPool,
    WorkerSpec,
)
from lienthong.intake.config import IntakeSection
from lienthong.intake.handlers.contents import UploadedContent, writer_of
from lienthong.intake.reading_child import Outcome, Task, read_outcome

_KEYS_BESIDE_LAYERS = 2
"""Contents that reading one attachment may begin besides one for each archive around it: as it came, one to spare."""

_AGAIN = timedelta(seconds=5)


class Readers:
    """The child processes. A worker of the component: `stop` ends them. Thread-safe."""

    def __init__(self, section: IntakeSection, limits: edxml.Limits, blobs: BlobStore, ids: IdSource) -> None:
        self._blobs = blobs
        self._ids = ids
        self._inline_bytes = section.parse_inline_bytes
        self._seconds = section.reader_seconds
        self._memory = section.reader_memory_bytes
        self._keys = (limits.zip_layers + _KEYS_BESIDE_LAYERS) * limits.attachments + 1
        spec = WorkerSpec(
            factory="lienthong.intake.reading_child:prepare",
            config={
                "limits": {name: getattr(limits, name) for name in limits.__slots__},
                "store": dict(blobs.address()),
            },
            memory_limit_bytes=section.reader_memory_bytes,
            time_limit_seconds=section.reader_seconds,
        )
        self._pool = WorkerPool(section.readers, spec, section.readers_waiting)

    def start(self) -> None:
        """Starts nothing: a child starts with the first file."""

    def stop(self, timeout: float) -> None:
        """Ends the children; a file in hand has `timeout` seconds."""
        self._pool.close(timeout)

    def pids(self) -> tuple[int, ...]:
        """Gives the process ids of the children that live now."""
        return self._pool.pids()

    def read(self, key: str) -> Outcome:
        """Reads a file that is a blob; the contents of its attachments are spooled, not committed yet.

        Raises:
            AxisError: INVALID_ARGUMENT when it needs too much time or memory, UNAVAILABLE when the readers are busy, a
                child died or the store of contents is away, RESOURCE_EXHAUSTED when that is full.
        """
        keys = [self._ids.new() for _ in range(self._keys)]
        begun, kept = self._keys, set[str]()
        try:
            outcome = read_outcome(self._done({"file": key, "spools": keys}))
            begun = outcome.begun
            if outcome.failure is not None:
                raise outcome.failure.error()
            outcome, kept = self._taken_over(outcome, keys)
        except AxisError as error:
            if error.reason == "READERS_BUSY":
                begun = 0  # no child had it in hand
            raise
        else:
            return outcome
        finally:
            # Under keys that were never begun nothing stands; of a child that died nobody knows.
            for one in keys[:begun]:
                if one not in kept:
                    self._blobs.delete(one)

    def hash_of(self, rendition: edxml.Rendition, attachments: Sequence[edxml.Attachment]) -> bytes | None:
        """Hashes a large rendition; None when it is small, or no child can do it: the call itself does so then."""
        if rendition.length <= self._inline_bytes:
            return None
        contents = [_shared(one.content.handle) for one in attachments]
        try:
            answer = self._pool.submit({"rendition": rendition.to_json().decode(), "contents": contents}).result()
        except WorkerError:
            return None
        return bytes.fromhex(answer)

    def _done(self, task: Task) -> str:
        try:
            answer: str = self._pool.submit(task).result()
        except PoolFullError as error:
            text = "As many large files wait to be read as may wait. Try again."
            raise unavailable("READERS_BUSY", text, _AGAIN) from error
        except JobTimedOutError as error:
            text = f"Reading the file took more than {self._seconds:g} seconds. Send smaller attachments."
            raise invalid("READING_TIMED_OUT", text) from error
        except ChildOutOfMemoryError as error:
            text = f"Reading the file needs more than {self._memory} bytes of memory. Send smaller attachments."
            raise invalid("READING_TOO_LARGE", text) from error
        except JobFailedError:
            raise
        except WorkerError as error:
            text = "The process that read the file died, and nothing of it was kept. Try again."
            raise unavailable("READER_DIED", text, _AGAIN) from error
        return answer

    def _taken_over(self, outcome: Outcome, keys: Sequence[str]) -> tuple[Outcome, set[str]]:
        """Goes on with the contents that the child spooled; it may name none but those it was given."""
        document = outcome.document
        if document is None:
            return outcome, set()
        given = {key: key for key in keys}
        named = [given[str(one.content.handle)] for one in document.attachments]
        attachments = tuple(
            replace(one, content=replace(one.content, handle=self._blobs.resume(key, one.content.size)))
            for one, key in zip(document.attachments, named, strict=True)
        )
        return replace(outcome, document=replace(document, attachments=attachments)), set(named)


def _shared(handle: object) -> tuple[str, bool]:
    """Gives the key of a content and whether it is committed; if not, what was written so far becomes durable."""
    if isinstance(handle, UploadedContent):
        return handle.key, True
    writer = writer_of(handle)
    writer.sync()
    return writer.key, False
