"""Statuses that agencies report."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unicodedata import normalize

import pytest
from sqlalchemy import select

from lienthong import edxml
from lienthong.chassis.errors import AxisError
from lienthong.chassis.events.tables import audit
from lienthong.chassis.keyfiles import load_certificates
from lienthong.chassis.rpc.status import from_status
from lienthong.chassis.seals import verify_seal
from lienthong.chassis.times import to_timestamp
from lienthong.common.v1 import document_pb2
from lienthong.common.v1 import lifecycle_pb2 as life
from lienthong.events.v1 import workflow_progress_pb2 as events
from lienthong.testing.service import HCMC, NGHE_AN, VPCP
from lienthong.workflow.handlers import reports
from lienthong.workflow.handlers.kept import match_again
from lienthong.workflow.handlers.matching import NOTHING
from lienthong.workflow.v1 import workflow_pb2 as pb

DOCUMENT_ID = "G22,2026-11-20,doc"
AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def status_file(code: str, sender: str = "000.00.00.H29", **about: Any) -> bytes:
    """An edXML status message."""
    response = edxml.ResponseFor(
        about.pop("party", "000.00.00.G22"),
        about.pop("document_code", "7816/VPCP-doc"),
        about.pop("document_id", DOCUMENT_ID),
        AT.date().replace(day=20),
    )
    status = edxml.Status(
        edxml.Organization(sender, "UBND"), response, code, timestamp=AT.astimezone(edxml.VIETNAM_TIME), **about
    )
    return edxml.render_status(status)


def test_status_key_answers_a_repeat_with_the_first_outcome(world: Any) -> None:
    """Natural key (document, reporter, code, time): said once, whatever the request and the way in."""
    world.deliver("d1", "doc")
    first = world.say(HCMC, "03", "d1", event_time=to_timestamp(AT))
    assert world.say(HCMC, "3", document_id=DOCUMENT_ID, event_time=to_timestamp(AT)) == first
    assert world.say_all(HCMC, edxml=(status_file("03"),))[0] == first
    assert len(world.bench.told(events.StatusRecorded)) == 2


def test_request_id_answers_the_same(world: Any) -> None:
    """A repeat of a call gets the first answer; other content under its key is ALREADY_EXISTS."""
    world.deliver("d1", "doc")
    call = world.bench.call(HCMC, "Workflow/ReportStatuses")
    request = pb.ReportStatusesRequest(
        statuses=[pb.StatusReport(delivery="deliveries/d1", code="03")], request_id="same"
    )
    assert world.api.report_statuses(request, call) == world.api.report_statuses(request, call)
    request.statuses[0].code = "05"
    with pytest.raises(AxisError, match="REQUEST_ID_REUSED"):
        world.api.report_statuses(request, call)


def test_each_of_a_batch_stands_for_itself(world: Any) -> None:
    """A bad status has its own code with a reason; the others go on."""
    world.deliver("d1", "doc")
    results = world.say_all(
        HCMC,
        pb.StatusReport(delivery="deliveries/d1", code="02"),
        pb.StatusReport(delivery="documents/d1", code="03"),
        pb.StatusReport(code="03"),
        pb.StatusReport(delivery="deliveries/d1", code="x" * 17),
        pb.StatusReport(delivery="deliveries/d1", code="03"),
        edxml=(b"<nothing/>", status_file("03", "000.00.00.H41"), status_file("05")),
    )
    reasons = [from_status(one.status).reason if one.status.code else "" for one in results]
    assert reasons == [
        "REASON_REQUIRED",
        "NAME_INVALID",
        "SUBJECT_MISSING",
        "CODE_INVALID",
        "",
        "ROOT_UNKNOWN",
        "FROM_DIFFERS",
        "",
    ]
    assert world.state("d1", "doc") == "PROCESSING"


def test_a_document_is_sent_to_intake(world: Any) -> None:
    """An edXML document among statuses, whole or not, is refused with a pointer to intake."""
    document = edxml.Document(
        edxml.Organization("000.00.00.H29", "UBND"),
        (edxml.Organization("000.00.00.G22", "VPCP"),),
        "id",
        edxml.DocumentCode("1", "UBND"),
        edxml.PromulgationInfo("TP. Hồ Chí Minh", AT.date()),
        subject="Báo cáo",
        signer=edxml.SignerInfo("TM.", "Chủ tịch", "Nguyễn Văn A"),
    )
    file = b"".join(edxml.write(document, edxml.MemorySpools()))
    for result in world.say_all(HCMC, edxml=(file, file[:-9])):
        error = from_status(result.status)
        assert error.reason == "EDXML_IS_DOCUMENT"
        assert "SubmitEdxml" in error.message


def test_batch_is_bounded(world: Any) -> None:
    """A call carries 1 to 100 statuses."""
    with pytest.raises(AxisError, match="BATCH_SIZE"):
        world.say_all(HCMC, *[pb.StatusReport(delivery="deliveries/d1", code="03")] * 101)
    with pytest.raises(AxisError, match="BATCH_SIZE"):
        world.say_all(HCMC)
    for code in ("13", " 13 "):
        with pytest.raises(AxisError, match="BATCH_SIZE"):
            world.say_all(VPCP, *[pb.StatusReport(document_id="x", code=code, description="y")] * 11)


def test_foreign_and_absent_documents_answer_alike(world: Any) -> None:
    """A status that matches no delivery of the caller is kept; the answer does not tell why."""
    world.deliver("d1", "doc")
    foreign = [world.say(NGHE_AN, "03", "d1"), world.say(NGHE_AN, "03", document_id=DOCUMENT_ID)]
    absent = [world.say(NGHE_AN, "03", "none"), world.say(NGHE_AN, "03", document_id="none")]
    for one in (*foreign, *absent):
        assert one.outcome == pb.OUTCOME_KEPT
        one.ClearField("name")
    assert foreign == absent
    assert world.state("d1", "doc") == "ARRIVED"
    with world.bench.context.database.read() as connection:
        rows = connection.execute(select(audit).where(audit.c.outcome == "kept")).all()
    assert len(rows) == 4


def test_kept_status_is_matched_when_its_delivery_comes(world: Any) -> None:
    """A status that overtakes the delivery's event takes its course by itself, before and after held."""
    kept = world.say(HCMC, "03", document_id=DOCUMENT_ID, arrival_number="77", event_time=to_timestamp(AT))
    assert kept.outcome == pb.OUTCOME_KEPT
    world.deliver("d1", "doc")
    assert world.state("d1", "doc") == "ACCEPTED"
    assert world.progress(VPCP, "doc").recipients[0].arrival_number == "77"
    assert world.say(HCMC, "03", document_id=DOCUMENT_ID, event_time=to_timestamp(AT)).name == kept.name


def test_a_status_finds_its_document_however_letters_are_composed(world: Any) -> None:
    """Software of the two sides composes Vietnamese letters in two ways; the status means the same document."""
    world.deliver("d1", "doc", header={"document_id": "G22,2026/11/20,7/TB-TƯ"})
    world.say(HCMC, "03", document_id=normalize("NFD", "G22,2026/11/20,7/TB-TƯ"), arrival_number="7")
    assert world.state("d1", "doc") == "ACCEPTED"


def test_a_status_that_did_not_see_its_delivery_is_matched_all_the_same(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two copies may write a status and its delivery at the same moment, neither seeing the other; a worker does."""
    world.deliver("d1", "doc")
    with monkeypatch.context() as blind:
        blind.setattr(reports, "match", lambda *_: NOTHING)
        assert world.say(HCMC, "03", "d1").outcome == pb.OUTCOME_KEPT
    assert world.state("d1", "doc") == "ARRIVED"
    match_again(world.bench.context.units, world.api._desk)
    assert world.state("d1", "doc") == "ACCEPTED"


def test_unmatched_are_listed_after_a_minute_and_linked(world: Any) -> None:
    """After 60 s the caller, and nobody else, sees what matches nothing, and links it to its own delivery."""
    kept = world.say(HCMC, "03", document_id="G22,sai")
    world.deliver("d1", "doc")
    world.deliver("d2", "other", NGHE_AN)

    def listed(agency: Any) -> list[str]:
        call = world.bench.call(agency, "Workflow/ListUnmatchedStatuses")
        answer = world.api.list_unmatched_statuses(pb.ListUnmatchedStatusesRequest(), call)
        return [one.name for one in answer.statuses]

    def link(agency: Any, delivery: str) -> pb.StatusResult:
        request = pb.LinkUnmatchedStatusRequest(name=kept.name, delivery=delivery, request_id=world.key())
        result: pb.StatusResult = world.api.link_unmatched_status(request, world.bench.call(agency, "Workflow/Link"))
        return result

    assert listed(HCMC) == []
    world.clock.advance(seconds=60)
    assert listed(HCMC) == [kept.name]
    assert listed(NGHE_AN) == []
    for agency, delivery in ((HCMC, "deliveries/d2"), (NGHE_AN, "deliveries/d2"), (HCMC, "deliveries/none")):
        with pytest.raises(AxisError, match="RESOURCE_NOT_FOUND"):
            link(agency, delivery)
    assert link(HCMC, "deliveries/d1").outcome == pb.OUTCOME_APPLIED
    assert listed(HCMC) == []
    with pytest.raises(AxisError, match="STATUS_MATCHED"):
        link(HCMC, "deliveries/d1")


def test_several_candidates_are_never_guessed(world: Any) -> None:
    """One DocumentId from two senders: it stays unmatched, unless the other party tells them apart."""
    world.deliver("d1", "doc")
    world.deliver("d2", "doc2", HCMC, NGHE_AN, header={"document_id": DOCUMENT_ID})
    assert world.say(HCMC, "03", document_id=DOCUMENT_ID).outcome == pb.OUTCOME_KEPT
    (result,) = world.say_all(HCMC, edxml=(status_file("03"),))
    assert result.outcome == pb.OUTCOME_APPLIED
    assert world.state("d1", "doc") == "ACCEPTED"
    assert world.state("d2", "doc2", NGHE_AN) == "ARRIVED"


def test_number_date_and_party_stand_in_for_an_unknown_document_id(world: Any) -> None:
    """Peers make DocumentIds of their own: number, notation, date and From find the document."""
    world.deliver("d1", "doc")
    (found,) = world.say_all(HCMC, edxml=(status_file("03", document_id="VOF-991"),))
    assert found.outcome == pb.OUTCOME_APPLIED
    (other,) = world.say_all(HCMC, edxml=(status_file("05", document_id="VOF-991", party="000.00.00.H41"),))
    assert other.outcome == pb.OUTCOME_KEPT


def test_a_successor_stands_for_the_party_that_it_took_over(world: Any) -> None:
    """After a merger software of recipients names senders of before by the successor's code."""
    world.deliver("d1", "doc", sender=NGHE_AN)
    world.bench.know(replace(NGHE_AN, retired=world.clock.now(), successors=(VPCP.id,), version=2))
    (found,) = world.say_all(HCMC, edxml=(status_file("03", document_id="VOF-991", party="000.00.00.G22"),))
    assert found.outcome == pb.OUTCOME_APPLIED


def test_accepted_statuses_are_sealed(world: Any) -> None:
    """A status that took effect carries a seal of workflow that a stranger can check; history carries none."""
    world.deliver("d1", "doc")
    world.say(HCMC, "03", "d1", description="đã vào sổ")
    world.say(HCMC, "01", "d1")
    request = pb.ListStatusesRequest(document="documents/doc")
    statuses = world.api.list_statuses(request, world.bench.call(VPCP)).statuses
    assert [one.code for one in statuses] == ["01", "03", "01"]
    anchors = load_certificates(world.bench.context.base.keys.root.chain)
    for one in statuses[:2]:
        assert verify_seal(one.seal_subject, one.seal, anchors, world.clock.now()).valid
        assert b"lienthong.status.v1" in one.seal_subject
    assert not verify_seal(statuses[0].seal_subject, statuses[1].seal, anchors, world.clock.now()).valid
    assert not statuses[2].seal
    assert statuses[1].code_name_vi == "Đã tiếp nhận"


def test_refusal_after_acceptance_is_a_conflict(world: Any) -> None:
    """Rule 12: kept as history, the state stays, somebody is alerted, the sender's mailbox gets nothing."""
    world.deliver("d1", "doc")
    world.say(HCMC, "03", "d1")
    refused = world.say(HCMC, "02", "d1", description="gửi nhầm")
    assert (refused.outcome, refused.rule) == (pb.OUTCOME_CONFLICT, "12")
    (alert,) = world.bench.told(events.CaseAlert)
    assert alert.reason == "STATUS_CONFLICT"
    assert len(world.bench.told(events.StatusKeptAsHistory)) == 1


def test_missing_reason_in_a_file_is_a_warning(world: Any) -> None:
    """A peer's refusal without its text has happened already: it counts."""
    world.deliver("d1", "doc")
    (result,) = world.say_all(HCMC, edxml=(status_file("02"),))
    assert result.state == life.DELIVERY_STATE_REFUSED


def test_unknown_code_is_kept_verbatim_and_forwarded(world: Any) -> None:
    """Rule 55: no state change; the other side gets it, from either side."""
    world.deliver("d1", "doc")
    assert world.say(HCMC, "77", "d1").outcome == pb.OUTCOME_HISTORY
    assert world.say(VPCP, "78", "d1").outcome == pb.OUTCOME_HISTORY
    first, second, third = world.bench.told(events.StatusRecorded)
    assert (first.facts.code, second.facts.code, third.facts.code) == ("01", "77", "78")
    assert second.forward
    assert third.forward
    assert third.facts.to_agency == HCMC.id


def test_staff_reaches_the_event(world: Any) -> None:
    """The status message that routing renders names the clerk."""
    world.deliver("d1", "doc")
    world.say(HCMC, "03", "d1", staff=document_pb2.Staff(name="Trần Thị B", department="Văn thư"))
    assert world.bench.told(events.StatusRecorded)[-1].facts.staff.name == "Trần Thị B"


def test_too_many_kept_statuses_are_refused(make_world: Any) -> None:
    """What matches nothing is bounded for each agency; what came long ago stays and fills nothing for ever."""
    world = make_world(unmatched_per_agency=1)
    assert world.say(HCMC, "03", "none").outcome == pb.OUTCOME_KEPT
    assert from_status(world.say(HCMC, "03", "none").status).reason == "UNMATCHED_FULL"
    world.clock.advance(days=91)
    assert world.say(HCMC, "05", "none").outcome == pb.OUTCOME_KEPT
    listed = world.api.list_unmatched_statuses(pb.ListUnmatchedStatusesRequest(), world.bench.call(HCMC))
    assert len(listed.statuses) == 1
