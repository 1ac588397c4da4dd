"""`lienthong upload`: contents that one has brought and that no document has taken."""

from typing import Annotated

import typer

from lienthong.cli.console import (
    DEFAULT_CONTEXT,
    As,
    Column,
    Json,
    Size,
    field,
    moment,
    out,
    print_json,
    session,
    show_list,
)
from lienthong.cli.names import whole
from lienthong.client.transfers import new_request_id
from lienthong.intake.v1 import intake_pb2 as pb

app = typer.Typer(help="Uploads that no document has taken: see what is unfinished, drop what is not wanted.")

UPLOAD: tuple[Column, ...] = (
    ("upload", field("name")),
    ("bytes", field("committed_size")),
    ("of", lambda one: str(one.size or "?")),
    ("complete", field("complete")),
    ("expires", moment("expire_time")),
)

Uploads = Annotated[
    list[str],
    typer.Argument(parser=whole("uploads"), metavar="UPLOAD...", help="Uploads, whole or as lists show them."),
]


@app.command("list")
def list_(*, limit: Size = 50, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Lists uploads of your agency that no document has taken, newest first."""
    with session(who) as axis:
        answer = axis.intake.ListUploads(pb.ListUploadsRequest(page_size=limit))
    show_list(answer.uploads, UPLOAD, as_json=as_json, more=answer.next_page_token)


@app.command("remove")
def remove(uploads: Uploads, *, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Drops uploads and the bytes that they hold; documents keep what they took."""
    with session(who) as axis:
        for upload in uploads:
            axis.intake.DeleteUpload(pb.DeleteUploadRequest(name=upload, request_id=new_request_id()))
    if as_json:
        print_json({"removed": uploads})
    else:
        out.print(f"{len(uploads)} dropped")
