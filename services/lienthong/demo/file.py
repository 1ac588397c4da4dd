"""The journey of a real file: its agencies are registered on the fly, its attachments compared at the recipient."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from lienthong import edxml
from lienthong.chassis.directory.model import CodeStyle, style_of
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.common.v1 import lifecycle_pb2
from lienthong.demo.cast import Party, register
from lienthong.demo.stage import Place, Stage, set_stage
from lienthong.demo.timeline import StoryError, Timeline, confirm, wait_for
from lienthong.routing.v1 import mailbox_pb2
from lienthong.workflow.v1 import workflow_pb2


def play_file(console: Console, file: Path, folder: Path | None, *, keep: bool, against: Path | None = None) -> None:
    """Plays the journey of a file: a document of any type, or a status.

    Args:
        console: Where it is printed.
        file: The file.
        folder: Data folder; a throw-away one when None.
        keep: Leave the platform up.
        against: Context of a platform that runs already.

    Raises:
        StoryError: A step was not confirmed, or the file is refused.
    """
    timeline = Timeline(console)
    with ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lienthong-demo-")))
        spools = edxml.FileSpools(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lienthong-file-"))))
        with _refusals(file):
            message = _read(file, spools)
        stage = stack.enter_context(set_stage(Place(place, keep, against), timeline))
        timeline.act("FILE", file.name)
        if isinstance(message, edxml.Status):
            _status(stage, file, message)
        elif message.kind is edxml.BusinessKind.RECALL:
            _recall(stage, file, message, spools)
        else:
            _document(stage, file, message)
        console.print(f"\n[bold green]The journey was played: {timeline.steps} steps, each confirmed.[/]")


@contextmanager
def _refusals(file: Path) -> Iterator[None]:
    try:
        yield
    except edxml.EdxmlError as error:
        first = error.problems[0]
        place = f"line {first.line}, column {first.column}: " if first.line else ""
        raise StoryError(f"{file.name} is refused, {place}{first.reason}: {first.rule}. {first.remedy}") from error


def _read(file: Path, spools: edxml.Spools) -> edxml.Message:
    with file.open("rb") as stream:
        return edxml.read(stream, spools).message


def _document(stage: Stage, file: Path, document: edxml.Document) -> None:
    sender, receivers = _parties(stage, document)
    receipt = sender.axis.submit_file(file)
    warnings = ", ".join(sorted({warning.code for warning in receipt.warnings})) or "none"
    stage.timeline.say("intake", f"accepts and seals {receipt.document_id}", f"warnings: {warnings}")
    expected = [one.content.sha256 for one in document.attachments]
    for receiver in receivers:
        item = receiver.pull(mailbox_pb2.ITEM_KIND_DOCUMENT, receipt.document)
        _compare(stage, receiver, item, expected)
        receiver.acknowledge(item)
    _reach(stage, sender, receipt.document, lifecycle_pb2.DELIVERY_STATE_ARRIVED)
    for receiver in receivers:
        stage.timeline.say(receiver.code, "acknowledges; 01 goes out by itself")


def _recall(stage: Stage, file: Path, document: edxml.Document, spools: edxml.Spools) -> None:
    # A recall needs what it recalls: the same document is sent as a new one first.
    original = replace(document, business=None)
    sender, _receivers = _parties(stage, document)
    first = stage.papers / "original.edxml"
    with first.open("wb") as stream:
        stream.writelines(edxml.write(original, spools))
    receipt = sender.axis.submit_file(first)
    stage.timeline.say("intake", f"accepts the original {receipt.document_id}")
    recall = sender.axis.submit_file(file)
    confirm("the document recalled", recall.document, receipt.document)
    stage.timeline.say("intake", f"takes the recall down: {document.business.reason if document.business else ''}")
    _reach(stage, sender, receipt.document, lifecycle_pb2.DELIVERY_STATE_WITHDRAWN)
    stage.timeline.say("routing", "nobody had opened it: withdrawn at every recipient")


def _status(stage: Stage, file: Path, status: edxml.Status) -> None:
    # A status needs the document that it is about: it is made from what the status says of it.
    taken_back = status.code == "13"
    about = status.response_for
    mine, other = status.sender.organ_id, about.organ_id
    sender_code, recipient_code = (mine, other) if taken_back else (other, mine)
    names = {mine: status.sender.name}
    sender = _register(stage, sender_code, names.get(sender_code, ""))
    recipient = _register(stage, recipient_code, names.get(recipient_code, ""))
    number, _, notation = about.code.partition("/")
    document = edxml.Document(
        sender=edxml.Organization(sender_code, names.get(sender_code, "")),
        recipients=(edxml.Organization(recipient_code, names.get(recipient_code, "")),),
        document_id=about.document_id,
        code=edxml.DocumentCode(number, notation),
        promulgation=edxml.PromulgationInfo("", about.promulgation_date),
        subject=f"Văn bản {about.code}",
    )
    first = stage.papers / "original.edxml"
    with first.open("wb") as stream:
        stream.writelines(edxml.write(document, edxml.MemorySpools()))
    receipt = sender.axis.submit_file(first)
    stage.timeline.say("intake", f"accepts the document that the status is about, {receipt.document_id}")
    recipient.acknowledge(recipient.pull(mailbox_pb2.ITEM_KIND_DOCUMENT, receipt.document))
    _reach(stage, sender, receipt.document, lifecycle_pb2.DELIVERY_STATE_ARRIVED)
    _report(stage, sender if taken_back else recipient, file)


def _report(stage: Stage, reporter: Party, file: Path) -> None:
    request = workflow_pb2.ReportStatusesRequest(edxml=[file.read_bytes()], request_id=new_request_id())
    (result,) = reporter.axis.workflow.ReportStatuses(request).results
    confirm("the status", (result.status.code, result.status.message), (0, ""))
    outcome = workflow_pb2.Outcome.Name(result.outcome).removeprefix("OUTCOME_").lower()
    state = lifecycle_pb2.DeliveryState.Name(result.state).removeprefix("DELIVERY_STATE_").lower()
    stage.timeline.say(reporter.code, f"reports {file.name}: {outcome}, state {state}, rule {result.rule}")


def _parties(stage: Stage, document: edxml.Document) -> tuple[Party, list[Party]]:
    sender = _register(stage, document.sender.organ_id, document.sender.name)
    return sender, [_register(stage, one.organ_id, one.name) for one in document.recipients]


def _register(stage: Stage, code: str, name: str) -> Party:
    if code in stage.parties:
        return stage.parties[code]
    if style_of(code) is CodeStyle.NEITHER:
        raise StoryError(f"{code} is no identifier code of either style; the directory does not take such an agency")
    agency = common.Agency(display_name=name or code, codes=[common.AgencyCode(code=code)])
    party = register(stage.platform, stage.operator, code.lower(), agency)
    stage.parties[code] = party
    stage.timeline.say("operator", f"registers {party.agency.display_name} ({code})")
    return party


def _compare(stage: Stage, receiver: Party, item: mailbox_pb2.Item, expected: Sequence[str]) -> None:
    target = stage.papers / f"{receiver.name}.edxml"
    with target.open("wb") as stream:
        receiver.axis.download(f"{item.delivery}/content", stream)
    with tempfile.TemporaryDirectory() as folder:
        message = _read(target, edxml.FileSpools(Path(folder)))
        found = [one.content.sha256 for one in message.attachments] if isinstance(message, edxml.Document) else []
    confirm(f"attachments at {receiver.code}", found, list(expected))
    size = target.stat().st_size
    stage.timeline.say(receiver.code, f"downloads {size:,} bytes; {len(found)} attachments byte for byte as sent")


def _reach(stage: Stage, sender: Party, document: str, state: lifecycle_pb2.DeliveryState.ValueType) -> None:
    def look() -> bool:
        rows = sender.progress(document).recipients
        return bool(rows) and all(row.state == state for row in rows)

    name = lifecycle_pb2.DeliveryState.Name(state)
    wait_for(f"every recipient of {document} reaches {name}", look)
    stage.timeline.say("workflow", f"every recipient: {name.removeprefix('DELIVERY_STATE_').lower()}")
