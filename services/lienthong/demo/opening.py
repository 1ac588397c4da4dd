"""Acts 1 to 3: who takes part, the document, what its signatures mean."""

from datetime import timedelta

from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.common.v1 import lifecycle_pb2
from lienthong.demo.cast import register
from lienthong.demo.papers import VPCP_LETTER, due_table, now, signed_letter, vpcp_file
from lienthong.demo.stage import Stage
from lienthong.demo.timeline import confirm, wait_for
from lienthong.intake.v1 import intake_pb2
from lienthong.notification.v1 import notification_pb2
from lienthong.signing.v1 import signing_pb2
from lienthong.testing.documents import damaged, letter_pdf

VPCP = common.Agency(
    display_name="Văn phòng Chính phủ",
    short_name="VPCP",
    codes=[common.AgencyCode(code="000.00.00.G22"), common.AgencyCode(code="G22")],
)
CITY = common.Agency(
    display_name="UBND Thành phố Hồ Chí Minh",
    short_name="UBND-TPHCM",
    codes=[common.AgencyCode(code="000.00.00.H29"), common.AgencyCode(code="H29")],
    groups=["provinces"],
)
DEPARTMENT = common.Agency(
    display_name="Sở Thông tin và Truyền thông TP.HCM",
    short_name="STTTT-TPHCM",
    codes=[common.AgencyCode(code="000.00.12.H29"), common.AgencyCode(code="H29.12")],
)


def register_parties(stage: Stage) -> None:
    """Act 1: agencies with both code styles, credentials, subscriptions."""
    timeline = stage.timeline
    timeline.act("1", "The agencies join the axis · các cơ quan kết nối")
    city = register(stage.platform, stage.operator, "ubnd-tphcm", CITY)
    members = {
        "vpcp": register(stage.platform, stage.operator, "vpcp", VPCP),
        "ubnd-tphcm": city,
        "stttt-tphcm": register(stage.platform, stage.operator, "stttt-tphcm", DEPARTMENT, city.agency.name),
    }
    stage.parties.update(members)
    for party in members.values():
        codes = ", ".join(code.code for code in party.agency.codes)
        timeline.say("operator", f"registers {party.agency.display_name} ({codes}), certifies its key")
    _subscribe(stage)


def _subscribe(stage: Stage) -> None:
    wanted = (
        ("ubnd-tphcm", notification_pb2.CHANNEL_EMAIL, "vanthu@hcmc.example.vn"),
        ("ubnd-tphcm", notification_pb2.CHANNEL_WEBHOOK, f"{stage.city_hook.url}/hcmc"),
        ("vpcp", notification_pb2.CHANNEL_IN_APP, ""),
        ("vpcp", notification_pb2.CHANNEL_WEBHOOK, f"{stage.vpcp_hook.url}/vpcp"),
    )
    for name, channel, target in wanted:
        subscription = notification_pb2.Subscription(channel=channel, target=target)
        stage.parties[name].axis.notification.CreateSubscription(
            notification_pb2.CreateSubscriptionRequest(subscription=subscription, request_id=new_request_id())
        )
    # The city's endpoint refuses its first notice twice, then takes it.
    stage.city_hook.refuse_first_message(2)
    stage.timeline.say("the city", "subscribes by e-mail and webhook; its endpoint will fail twice")
    stage.timeline.say("VPCP", "subscribes in-app and by webhook")


def issue_document(stage: Stage) -> intake_pb2.Receipt:
    """Act 2: a signed letter and a table as edXML; checked, submitted, submitted again."""
    timeline, vpcp = stage.timeline, stage.vpcp
    timeline.act("2", "VPCP issues a signed document · VPCP phát hành văn bản")
    at = now() - timedelta(minutes=2)
    letter, table = signed_letter(VPCP_LETTER, stage.vpcp_signers, at), due_table(at)
    file = stage.papers / "7816-VPCP-TTDT.edxml"
    vpcp_file(file, letter, table, (at + timedelta(days=15)).date())
    timeline.say("VPCP", f"composes 7816/VPCP-TTĐT: {len(letter):,} byte PDF signed twice, and a table ({file.name})")
    check = vpcp.axis.intake.CheckDocument(intake_pb2.CheckDocumentRequest(edxml=file.read_bytes()))
    confirm("check", (check.acceptable, len(check.problems)), (True, 0))
    timeline.say("intake", "check: it would be accepted")
    key = new_request_id()
    receipt = vpcp.axis.submit_file(file, key)
    timeline.say("intake", f"accepts and seals a receipt: {receipt.document}", f"DocumentId {receipt.document_id}")
    confirm("the same again", vpcp.axis.submit_file(file, key), receipt)
    confirm("the same under another key", vpcp.axis.submit_file(file).name, receipt.name)
    timeline.say("intake", "the same submitted again: the same receipt")
    return receipt


def explain_signatures(stage: Stage, document: str) -> None:
    """Act 3: signatures verified and said in words; unsigned and broken ones travel too."""
    timeline = stage.timeline
    timeline.act("3", "Signatures, in words · chữ ký số")
    verdict = _verdict(stage, document)
    confirm("verdict", verdict.verdict, lifecycle_pb2.VERDICT_ORIGINAL_VALUE)
    timeline.say("signing", verdict.text_vi, verdict.text_en)
    for attachment in verdict.attachments:
        for signature in attachment.signatures:
            timeline.say("signing", f"{attachment.name}: {signature.text_vi}", signature.text_en)
    at = now() - timedelta(minutes=1)
    unsigned = letter_pdf(VPCP_LETTER, at)
    broken = damaged(signed_letter(VPCP_LETTER, stage.vpcp_signers, at))
    for number, subject, pdf, expected in (
        ("7817", "Bản chưa ký", unsigned, lifecycle_pb2.VERDICT_FOR_INFORMATION),
        ("7818", "Bản bị sửa sau khi ký", broken, lifecycle_pb2.VERDICT_BROKEN),
    ):
        receipt = stage.vpcp.submit(["H29"], number, subject, ("van-ban.pdf", pdf))
        verdict = _verdict(stage, receipt.document)
        confirm(f"verdict of {number}", verdict.verdict, expected)
        timeline.say("signing", f"{number}: {verdict.text_vi}", verdict.text_en)


def _verdict(stage: Stage, document: str) -> signing_pb2.Verification:
    def look() -> signing_pb2.Verification | None:
        answer = stage.vpcp.axis.signing.GetVerification(signing_pb2.GetVerificationRequest(document=document))
        return answer if answer.verdict else None

    return wait_for("the verdict", look)
