"""What a worker has in hand is bounded by what is left to do."""

from concurrent.futures import Future
from datetime import UTC, datetime

from lienthong.signing.domain import SizeClass
from lienthong.signing.storage import StoredJob
from lienthong.signing.tray import InHand, Tray
from lienthong.signing.verification.report import FileReport, FileState

ROOM = {SizeClass.SMALL: 8}


def test_documents_take_as_much_room_as_they_have_files_left() -> None:
    """Sixty documents of a hundred files each must not be in hand before another sender has its turn."""
    tray = Tray()
    document = InHand(StoredJob("d", SizeClass.SMALL, 1, 0, 0, "", ()), "trust", anchored=True, missing=5)
    tray.begin(document)
    assert tray.rooms(ROOM) == {SizeClass.SMALL: 3}
    report: Future[FileReport] = Future()
    report.set_result(FileReport(FileState.NOT_A_PDF, datetime(2026, 11, 28, tzinfo=UTC)))
    for ordinal in range(4):
        tray.reported(document, ordinal, report)
    tray.wake()
    assert tray.rooms(ROOM) == {SizeClass.SMALL: 7}
