"""One document through a platform that is in use: from a sender to a recipient, and its status back.

Two agencies that exist for this alone exchange it. They are registered the first time and stay; their systems, made at
each trial, are revoked at its end.
"""

import hashlib
import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from lienthong.client import Axis, AxisCallError, NotFoundError, connect, credentials, load_context
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.common.v1 import lifecycle_pb2
from lienthong.demo.cast import Party
from lienthong.demo.timeline import Timeline, confirm, wait_for
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import directory_pb2, mailbox_pb2
from lienthong.signing.v1 import signing_pb2

HEARD_SECONDS = 60.0
"""How long one service may take to hear what another did: a copy of it may just have come or gone."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Codes of the two agencies.

    Attributes:
        sender: Of who sends.
        recipient: Of who receives.
    """

    sender: str
    recipient: str


def play_trial(console: Console, operator: Axis, codes: Codes) -> None:
    """Plays it.

    Args:
        console: Where it is printed.
        operator: A session as operator.
        codes: Who takes part.

    Raises:
        StoryError: A step was not confirmed.
        AxisCallError: The platform refused a step.
    """
    timeline = Timeline(console)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="lienthong-trial-")))
        sender, recipient = (
            stack.enter_context(_party(operator, code, folder)) for code in (codes.sender, codes.recipient)
        )
        timeline.say("operator", f"certifies systems of {sender.code} and {recipient.code}")
        receipt = _submit(sender, recipient)
        timeline.say("intake", f"accepts and seals {receipt.document}")
        verdict = _verdict(sender, receipt.document)
        timeline.say("signing", verdict.text_vi, verdict.text_en)
        item = recipient.pull(mailbox_pb2.ITEM_KIND_DOCUMENT, receipt.document, HEARD_SECONDS)
        timeline.say("routing", f"delivers it to {recipient.code}: {_compare(recipient, item):,} bytes as sealed")
        recipient.acknowledge(item)
        _arrived(sender, receipt.document)
        timeline.say("workflow", f"{recipient.code} has it")
        status = sender.pull(mailbox_pb2.ITEM_KIND_STATUS, receipt.document, HEARD_SECONDS)
        confirm("status in the sender's mailbox", status.status_code, "01")
        sender.acknowledge(status)
        timeline.say("routing", f"status 01 lies in the mailbox of {sender.code}")
    console.print(f"\n[bold green]The document went through: {timeline.steps} steps, each confirmed.[/]")


@contextmanager
def _party(operator: Axis, code: str, folder: Path) -> Iterator[Party]:
    agency = _agency(operator, code)
    issued = credentials.issue(operator, agency.name, f"trial-{code}".lower(), credentials.Place(folder))
    try:
        assert issued.context  # noqa: S101 -- its key was made here
        with connect(load_context(issued.context)) as axis:
            # The directory comes in order: once intake knows the system, it knows the agency too.
            axis.intake.ListDocuments(intake_pb2.ListDocumentsRequest(page_size=1), timeout=HEARD_SECONDS)
            yield Party(issued.context.stem, agency, axis)
    finally:
        operator.directory.RevokeSystem(
            directory_pb2.RevokeSystemRequest(name=issued.system, request_id=new_request_id())
        )


def _agency(operator: Axis, code: str) -> common.Agency:
    try:
        return operator.directory.GetAgency(directory_pb2.GetAgencyRequest(name=f"agencies/{code}"))
    except NotFoundError:
        agency = common.Agency(display_name=f"Kiểm tra {code}", short_name=code, codes=[common.AgencyCode(code=code)])
        request = directory_pb2.CreateAgencyRequest(agency=agency, request_id=new_request_id())
        return operator.directory.CreateAgency(request)


def _submit(sender: Party, recipient: Party) -> intake_pb2.Receipt:
    text = f"Kiểm tra đường truyền {new_request_id()}\n".encode()
    number = hashlib.sha256(text).hexdigest()[:12]

    def look() -> intake_pb2.Receipt | None:
        try:
            return sender.submit([recipient.code], number, "Kiểm tra đường truyền", ("kiem-tra.txt", text))
        except AxisCallError as error:
            # One copy of intake knew the recipient; the one that is asked now may not have heard of it yet.
            if error.reason != "RECIPIENT_UNKNOWN":
                raise
            return None

    return wait_for("intake knows the recipient", look, HEARD_SECONDS)


def _verdict(sender: Party, document: str) -> signing_pb2.Verification:
    def look() -> signing_pb2.Verification | None:
        answer = sender.axis.signing.GetVerification(signing_pb2.GetVerificationRequest(document=document))
        return answer if answer.verdict else None

    return wait_for("the verdict", look, HEARD_SECONDS)


def _compare(recipient: Party, item: mailbox_pb2.Item) -> int:
    delivery = recipient.axis.mailbox.GetDelivery(mailbox_pb2.GetDeliveryRequest(name=item.delivery))
    content = io.BytesIO()
    found = recipient.axis.download(f"{item.delivery}/content", content)
    confirm("hash of the document", found, delivery.content_sha256.hex())
    return content.tell()


def _arrived(sender: Party, document: str) -> None:
    def look() -> bool:
        rows = sender.progress(document).recipients
        return [row.state for row in rows] == [lifecycle_pb2.DELIVERY_STATE_ARRIVED]

    wait_for("the recipient has it", look, HEARD_SECONDS)
