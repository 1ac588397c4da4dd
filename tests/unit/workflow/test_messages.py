"""Results as messages: what every client can take."""

from datetime import UTC, datetime

from lienthong.chassis.directory.model import Directory
from lienthong.workflow.api.messages import progress_message
from lienthong.workflow.handlers.progress import Line, Seen
from lienthong.workflow.storage import StoredCase, StoredDelivery

CLIENT_BYTES = 4 * 1024 * 1024
"""What a client in any language takes when it is not told otherwise."""
NOW = datetime(2026, 11, 28, tzinfo=UTC)
NOTE = "Đang xin ý kiến các sở. " * 160


def seen(recipients: int, note: str) -> Seen:
    """A document of which each recipient says something."""
    lines = [
        Line(
            StoredDelivery(
                id=f"{number:036}",
                document="d",
                case_document="d",
                sender="s",
                sender_code="G22",
                recipient=f"{number:036}",
                recipient_code="000.01.01.H29",
                recipient_name="Ủy ban nhân dân xã Tân Thạnh Đông",
                document_id="d",
                code="1/X",
                promulgated="2026-11-28",
                created_at=0,
                state="PROCESSING",
                note=note,
            ),
            steps=(),
            verdict=0,
            overdue=False,
            answer_shown=False,
        )
        for number in range(recipients)
    ]
    return Seen(StoredCase("d"), tuple(lines), as_sender=True, at=NOW, change=1)


def test_a_progress_with_long_notes_is_no_message_too_large() -> None:
    """However many recipients write at length, the sender sees all of them, with the beginning of each note."""
    progress = progress_message(seen(2000, NOTE), Directory())
    assert progress.ByteSize() <= CLIENT_BYTES
    assert len(progress.recipients) == 2000
    kept = progress.recipients[-1].note.removesuffix("…")
    assert 100 < len(kept) < len(NOTE)
    assert NOTE.startswith(kept)


def test_notes_that_fit_are_whole() -> None:
    """Nothing is cut where there is room."""
    progress = progress_message(seen(100, NOTE), Directory())
    assert {one.note for one in progress.recipients} == {NOTE}
