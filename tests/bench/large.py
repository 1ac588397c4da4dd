"""A very large attachment, both ways, and the memory that it takes."""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.bench.parts import Repeated, Row, large_document
from tests.bench.world import World

from lienthong import edxml
from lienthong.demo.cast import Party
from lienthong.routing.v1 import mailbox_pb2

LARGE_BYTES = int(os.environ.get("BENCH_LARGE_MIB", "2048")) * 2**20


class Peak:
    """Watches the memory of the platform, in a thread of its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._done = threading.Event()
        self.mib = 0.0
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.2):
            self.mib = max(self.mib, self._world.pss_mib())


class _Drop:
    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes) -> int:
        self.size += len(data)
        return len(data)


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of a large attachment: bytes of the file in and out, seconds each way."""

    sent: int
    read: int
    seconds_in: float
    seconds_out: float


def large_file(folder: Path, document: edxml.Document, size: int) -> Path:
    """Writes the edXML file of a large document."""
    file = folder / "large.edxml"
    rendition = edxml.plan(document)
    with file.open("wb") as stream:
        stream.writelines(edxml.render(rendition, lambda _ordinal: Repeated(size)))
    return file


def pass_large(sender: Party, recipient: Party, file: Path) -> Passed:
    """Submits a file, reads it at the recipient, and acknowledges it.

    Raises:
        ValueError: It came back with another hash.
    """
    begun = time.monotonic()
    receipt = sender.axis.submit_file(file)
    submitted = time.monotonic()
    item = recipient.pull(mailbox_pb2.ITEM_KIND_DOCUMENT, receipt.document)
    sink = _Drop()
    read = time.monotonic()
    found = recipient.axis.download(f"{item.delivery}/content", sink)  # type: ignore[arg-type] # it only writes
    ended = time.monotonic()
    delivery = recipient.axis.mailbox.GetDelivery(mailbox_pb2.GetDeliveryRequest(name=item.delivery))
    if found != delivery.content_sha256.hex():
        raise ValueError("the large file came back with another hash")
    recipient.acknowledge(item)
    return Passed(file.stat().st_size, sink.size, submitted - begun, ended - read)


def large_transfer(world: World, folder: Path) -> list[Row]:
    """Submits an edXML file with a very large attachment, and reads it at the recipient."""
    file = large_file(folder, large_document(LARGE_BYTES), LARGE_BYTES)
    with Peak(world) as peak:
        passed = pass_large(world.sender, world.recipient, file)
    name = f"{LARGE_BYTES >> 20} MiB attachment"
    return [
        (f"{name} in", f"{passed.seconds_in:.1f} s", f"{passed.sent:,} byte file, upload and submit"),
        (f"{name} out", f"{passed.seconds_out:.1f} s", f"{passed.read:,} bytes, hash as sealed"),
        (f"memory while {name} passes", f"{peak.mib:.0f} MiB", "PSS of the process tree, highest of both ways"),
    ]
