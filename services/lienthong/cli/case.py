"""`lienthong case`: where documents stand."""

from typing import Annotated

import typer

from lienthong.cli.console import DEFAULT_CONTEXT, As, Column, Filter, Json, Size, day, field, session, show_list
from lienthong.terminal import state_words
from lienthong.workflow.v1 import workflow_pb2 as pb

app = typer.Typer(help="Cases: where each document stands at each recipient.")

CASE: tuple[Column, ...] = (
    ("delivery", lambda case: case.progress.delivery),
    ("code", field("code")),
    ("state", lambda case: state_words(case.progress)),
    ("due", day("due_time")),
    ("at", lambda case: case.progress.display_name or case.progress.code),
    ("subject", field("subject")),
    ("from", field("sender_name")),
    ("document", field("document")),
)


@app.command("list")
def list_(
    *,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those past their deadline.")] = False,
    state: Annotated[str, typer.Option(help="Only in this state, such as PROCESSING.")] = "",
    condition: Filter = "",
    limit: Size = 50,
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Lists cases that you sent or received."""
    parts = [condition, "overdue = true" if overdue else "", f'state = "{state.upper()}"' if state else ""]
    request = pb.ListCasesRequest(page_size=limit, filter=" AND ".join(part for part in parts if part))
    with session(who) as axis:
        answer = axis.workflow.ListCases(request)
    show_list(answer.cases, CASE, as_json=as_json, more=answer.next_page_token)


@app.callback()
def cases() -> None:
    """Cases: where each document stands at each recipient."""
