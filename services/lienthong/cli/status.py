"""`lienthong status`: what one reports about documents."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from lienthong.cli.console import (
    DEFAULT_CONTEXT,
    As,
    Column,
    Json,
    RequestId,
    Size,
    choice,
    err,
    field,
    moment,
    session,
    show_list,
)
from lienthong.cli.names import find_shown, whole
from lienthong.cli.typed import stamp, time_of
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import document_pb2
from lienthong.workflow.v1 import workflow_pb2 as pb

app = typer.Typer(help="Statuses: report, and link what matches no document.")
unmatched = typer.Typer(help="Statuses that match no delivery of yours.")
app.add_typer(unmatched, name="unmatched", no_args_is_help=True)

REFUSED = 3

RESULT: tuple[Column, ...] = (
    ("status", field("name")),
    ("outcome", choice("outcome", "OUTCOME_")),
    ("state", choice("state", "DELIVERY_STATE_")),
    ("error", lambda result: result.status.message),
    ("rule", field("rule")),
)
UNMATCHED: tuple[Column, ...] = (
    ("status", field("name")),
    ("code", field("code")),
    ("document", field("document_code")),
    ("text", field("description")),
    ("received", moment("receive_time")),
    ("DocumentId", field("document_id")),
)


@app.command("report")
def report(
    document: Annotated[
        str,
        typer.Argument(
            help="A delivery, as lists show it or as deliveries/…, or a DocumentId. A UUID alone is a DocumentId, "
            "unless a delivery of that name was shown here lately."
        ),
    ] = "",
    *,
    code: Annotated[str, typer.Option(help="01 … 06, 13, 15, 16.")] = "",
    note: Annotated[str, typer.Option(help="Free text; the reason for 02, 13, 16.")] = "",
    arrival_number: Annotated[str, typer.Option(help="Number in the incoming register, with 03.")] = "",
    staff: Annotated[str, typer.Option(help="Who acted.")] = "",
    at: Annotated[
        datetime | None,
        typer.Option(parser=time_of, metavar="TIME", help="When it happened, in Viet Nam; now when absent."),
    ] = None,
    file: Annotated[list[Path] | None, typer.Option(help="edXML status file; may be repeated.")] = None,
    request_id: RequestId = "",
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Reports a status, or edXML status files. Exit code 3 when one was not recorded.

    One that matches no delivery of yours yet is recorded and kept, which is told: `lienthong status unmatched`.
    """
    request = pb.ReportStatusesRequest(request_id=request_id or new_request_id())
    if document:
        row = request.statuses.add(code=code, description=note, arrival_number=arrival_number)
        delivery = find_shown(document, "deliveries")
        if delivery:
            row.delivery = delivery
        else:
            row.document_id = document
        if staff:
            row.staff.CopyFrom(document_pb2.Staff(name=staff))
        happened = stamp(at)
        if happened is not None:
            row.event_time.CopyFrom(happened)
    request.edxml.extend(one.read_bytes() for one in file or [])
    if not request.statuses and not request.edxml:
        raise typer.BadParameter("name a document with --code, or give --file", param_hint="DOCUMENT")
    with session(who) as axis:
        answer = axis.workflow.ReportStatuses(request)
    show_list(answer.results, RESULT, as_json=as_json)
    kept = sum(result.outcome == pb.OUTCOME_KEPT for result in answer.results)
    if kept:
        text = f"{kept} kept: no delivery of yours matches yet; see `lienthong status unmatched list`"
        err.print(text, markup=False, soft_wrap=True)
    if any(result.status.code for result in answer.results):
        raise typer.Exit(REFUSED)


@unmatched.command("list")
def list_unmatched(*, limit: Size = 50, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Lists statuses of yours that match no delivery."""
    with session(who) as axis:
        answer = axis.workflow.ListUnmatchedStatuses(pb.ListUnmatchedStatusesRequest(page_size=limit))
    show_list(answer.statuses, UNMATCHED, as_json=as_json, more=answer.next_page_token)


@unmatched.command("link")
def link(
    status: Annotated[str, typer.Argument(parser=whole("statuses"), metavar="STATUS", help="The status.")],
    delivery: Annotated[
        str, typer.Argument(parser=whole("deliveries"), metavar="DELIVERY", help="A delivery of yours.")
    ],
    *,
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Links STATUS to DELIVERY; it then takes its ordinary course."""
    request = pb.LinkUnmatchedStatusRequest(name=status, delivery=delivery, request_id=new_request_id())
    with session(who) as axis:
        answer = axis.workflow.LinkUnmatchedStatus(request)
    show_list([answer], RESULT, as_json=as_json)
