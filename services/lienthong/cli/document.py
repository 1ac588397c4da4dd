"""`lienthong document`: documents that one sends."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from lienthong.chassis.clock import VIETNAM, SystemClock
from lienthong.chassis.times import to_date
from lienthong.cli import evidence as evidences
from lienthong.cli.composed import FollowUp, attached
from lienthong.cli.console import (
    DEFAULT_CONTEXT,
    As,
    Column,
    Filter,
    Json,
    RequestId,
    Size,
    field,
    moment,
    out,
    print_json,
    resumable,
    session,
    show,
    show_list,
    to_dict,
    transfer_bar,
)
from lienthong.cli.files import EdxmlFile, told
from lienthong.cli.names import whole
from lienthong.cli.typed import day_of
from lienthong.client.session import INLINE_BYTES
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import document_pb2
from lienthong.intake.v1 import intake_pb2 as pb
from lienthong.terminal import progress_table
from lienthong.workflow.v1 import workflow_pb2

app = typer.Typer(help="Documents that you send: compose, check, submit, follow, take back, prove.")

REFUSED = 3

RECEIPT: tuple[Column, ...] = (
    ("receipt", field("name")),
    ("document", field("document")),
    ("DocumentId", field("document_id")),
    ("accepted", moment("accept_time")),
    ("recipients", lambda receipt: ", ".join(_recipient(one) for one in receipt.recipients)),
    ("warnings", lambda receipt: "; ".join(f"{one.code} {one.path}: {one.found}" for one in receipt.warnings)),
)
DOCUMENT: tuple[Column, ...] = (
    ("document", field("name")),
    ("code", lambda one: f"{one.header.number}/{one.header.notation}"),
    ("date", lambda one: _day(one.header)),
    ("to", lambda one: ", ".join(recipient.code for recipient in one.recipients)),
    ("subject", lambda one: one.header.subject),
    ("accepted", moment("accept_time")),
)


Document = Annotated[
    str, typer.Argument(parser=whole("documents"), metavar="DOCUMENT", help="A document, whole or as lists show it.")
]


@app.command("submit")
def submit(file: EdxmlFile, *, request_id: RequestId = "", who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Hands an edXML file of any size in; prints the sealed receipt."""
    key = request_id or new_request_id()
    with session(who) as axis, resumable(key), transfer_bar(file.name, as_json=as_json) as progress:
        receipt = axis.submit_file(file, key, progress)
    show(receipt, RECEIPT, as_json=as_json)


@app.command("compose")
def compose(
    *,
    to: Annotated[list[str], typer.Option(help="Code of a recipient or of a group; may be repeated.")],
    number: Annotated[str, typer.Option(help="Number.")],
    notation: Annotated[str, typer.Option(help="Notation, such as VPCP-TTĐT.")],
    subject: Annotated[str, typer.Option(help="Abstract (trích yếu).")],
    attach: Annotated[list[Path] | None, typer.Option(help="File to attach; may be repeated.")] = None,
    type_name: Annotated[str, typer.Option(help="Name of the type.")] = "Công văn",
    due: Annotated[str, typer.Option(help="Deadline, YYYY-MM-DD or DD/MM/YYYY.")] = "",
    priority: Annotated[int, typer.Option(help="0 thường … 3 hỏa tốc.", min=0, max=4)] = 0,
    signer: Annotated[str, typer.Option(help="Name of the signer.")] = "",
    document_id: Annotated[str, typer.Option(help="DocumentId; made by the axis when absent.")] = "",
    answers: Annotated[str, typer.Option(help="DocumentId that this answers.")] = "",
    answers_from: Annotated[str, typer.Option(help="Code of the agency whose document this answers.")] = "",
    request_id: RequestId = "",
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Composes a document from options and hands it in."""
    header = document_pb2.DocumentHeader(
        document_id=document_id,
        number=number,
        notation=notation,
        subject=subject,
        type_name=type_name,
        type=2,
        type_detail=18 if type_name == "Công văn" else -1,
        promulgation_date=to_date(SystemClock().now().astimezone(VIETNAM).date()),
        due_date=to_date(day_of(due)) if due else None,
        priority=priority,
        signer_name=signer,
        kind=document_pb2.DOCUMENT_KIND_NEW,
        recipients=[document_pb2.Organization(code=code) for code in to],
        response_for=[document_pb2.ResponseFor(organ_code=answers_from, document_id=answers)] if answers else [],
    )
    with session(who) as axis, transfer_bar(subject, as_json=as_json) as progress:
        attachments = [attached(axis, file, progress) for file in attach or []]
        content = pb.DocumentContent(header=header, attachments=attachments)
        receipt = axis.intake.SubmitDocument(
            pb.SubmitDocumentRequest(document=content, request_id=request_id or new_request_id()), timeout=600.0
        )
    show(receipt, RECEIPT, as_json=as_json)


@app.command("check")
def check(file: EdxmlFile, *, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Tells what `submit` would say; stores nothing. Exit code 3 when it would be refused."""
    with session(who) as axis, transfer_bar(file.name, as_json=as_json) as progress:
        small = file.stat().st_size <= INLINE_BYTES
        request = (
            pb.CheckDocumentRequest(edxml=file.read_bytes())
            if small
            else pb.CheckDocumentRequest(upload=axis.upload(file, progress))
        )
        answer = axis.intake.CheckDocument(request, timeout=600.0)
    if as_json:
        print_json(to_dict(answer))
    else:
        for problem in answer.problems:
            out.print(f"[red]{problem.reason}[/] {escape(told(problem))}", soft_wrap=True)
        for warning in answer.warnings:
            text = escape(f"{warning.path}: {warning.found} → {warning.taken}")
            out.print(f"[yellow]{warning.code}[/] {text}", soft_wrap=True)
        out.print("it would be accepted" if answer.acceptable else "it would be refused")
    if not answer.acceptable:
        raise typer.Exit(REFUSED)


@app.command("get")
def get(document: Document, *, who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Shows a document that you sent."""
    with session(who) as axis:
        answer = axis.intake.GetDocument(pb.GetDocumentRequest(name=document))
    show(answer, DOCUMENT, as_json=as_json)


@app.command("list")
def list_(*, limit: Size = 50, condition: Filter = "", who: As = DEFAULT_CONTEXT, as_json: Json = False) -> None:
    """Lists what you sent, newest first."""
    with session(who) as axis:
        answer = axis.intake.ListDocuments(pb.ListDocumentsRequest(page_size=limit, filter=condition))
    show_list(answer.documents, DOCUMENT, as_json=as_json, more=answer.next_page_token)


@app.command("download")
def download(
    document: Document,
    *,
    folder: Annotated[Path, typer.Option("--to", help="Folder for the files.")] = Path(),
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Writes the canonical edXML file of a document that you sent, and its attachments."""
    with session(who) as axis:
        found = axis.intake.GetDocument(pb.GetDocumentRequest(name=document))
        files = evidences.download_sent(axis, found, folder, as_json=as_json)
    if as_json:
        print_json([str(file) for file in files])
    else:
        for file in files:
            out.print(str(file), markup=False, soft_wrap=True)


@app.command("recall")
def recall(
    document: Document,
    *,
    reason: Annotated[str, typer.Option(help="Why; obligatory (QD28 Art. 8).")],
    recipient: Annotated[list[str] | None, typer.Option(help="Only from this code; may be repeated.")] = None,
    request_id: RequestId = "",
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Asks to take a document back."""
    with session(who) as axis:
        receipt = axis.intake.RecallDocument(
            pb.RecallDocumentRequest(
                name=document,
                reason=reason,
                recipient_codes=recipient or [],
                request_id=request_id or new_request_id(),
            )
        )
    show(receipt, RECEIPT, as_json=as_json)


Overrides = Annotated[
    Path | None, typer.Option("--header", help="JSON file with the fields of the header that change.")
]


@app.command("update")
def update(
    document: Document,
    *,
    header: Overrides = None,
    attach: Annotated[
        list[Path] | None, typer.Option(help="File of the new version; may be repeated; those of before when absent.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    request_id: RequestId = "",
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Sends new content for a document (type 2)."""
    follow_up = FollowUp(document_pb2.DOCUMENT_KIND_UPDATE, document, header, tuple(attach or ()), reason, request_id)
    with session(who) as axis:
        show(follow_up.send(axis, as_json=as_json), RECEIPT, as_json=as_json)


@app.command("replace")
def replace(
    document: Document,
    *,
    number: Annotated[str, typer.Option(help="Number of the new document: it is a document of its own.")],
    header: Overrides = None,
    attach: Annotated[
        list[Path] | None,
        typer.Option(help="File of the new document; may be repeated; those of the other when absent."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    request_id: RequestId = "",
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Sends a document that takes the place of another (type 3)."""
    kind = document_pb2.DOCUMENT_KIND_REPLACEMENT
    follow_up = FollowUp(kind, document, header, tuple(attach or ()), reason, request_id, number)
    with session(who) as axis:
        show(follow_up.send(axis, as_json=as_json), RECEIPT, as_json=as_json)


@app.command("progress")
def progress(
    document: Document,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Stay and show each change.")] = False,
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Shows the four steps at each recipient."""
    with session(who) as axis:
        if not watch:
            answer = axis.workflow.GetProgress(workflow_pb2.GetProgressRequest(document=document))
            _print_progress(answer, as_json=as_json)
            return
        for change in axis.watch_progress(document):
            _print_progress(change.progress, as_json=as_json)


@app.command("evidence")
def evidence(
    document: Document,
    *,
    target: Annotated[Path, typer.Option("-o", "--output", help="The ZIP file to write.")] = Path("evidence.zip"),
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Writes one file with document, receipts, statuses, verdicts, certificates and a manifest of hashes."""
    with session(who) as axis:
        names = evidences.write_evidence(axis, document, target)
    if as_json:
        print_json({"file": str(target), "entries": names})
    else:
        out.print(f"{target}: {len(names)} entries, hashes in manifest.json", markup=False, soft_wrap=True)


def _print_progress(progress: workflow_pb2.Progress, *, as_json: bool) -> None:
    if as_json:
        print_json(to_dict(progress))
    else:
        out.print(progress_table(progress))


def _recipient(one: pb.ResolvedRecipient) -> str:
    return one.code if one.agency else f"{one.code} (not known; nearest {', '.join(one.nearest_codes) or 'none'})"


def _day(header: document_pb2.DocumentHeader) -> str:
    day = header.promulgation_date
    return f"{day.year:04}-{day.month:02}-{day.day:02}" if day.year else ""
