"""`lienthong audit`: who did what."""

from typing import Annotated

import typer

from lienthong.cli.console import DEFAULT_CONTEXT, As, Column, Json, Size, field, session, show_list, when
from lienthong.cli.names import shorten_in_place
from lienthong.client.context import SERVICES
from lienthong.common.v1 import operations_pb2 as pb

app = typer.Typer(help="The audit trail. Operators only.")

ENTRY: tuple[Column, ...] = (
    ("time", lambda entry: when(entry.time)),
    ("action", field("action")),
    ("outcome", field("outcome")),
    ("resource", lambda entry: shorten_in_place(entry.resource)),
    ("person", field("person")),
    ("system", field("system")),
    ("for", field("agency")),
    ("detail", field("detail")),
)


@app.command("list")
def list_(
    *,
    service: Annotated[str, typer.Option(help="Only of this service.")] = "",
    resource: Annotated[str, typer.Option(help="Only about this resource.")] = "",
    limit: Size = 50,
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Lists audit entries, newest first."""
    rows: list[pb.AuditEntry] = []
    more = ""
    with session(who) as axis:
        for name in (service,) if service else SERVICES:
            request = pb.ListAuditEntriesRequest(service=name, page_size=limit, resource=resource)
            answer = axis.operations(name).ListAuditEntries(request)
            rows += answer.entries
            more = more or answer.next_page_token
    rows.sort(key=lambda row: (row.time.seconds, row.time.nanos), reverse=True)
    show_list(rows[:limit], ENTRY, as_json=as_json, more=more or (str(limit) if len(rows) > limit else ""))


@app.callback()
def audits() -> None:
    """The audit trail. Operators only."""
