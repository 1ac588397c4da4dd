"""What somebody with a valid certificate may try with uploads, downloads and streams, and does not get."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest

from google.bytestream import bytestream_pb2 as stream_pb
from lienthong.chassis.errors import Code
from lienthong.chassis.rpc import bytestream
from lienthong.client import Axis, NotAllowedError
from lienthong.client.errors import call_error
from lienthong.client.transfers import new_request_id
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import directory_pb2, mailbox_pb2

from .wire import BYTESTREAM, code_of, listing, pulled, raw, read, uploaded, write
from .world import World, attached, delivered, file_of, known_everywhere, refused, running, wait_for


def test_uploads_of_others(world: World) -> None:
    """Somebody else's upload cannot be seen, written, dropped, or submitted as one's own."""
    name = uploaded(world.vpcp)
    piece = stream_pb.WriteRequest(resource_name=name, data=b"<?xml", finish_write=True)
    attempts: list[Callable[[], object]] = [
        lambda: world.city.intake.GetUpload(intake_pb2.GetUploadRequest(name=name)),
        lambda: world.city.intake.DeleteUpload(intake_pb2.DeleteUploadRequest(name=name, request_id=new_request_id())),
        lambda: write(world.city, iter([piece])),
        lambda: raw(
            world.city,
            f"{BYTESTREAM}/QueryWriteStatus",
            stream_pb.QueryWriteStatusRequest(resource_name=name),
            stream_pb.QueryWriteStatusResponse,
        ),
        lambda: world.city.intake.SubmitEdxml(intake_pb2.SubmitEdxmlRequest(upload=name, request_id=new_request_id())),
    ]
    for attempt in attempts:
        refused(Code.NOT_FOUND, "RESOURCE_NOT_FOUND", attempt)
    assert world.vpcp.intake.GetUpload(intake_pb2.GetUploadRequest(name=name)).committed_size == 0


def test_names_that_lead_elsewhere(world: World) -> None:
    """Names of contents are identifiers, not paths: none leads out of what the caller may read."""
    receipt, _item = delivered(world, file_of(attachments=(attached("a.pdf", b"%PDF-1.7\n%%EOF\n"),)))
    for name in (
        f"{receipt.document}/../{receipt.document}/rendition",
        f"{receipt.document}/attachments/-1",
        f"{receipt.document}/attachments/1e0",
        f"{receipt.document}/attachments/99999999999999999999",
        "documents/../../keys/axis-root.key/rendition",
        "documents/%2e%2e/rendition",
        f"{receipt.document}/rendition/../../keys",
        "uploads/../keys",
        "deliveries//content",
        "keys/axis-root.key",
        "",
    ):
        with pytest.raises(grpc.RpcError) as error:
            list(read(world.vpcp, name))
        assert call_error(error.value).code is Code.NOT_FOUND, name


def test_transfers_end_with_their_credentials(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Revoked in the midst of a long upload or download: the transfer is cut, as watches are."""
    monkeypatch.setattr(bytestream, "RECHECK_SECONDS", 0.2)
    large = file_of(attachments=(attached("lớn.bin", bytes(12 << 20)),))
    source = world.folder / "large.edxml"
    source.write_bytes(large)
    receipt = world.vpcp.submit_file(source)
    item = wait_for("the item", lambda: pulled(world.city, receipt.document))
    name = world.system("cut", "city")
    axis = world.speak("cut")
    known_everywhere(axis)
    download = read(axis, f"{item.delivery}/content")
    assert next(download).data
    upload, revoked = uploaded(axis), []

    def pieces() -> Iterator[stream_pb.WriteRequest]:
        yield stream_pb.WriteRequest(resource_name=upload, data=b"x" * 1000)
        request = directory_pb2.RevokeSystemRequest(name=name, request_id=new_request_id())
        revoked.append(world.operator.directory.RevokeSystem(request))
        wait_for("the revocation", lambda: code_of(partial(listing, axis)) is Code.UNAUTHENTICATED)
        deadline, place = time.monotonic() + 10.0, 1000
        while time.monotonic() < deadline:
            time.sleep(0.05)
            yield stream_pb.WriteRequest(resource_name=upload, write_offset=place, data=b"x")
            place += 1

    for action in (lambda: write(axis, pieces()), lambda: _drained(download)):
        with pytest.raises(NotAllowedError) as cut:
            action()
        assert (cut.value.code, cut.value.reason) == (Code.UNAUTHENTICATED, "CREDENTIALS_REVOKED")
    assert revoked


def test_more_streams_than_a_share(tmp_path: Path) -> None:
    """A system that opens more watches or transfers than its share is refused; others are not, and places come back."""
    server = {"listen": "127.0.0.1:0", "metrics": "", "drain_seconds": 1, "watches_of_one": 3, "transfers_of_one": 2}
    with running(tmp_path, {"server": server}) as world, ThreadPoolExecutor(4) as pool:
        world.join("vpcp", "Văn phòng Chính phủ", "G22")
        world.join("city", "UBND TP.HCM", "H29")
        with ExitStack() as stack:
            for _ in range(3):
                watch = world.vpcp.channel("routing").unary_stream(
                    "/lienthong.routing.v1.Mailbox/WatchMailbox",
                    mailbox_pb2.WatchMailboxRequest.SerializeToString,
                    mailbox_pb2.WatchMailboxResponse.FromString,
                )(mailbox_pb2.WatchMailboxRequest(), timeout=60.0)
                stack.callback(watch.cancel)
            wait_for("a full share", lambda: _watch_refused(world.vpcp))
            assert not _watch_refused(world.city)
        wait_for("a place again", lambda: not _watch_refused(world.vpcp))
        done: list[bool] = []

        def slow(name: str) -> Iterator[stream_pb.WriteRequest]:
            yield stream_pb.WriteRequest(resource_name=name, data=b"x")
            wait_for("the end of the test", lambda: done)

        def insist(name: str) -> None:
            """Takes part of the share also when the attempt below was there first."""
            wait_for("a place", lambda: code_of(partial(write, world.vpcp, slow(name))) is not Code.RESOURCE_EXHAUSTED)

        names = [uploaded(world.vpcp) for _ in range(3)]
        for name in names[:2]:
            pool.submit(insist, name)
        piece = stream_pb.WriteRequest(resource_name=names[2], data=b"x")
        wait_for("a full share", lambda: code_of(partial(write, world.vpcp, iter([piece]))) is Code.RESOURCE_EXHAUSTED)
        other = stream_pb.WriteRequest(resource_name=uploaded(world.city), data=b"x", finish_write=True)
        assert write(world.city, iter([other])).committed_size == 1
        done.append(True)


def _drained(stream: Any) -> None:
    try:
        for _ in stream:
            time.sleep(0.05)
    except grpc.RpcError as error:
        raise call_error(error) from error


def _watch_refused(axis: Axis) -> bool:
    watch = axis.channel("routing").unary_stream(
        "/lienthong.routing.v1.Mailbox/WatchMailbox",
        mailbox_pb2.WatchMailboxRequest.SerializeToString,
        mailbox_pb2.WatchMailboxResponse.FromString,
    )(mailbox_pb2.WatchMailboxRequest(), timeout=1.0)
    try:
        next(watch, None)
    except grpc.RpcError as error:
        return call_error(error).reason == "TOO_MANY_STREAMS"
    finally:
        watch.cancel()
    return False
