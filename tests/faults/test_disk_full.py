"""The disk is full: writing is refused, reading goes on, and all goes on by itself once there is room."""

import hashlib
import io
from pathlib import Path

import pytest
from tests.faults.support.harness import Program
from tests.faults.support.pair import document, join
from tests.faults.support.papers import Paper, Press, typed
from tests.faults.support.plan import Plan
from tests.faults.support.run import listed
from tests.faults.support.traffic import Traffic
from tests.waiting import until

from lienthong.chassis.errors import Code
from lienthong.client import Axis, AxisUnavailableError
from lienthong.client.transfers import new_request_id
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import mailbox_pb2
from lienthong.workflow.v1 import workflow_pb2

DISK_BYTES = 48 * 1024 * 1024
PIECE = 64 * 1024
SETTLE_SECONDS = 60.0
CALL_SECONDS = 5.0
ROOM_SECONDS = 240.0
"""Journals have room of their own for some hundreds of entries, each of which waits for the disk."""
TO = "000.00.00.H29"


def fill(disk: Path) -> Path:
    """Takes all the room that is left; gives the file that takes it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as stream:
        for size in (PIECE, 4096, 1):
            try:
                while stream.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    return ballast


def paper(number: str, size: int) -> Paper:
    """Plans a document of a size."""
    return Paper(new_request_id(), "typed", number, (TO,), hashlib.shake_128(number.encode()).digest(size))


def refusal(axis: Axis, planned: Paper) -> AxisUnavailableError | None:
    """Hands a document in; gives why it is refused."""
    try:
        axis.intake.SubmitDocument(typed(planned), timeout=CALL_SECONDS)
    except AxisUnavailableError as error:
        return error
    return None


def submit_until_refused(axis: Axis) -> tuple[Paper, AxisUnavailableError]:
    """Hands documents in until one is refused; what room the journals still had is used up then."""
    for number in range(1, 200):
        planned = paper(str(9_000_000 + number), 300_000)
        error = refusal(axis, planned)
        if error is not None:
            return planned, error
    pytest.fail("a full disk accepted 200 documents")


def test_a_full_disk_refuses_writes_and_nothing_else(tmp_path: Path, press: Press, seed: int) -> None:
    """Writing answers RESOURCE_EXHAUSTED, reading goes on; with room again everything goes on, no hand is needed."""
    press.write_trust(tmp_path / "trust")
    program = Program(tmp_path, disk_bytes=DISK_BYTES)
    try:
        assert program.start(), program.tail()
        traffic = Traffic(program, press, seed, 2, Plan(signed=0.0, recalled=0.0, lazy=0.0))
        traffic.start()
        traffic.grant(3)
        traffic.spend(SETTLE_SECONDS)
        assert not traffic.settle(SETTLE_SECONDS)
        document = next(one for one, told in traffic.ledger.submissions.items() if told.sender == "vpcp")
        with program.speak("vpcp") as axis:
            ballast = fill(program.data)
            refused, error = submit_until_refused(axis)
            assert (error.code, error.reason) == (Code.RESOURCE_EXHAUSTED, "STORAGE_FULL")
            assert axis.intake.GetDocument(intake_pb2.GetDocumentRequest(name=document)).name == document
            assert axis.mailbox.ListDeliveries(mailbox_pb2.ListDeliveriesRequest()).deliveries
            asked = workflow_pb2.GetProgressRequest(document=document)
            assert axis.workflow.GetProgress(asked).document == document
            ballast.unlink()
            assert until(lambda: refusal(axis, refused) is None, SETTLE_SECONDS), "it does not go on by itself"
        traffic.grant(2)
        traffic.spend(SETTLE_SECONDS)
        moving = traffic.settle(SETTLE_SECONDS)
        traffic.close()
        assert not moving, listed(moving)
        assert not traffic.ledger.wrongs, listed(traffic.ledger.wrongs)
        assert program.stop()[0] == 0
    finally:
        program.close()


def test_reading_goes_on_without_room_for_its_audit_entry(tmp_path: Path, press: Press) -> None:
    """What was opened is read, and the audit entry goes to the log; what was not is refused: opening comes first."""
    press.write_trust(tmp_path / "trust")
    program = Program(tmp_path, disk_bytes=DISK_BYTES)
    try:
        assert program.start(), program.tail()
        with program.speak("operator") as operator:
            join(operator, program.contexts, "000.00.00.G22", "vpcp")
            join(operator, program.contexts, TO, "city")
        with program.speak("vpcp") as vpcp, program.speak("city") as city:
            first, second = (received(vpcp, city, number) for number in ("1", "2"))
            content = content_of(city, first)
            ballast = fill(program.data)
            assert until(lambda: read_often(city, first) == {content} and logged(program), ROOM_SECONDS)
            assert content_of(city, first) == content
            with pytest.raises(AxisUnavailableError, match="was not opened before") as caught:
                city.download(f"{second}/content", io.BytesIO())
            assert (caught.value.reason, caught.value.metadata["delivery"]) == ("STORAGE_FULL", second)
            ballast.unlink()
            assert content_of(city, second)
        assert program.stop()[0] == 0
    finally:
        program.close()


def received(vpcp: Axis, city: Axis, number: str) -> str:
    """Sends a document and waits until it lies in the city's mailbox, unopened; gives the delivery."""
    sent = vpcp.intake.SubmitDocument(document(number=number)).document

    def seen() -> str:
        items = city.mailbox.ListItems(mailbox_pb2.ListItemsRequest(page_size=50)).items
        return next((item.delivery for item in items if item.document == sent), "")

    assert until(lambda: bool(seen()), SETTLE_SECONDS)
    return seen()


def content_of(city: Axis, delivery: str) -> bytes:
    """Reads a delivery as its recipient."""
    target = io.BytesIO()
    city.download(f"{delivery}/content", target)
    return target.getvalue()


def read_often(city: Axis, delivery: str) -> set[bytes]:
    """Reads a delivery some times, each of which leaves an audit entry; gives the different contents."""
    return {content_of(city, delivery) for _ in range(20)}


def logged(program: Program) -> bool:
    """Tells whether an audit entry went to the log for want of room."""
    return "audit entry without room" in program.tail()
