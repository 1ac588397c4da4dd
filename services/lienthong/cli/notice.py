"""`lienthong notice`: what one was told."""

from typing import Annotated

import typer

from lienthong.cli.console import (
    DEFAULT_CONTEXT,
    As,
    Column,
    Filter,
    Json,
    Size,
    choice,
    field,
    moment,
    out,
    print_json,
    session,
    show_list,
    to_dict,
)
from lienthong.cli.names import whole
from lienthong.notification.v1 import notification_pb2 as pb

app = typer.Typer(help="Notices: list, watch, mark as read, see how they were sent.")

NOTICE: tuple[Column, ...] = (
    ("notice", field("name")),
    ("title", field("title")),
    ("kind", field("kind")),
    ("state", choice("state", "NOTICE_STATE_")),
    ("channel", choice("channel", "CHANNEL_")),
    ("made", moment("create_time")),
)
ATTEMPT: tuple[Column, ...] = (
    ("attempt", field("number")),
    ("began", moment("start_time")),
    ("result", lambda attempt: "ok" if attempt.ok else "failed"),
    ("answer", field("detail")),
    ("next", moment("next_attempt_time")),
)


@app.command("list")
def list_(*, limit: Size = 50, condition: Filter = "", who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Lists notices, newest first."""
    with session(who) as axis:
        answer = axis.notification.ListNotices(pb.ListNoticesRequest(page_size=limit, filter=condition))
    show_list(answer.notices, NOTICE, as_json=as_json, more=answer.next_page_token)


@app.command("watch")
def watch(*, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Stays and shows notices as they come."""
    with session(who) as axis:
        for change in axis.watch_notices():
            if as_json:
                print_json(to_dict(change.notice))
            else:
                out.print(f"{change.notice.title}\n  {change.notice.text}", markup=False, soft_wrap=True)


@app.command("ack")
def ack(
    notices: Annotated[list[str], typer.Argument(parser=whole("notices"), metavar="NOTICES", help="Notices to mark.")],
    *,
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Marks notices as read."""
    with session(who) as axis:
        answer = axis.notification.AcknowledgeNotices(pb.AcknowledgeNoticesRequest(names=notices))
    if as_json:
        print_json({"changed": answer.changed})
    else:
        out.print(f"{answer.changed} marked as read")


@app.command("attempts")
def attempts(
    notice: Annotated[
        str, typer.Argument(parser=whole("notices"), metavar="NOTICE", help="A notice, whole or as lists show it.")
    ],
    *,
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Lists how often NOTICE was sent and what the other side answered, oldest first; the first 100."""
    with session(who) as axis:
        answer = axis.notification.ListAttempts(pb.ListAttemptsRequest(notice=notice))
    show_list(answer.attempts, ATTEMPT, as_json=as_json)
