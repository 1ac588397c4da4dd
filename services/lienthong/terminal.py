"""How the four steps are shown on a terminal: one row for each recipient, time spent in each step."""

from datetime import timedelta

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lienthong.chassis.times import from_duration
from lienthong.common.v1 import lifecycle_pb2
from lienthong.workflow.v1 import workflow_pb2 as pb

_HOUR = timedelta(hours=1)

STEPS = ("Tiếp nhận", "Phân công", "Đang xử lý", "Hoàn thành")

STATES = {
    lifecycle_pb2.DELIVERY_STATE_SENT: "đã gửi",
    lifecycle_pb2.DELIVERY_STATE_ARRIVED: "đã đến (01)",
    lifecycle_pb2.DELIVERY_STATE_REFUSED: "từ chối (02)",
    lifecycle_pb2.DELIVERY_STATE_ACCEPTED: "đã tiếp nhận (03)",
    lifecycle_pb2.DELIVERY_STATE_ASSIGNED: "phân công (04)",
    lifecycle_pb2.DELIVERY_STATE_PROCESSING: "đang xử lý (05)",
    lifecycle_pb2.DELIVERY_STATE_DONE: "hoàn thành (06)",
    lifecycle_pb2.DELIVERY_STATE_WITHDRAWN: "đã thu hồi",
    lifecycle_pb2.DELIVERY_STATE_SUPERSEDED: "đã thay bằng bản mới",
    lifecycle_pb2.DELIVERY_STATE_FAILED: "không gửi được",
}
"""Names of states as a leader reads them."""


def progress_table(progress: pb.Progress) -> RenderableType:
    """Makes the table of a progress, and below it what else is to be known of recipients."""
    title = Text(f"{progress.code} {progress.subject}", style="italic")
    if progress.closed:
        title.append("  case closed", style="green")
    table = Table(box=None, header_style="dim", title_justify="left", title=title, pad_edge=False)
    table.add_column("agency", ratio=1)
    for step in ("state", *STEPS):
        table.add_column(step, no_wrap=True)
    for row in progress.recipients:
        table.add_row(Text(row.display_name or row.code), state_text(row), *steps_text(row))
    notes = [f"{row.display_name or row.code}: {note_text(row)}" for row in progress.recipients if note_text(row)]
    return Group(table, *(Text(note, style="dim") for note in notes))


def state_text(row: pb.RecipientProgress) -> str:
    """Says where a recipient stands, with colours."""
    return STATES.get(row.state, "?") + ("\n[red]quá hạn[/]" if row.overdue else "")


def state_words(row: pb.RecipientProgress) -> str:
    """Says where a recipient stands, on one line."""
    return STATES.get(row.state, "?") + (", quá hạn" if row.overdue else "")


def steps_text(row: pb.RecipientProgress) -> list[str]:
    """Says how long each step took, or takes so far; of hours, how many were office hours (giờ hành chính)."""
    texts = ["", "", "", ""]
    for step in row.steps:
        if step.HasField("start_time"):
            running = "" if step.HasField("end_time") or step.step == len(STEPS) else " …"
            spent, worked = from_duration(step.duration), from_duration(step.working_duration)
            # Only a wait of hours is another thing in office hours.
            office = f"\n  {_length(worked)} giờ HC" if spent >= _HOUR and spent != worked else ""
            late = "\n  [red]trình muộn[/]" if step.submit_late else ""
            texts[step.step - 1] = f"✓ {_length(spent)}{running}{office}{late}"
    return texts


def note_text(row: pb.RecipientProgress) -> str:
    """Says what else is to be known."""
    answered = f"answered by {row.answered_by}" if row.answered_by else ""
    return "; ".join(text for text in (row.failure, answered, row.note) if text)


def _length(length: timedelta) -> str:
    seconds = length.total_seconds()
    if seconds < 60:  # noqa: PLR2004 -- seconds of a minute
        return f"{seconds:.1f}s"
    minutes, _ = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}" if hours else f"{minutes}min"
