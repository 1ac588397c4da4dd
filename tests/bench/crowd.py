"""Open watches and slow uploads beside ordinary calls: they must not slow them down."""

import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.bench.load import pair, run_load
from tests.bench.parts import Row
from tests.bench.world import World, papers, submission

from google.bytestream import bytestream_pb2, bytestream_pb2_grpc
from lienthong.client import Axis, connect, load_context
from lienthong.client.transfers import new_request_id
from lienthong.intake.v1 import intake_pb2
from lienthong.workflow.v1 import workflow_pb2

WATCHES = 1000
A_CHANNEL = 100
UPLOADS = 64
PIECE = bytes(16_384)
PAUSE_SECONDS = 0.5
DOCUMENTS = 240
RATE = 15.0
"""Documents a second of both runs."""
PATIENCE_SECONDS = 120.0


def crowd(world: World) -> list[Row]:
    """Measures accepting alone, and again in the crowd."""
    pdfs = papers(world.who, 2 * DOCUMENTS)
    alone = run_load(world, pdfs[:DOCUMENTS], 300_000, RATE)
    before = world.cpu_seconds()
    with gathered(world) as moved:
        crowded = run_load(world, pdfs[DOCUMENTS:], 310_000, RATE)
        carried = moved()
    seconds = world.cpu_seconds() - before
    beside = f"{WATCHES} open watches and {UPLOADS} slow uploads ({carried >> 20} MiB came in meanwhile)"
    return [
        ("accept, alone", pair(alone.journey.accepts), f"p50 / p99 at {RATE:.0f} documents a second"),
        (
            "accept, in a crowd",
            pair(crowded.journey.accepts),
            f"the same beside {beside}, which another process keeps open",
        ),
        ("CPU of the platform in the crowd", f"{seconds:.0f} s", "from opening the first watch to closing the last"),
    ]


@contextmanager
def gathered(world: World) -> Iterator[Any]:
    """Keeps the crowd in a process of its own: it must not take the time of the client that is measured."""
    document = world.sender.axis.intake.SubmitDocument(submission(320_000, papers(world.who, 1)[0])).document
    next(world.sender.axis.watch_progress(document))
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    child = spawn.Process(target=_keep, args=(world.contexts / "sender.yaml", document, there), daemon=True)
    child.start()
    try:
        _await(here)

        def moved() -> int:
            here.send("how much")
            return int(_await(here))

        yield moved
    finally:
        here.send("end")
        child.join(PATIENCE_SECONDS)


def _await(pipe: Connection) -> Any:
    if not pipe.poll(PATIENCE_SECONDS):
        raise TimeoutError("the crowd says nothing")
    return pipe.recv()


def _keep(context: Path, document: str, pipe: Connection) -> None:
    """Keeps watches and uploads open until told to end; tells how many bytes moved when asked."""
    known = load_context(context)
    sessions = [connect(known) for _ in range(WATCHES // A_CHANNEL)]
    with connect(known) as axis, watches(sessions, document), uploads(axis) as moving:
        pipe.send("here")
        while pipe.recv() != "end":
            pipe.send(moving.bytes)


@contextmanager
def watches(sessions: list[Axis], document: str) -> Iterator[None]:
    """Keeps watches open; each has shown the present state once."""
    request = workflow_pb2.WatchProgressRequest(document=document)
    streams: list[Any] = [axis.workflow.WatchProgress(request) for axis in sessions for _ in range(A_CHANNEL)]
    for stream in streams:
        next(stream)
    try:
        yield
    finally:
        for stream in streams:
            stream.close()
        for axis in sessions:
            axis.close()


class Moving:
    """What slow uploads have sent."""

    def __init__(self) -> None:
        self.bytes = 0
        self.stop = threading.Event()

    def pieces(self, name: str) -> Iterator[bytestream_pb2.WriteRequest]:
        """Sends a piece now and then."""
        offset = 0
        while not self.stop.is_set():
            yield bytestream_pb2.WriteRequest(resource_name=name, write_offset=offset, data=PIECE)
            offset += len(PIECE)
            self.bytes += len(PIECE)
            self.stop.wait(PAUSE_SECONDS)


@contextmanager
def uploads(axis: Axis) -> Iterator[Moving]:
    """Keeps slow uploads going."""
    moving = Moving()
    stub = bytestream_pb2_grpc.ByteStreamStub(axis.channel("intake"))
    calls = []
    for _ in range(UPLOADS):
        wanted = intake_pb2.CreateUploadRequest(size=2**30, request_id=new_request_id())
        calls.append(stub.Write.future(moving.pieces(axis.intake.CreateUpload(wanted).name)))
    try:
        yield moving
    finally:
        moving.stop.set()
        for call in calls:
            call.cancel()
