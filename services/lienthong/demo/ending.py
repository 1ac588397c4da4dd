"""Acts 8 to 10: what else happens to documents, who was told, and what a stranger can verify."""

import json
import shutil
import subprocess

from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import lifecycle_pb2
from lienthong.demo.cast import Party
from lienthong.demo.papers import now
from lienthong.demo.stage import Stage
from lienthong.demo.timeline import StoryError, confirm, wait_for
from lienthong.intake.v1 import intake_pb2
from lienthong.notification.v1 import notification_pb2
from lienthong.routing.v1 import mailbox_pb2
from lienthong.signing.v1 import signing_pb2
from lienthong.testing.documents import Letter, letter_pdf
from lienthong.workflow.v1 import workflow_pb2

ATTEMPTS = 3
"""The endpoint fails twice, then takes the notice."""


def vary(stage: Stage) -> None:
    """Act 8: recalled unopened, refused with a reason, one recipient of three unknown."""
    stage.timeline.act("8", "Taken back, refused, misaddressed · thu hồi, từ chối, sai địa chỉ")
    pdf = letter_pdf(Letter(), now())
    _recalled(stage, pdf)
    _refused(stage, pdf)
    _misaddressed(stage, pdf)


def _recalled(stage: Stage, pdf: bytes) -> None:
    vpcp = stage.vpcp
    receipt = vpcp.submit(["H29"], "7820", "Văn bản gửi nhầm", ("nham.pdf", pdf))
    vpcp.axis.intake.RecallDocument(
        intake_pb2.RecallDocumentRequest(name=receipt.document, reason="Gửi nhầm", request_id=new_request_id())
    )
    _reaches(vpcp, receipt.document, lifecycle_pb2.DELIVERY_STATE_WITHDRAWN)
    items = stage.city.axis.mailbox.ListItems(mailbox_pb2.ListItemsRequest(page_size=100)).items
    confirm("the recalled document in the mailbox", [one for one in items if one.document == receipt.document], [])
    stage.timeline.say("VPCP", "recalls 7820 before anybody opened it: withdrawn, the city never sees it")


def _refused(stage: Stage, pdf: bytes) -> None:
    receipt = stage.vpcp.submit(["H29"], "7821", "Văn bản sai thẩm quyền", ("sai.pdf", pdf))
    item = stage.city.pull(mailbox_pb2.ITEM_KIND_DOCUMENT, receipt.document)
    stage.city.acknowledge(item)
    _reaches(stage.vpcp, receipt.document, lifecycle_pb2.DELIVERY_STATE_ARRIVED)
    stage.city.report(item.delivery, "02", "Không thuộc thẩm quyền giải quyết của UBND Thành phố")
    row = _reaches(stage.vpcp, receipt.document, lifecycle_pb2.DELIVERY_STATE_REFUSED)
    confirm("the reason", row.note, "Không thuộc thẩm quyền giải quyết của UBND Thành phố")
    stage.timeline.say("the city", f"refuses 7821 (02): {row.note}")


def _misaddressed(stage: Stage, pdf: bytes) -> None:
    receipt = stage.vpcp.submit(["H29", "H29.12", "H92"], "7822", "Gửi ba nơi", ("ba-noi.pdf", pdf))
    for name in ("ubnd-tphcm", "stttt-tphcm"):
        party = stage.parties[name]
        party.acknowledge(party.pull(mailbox_pb2.ITEM_KIND_DOCUMENT, receipt.document))

    def look() -> list[workflow_pb2.RecipientProgress] | None:
        rows = list(stage.vpcp.progress(receipt.document).recipients)
        states = sorted(row.state for row in rows)
        arrived, failed = lifecycle_pb2.DELIVERY_STATE_ARRIVED, lifecycle_pb2.DELIVERY_STATE_FAILED
        return rows if states == sorted([arrived, arrived, failed]) else None

    rows = wait_for("two served, one failed", look)
    failed = next(row for row in rows if row.state == lifecycle_pb2.DELIVERY_STATE_FAILED)
    if "H29" not in failed.failure:
        raise StoryError(f"the nearest code is not suggested: {failed.failure}")
    stage.timeline.say("routing", "7822: two of three recipients are served, the third failed", failed.failure)


def notices(stage: Stage) -> None:
    """Act 9: mail and webhooks arrived; the endpoint that failed twice was tried again with the same id."""
    timeline = stage.timeline
    timeline.act("9", "Everybody who had to know was told · thông báo")
    mail = stage.mail.wait_for(1, 30.0)[0]
    timeline.say("SMTP sink", f"{len(stage.mail.items)} mails, the first to {', '.join(mail.recipients)}")
    calls = stage.city_hook.wait_for(3, 30.0)
    first = calls[0].headers["webhook-id"]
    wait_for("the third attempt", lambda: _attempts(stage, first) >= ATTEMPTS)
    notice = f"notices/{first}"
    attempts = stage.city.axis.notification.ListAttempts(notification_pb2.ListAttemptsRequest(notice=notice)).attempts
    confirm("attempts", [attempt.ok for attempt in attempts][-1:], [True])
    timeline.say("HTTP sink", f"the city's endpoint failed, then took notice {first} at attempt {len(attempts)}")
    wait_for("VPCP's webhook", lambda: stage.vpcp_hook.items)
    body = json.loads(stage.vpcp_hook.items[0].body)
    timeline.say(
        "HTTP sink", f"VPCP's endpoint got {len(stage.vpcp_hook.items)} signed calls, the first {body['type']}"
    )
    listed = stage.vpcp.axis.notification.ListNotices(
        notification_pb2.ListNoticesRequest(page_size=100, filter='channel = "IN_APP"')
    ).notices
    if not listed:
        raise StoryError("VPCP has no notice in-app")
    timeline.say("VPCP", f"has {len(listed)} notices in-app, the newest: {listed[0].title}")


def _attempts(stage: Stage, identifier: str) -> int:
    return sum(call.headers["webhook-id"] == identifier for call in stage.city_hook.items)


def verify_receipt(stage: Stage, receipt: intake_pb2.Receipt) -> None:
    """Act 10: a stranger's tool accepts the receipt."""
    stage.timeline.act("10", "A stranger verifies the receipt · kiểm chứng biên nhận")
    openssl = shutil.which("openssl")
    if openssl is None:
        raise StoryError("the command openssl is not here; install it to see a stranger verify the receipt")
    root = stage.vpcp.axis.signing.GetAuthority(signing_pb2.GetAuthorityRequest()).root
    for name, data in (("receipt.json", receipt.subject), ("receipt.cms", receipt.seal), ("axis.pem", root)):
        (stage.papers / name).write_bytes(data)
    command = "cms -verify -binary -inform DER -in receipt.cms -content receipt.json -CAfile axis.pem -out /dev/null"
    run = subprocess.run(  # noqa: S603 -- the stranger's tool, found on the PATH
        [openssl, *command.split()], cwd=stage.papers, capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise StoryError(f"openssl does not accept the receipt: {run.stderr.strip()}")
    stage.timeline.say("openssl", f"{run.stderr.strip()}", f"openssl {command}")


def _reaches(
    party: Party, document: str, state: lifecycle_pb2.DeliveryState.ValueType
) -> workflow_pb2.RecipientProgress:
    def look() -> workflow_pb2.RecipientProgress | None:
        rows = party.progress(document).recipients
        return next((row for row in rows if row.state == state), None)

    return wait_for(f"{document} reaches {lifecycle_pb2.DeliveryState.Name(state)}", look)
