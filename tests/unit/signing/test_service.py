"""Signing as a service: a document goes in as an event, its verdict comes out as one."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from tests.waiting import eventually

from lienthong.chassis.config import ConfigError
from lienthong.chassis.errors import Code
from lienthong.chassis.events.event import DOCUMENTS
from lienthong.common.v1 import lifecycle_pb2 as lifecycle
from lienthong.events.v1 import intake_documents_pb2 as documents
from lienthong.signing import storage
from lienthong.signing.domain import SizeClass
from lienthong.signing.storage.tables import jobs
from lienthong.testing.documents import damaged, spreadsheet
from lienthong.testing.service import HCMC, NGHE_AN, VPCP
from lienthong.testing.signatures import signed_pdf

from .conftest import NOW
from .desk import Desk, desk_in, trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Office

pytestmark = pytest.mark.children


@pytest.fixture
def desk(office: Office, tmp_path: Path) -> Desk:
    """Signing that trusts the office's authority."""
    trust(tmp_path, "anchors", office.authority.root.der)
    trust(tmp_path, "intermediates", office.authority.intermediate.der)
    trust(tmp_path, "crls", *office.authority.revocation_lists(NOW))
    return desk_in(tmp_path)


def waiting(desk: Desk) -> list[tuple[str, int, int]]:
    """Gives the jobs: document, attempts, delays."""
    with desk.bench.context.database.read() as connection:
        rows = connection.execute(select(jobs.c.document, jobs.c.attempts, jobs.c.delays)).tuples()
        return [(document, attempts, delays) for document, attempts, delays in rows]


def test_every_kind_of_document_gets_its_verdict(desk: Desk, office: Office) -> None:
    """Signed by person and agency: original value; unsigned: for information; changed: broken (ND30 Art. 5, 21)."""
    with desk.working():
        original = desk.accept(office.signed, spreadsheet([["Số", 1]], NOW))
        unsigned = desk.accept(office.letter)
        broken = desk.accept(damaged(office.signed))
        bare = desk.accept()
        verdict = desk.verdict(original)
        assert verdict.verdict == lifecycle.VERDICT_ORIGINAL_VALUE
        assert [one.status for one in verdict.attachments] == ["VALID", "NOT_A_PDF"]
        assert [one.kind for one in verdict.attachments[0].signatures] == ["person", "agency"]
        assert all(one.valid for one in verdict.attachments[0].signatures)
        assert desk.verdict(unsigned).verdict == lifecycle.VERDICT_FOR_INFORMATION
        assert desk.verdict(broken).verdict == lifecycle.VERDICT_BROKEN
        assert desk.verdict(bare).verdict == lifecycle.VERDICT_FOR_INFORMATION
        assert all(desk.verdict(one).text_vi and desk.verdict(one).text_en for one in (original, unsigned, bare))
    assert waiting(desk) == []


def test_the_report_is_for_sender_and_recipients(desk: Desk, office: Office) -> None:
    """Before the verdict it is unspecified; strangers get NOT_FOUND as for a document that does not exist."""
    recipients = [documents.Recipient(code="H29", agency=HCMC.id)]
    document = desk.accept(office.signed, recipients=recipients)
    assert desk.report(document).verdict == lifecycle.VERDICT_UNSPECIFIED
    assert not desk.report(document).HasField("verify_time")
    with desk.working():
        desk.verdict(document)
    for agency in (VPCP, HCMC):
        report = desk.report(document, agency)
        assert report.verdict == lifecycle.VERDICT_ORIGINAL_VALUE
        person, agency_signature = report.attachments[0].signatures
        assert (person.kind, agency_signature.kind) == ("person", "agency")
        assert (person.field, person.revocation, person.modification) == ("NguoiKy", "good", "permitted")
        assert "Nguyễn Thị Hồng Ửng" in person.text_vi
        assert person.trusted
        assert report.attachments[0].sha256
    for name in (document, "none"):
        assert desk.refused(lambda name=name: desk.report(name, NGHE_AN)).code is Code.NOT_FOUND  # type: ignore[misc] # a default binds the name


def test_a_recipient_that_became_known_later_sees_the_report(desk: Desk, office: Office) -> None:
    """A code that intake did not know is looked up again in this service's copy of the directory."""
    document = desk.accept(office.letter, recipients=[documents.Recipient(code="H41")])
    assert desk.report(document, NGHE_AN).document == f"documents/{document}"
    assert desk.refused(lambda: desk.report(document, HCMC)).code is Code.NOT_FOUND


def test_a_recall_changes_no_verdict(desk: Desk, office: Office) -> None:
    """Recalls are counted, so that later events of the document are applied, and nothing else."""
    document = desk.accept(office.letter)
    desk.bench.feed(DOCUMENTS, document, documents.RecallRequested(document=document, recall="r"))
    with desk.working():
        desk.verdict(document)
    assert len(desk.verdicts(document)) == 1


def test_a_file_that_is_too_large_is_told(office: Office, tmp_path: Path) -> None:
    """Above the limit nothing is verified, and the verdict says so; a large file that is no PDF is none."""
    desk = desk_in(tmp_path, largest_bytes=1024)
    with desk.working():
        verdict = desk.verdict(desk.accept(office.signed, spreadsheet([["Số", 1]] * 500, NOW)))
    assert verdict.verdict == lifecycle.VERDICT_NOT_VERIFIED
    assert [one.status for one in verdict.attachments] == ["TOO_LARGE", "NOT_A_PDF"]


def test_the_job_of_a_crashed_process_comes_back(office: Office, tmp_path: Path) -> None:
    """A lease that ends without a sign of life frees the document; what the late process brings is dropped."""
    desk = desk_in(tmp_path, lease_seconds=0.2)
    document = desk.accept(office.letter)
    with desk.bench.context.units.begin() as work:
        (job,) = storage.claim_jobs(work.connection, "crashed", SizeClass.SMALL, 10, 0.2)
    assert job.document == document
    with desk.working():
        assert desk.verdict(document).verdict == lifecycle.VERDICT_FOR_INFORMATION
    assert len(desk.verdicts(document)) == 1


def test_a_document_that_brings_its_verifier_down_is_given_up(office: Office, tmp_path: Path) -> None:
    """After the set number of attempts the verdict is: not verified."""
    desk = desk_in(tmp_path, attempts=2)
    document = desk.accept(office.letter)
    with desk.bench.context.database.write() as connection:
        connection.execute(update(jobs).values(attempts=2))
    with desk.working():
        verdict = desk.verdict(document)
    assert verdict.verdict == lifecycle.VERDICT_NOT_VERIFIED
    assert [one.status for one in verdict.attachments] == ["FAILED"]


def test_a_killed_child_leads_to_a_verdict(desk: Desk, office: Office) -> None:
    """A child that waited and dies under a file is replaced, and the file is verified all the same."""
    with desk.working():
        desk.verdict(desk.accept(office.letter))
        (child,) = desk.worker.pids()
        os.kill(child, signal.SIGSTOP)
        victim = desk.accept(office.signed, office.signed)
        eventually(lambda: desk.worker.busy and waiting(desk) == [(victim, 1, 0)], "a file at the child")
        os.kill(child, signal.SIGKILL)
        verdict = desk.verdict(victim)
        assert verdict.verdict == lifecycle.VERDICT_ORIGINAL_VALUE
        assert [one.status for one in verdict.attachments] == ["VALID", "VALID"]


def test_small_documents_never_wait_behind_large_ones(office: Office, tmp_path: Path) -> None:
    """Large files have a child of their own: a stuck one leaves small documents alone."""
    desk = desk_in(tmp_path, small_bytes=300_000, time_limit_seconds=300.0)
    content = signed_pdf(office.letter, [office.signing(office.leader)], os.urandom(400_000))
    with desk.working():
        desk.verdict(desk.accept(office.letter))
        large = desk.accept(content)
        os.kill(eventually(lambda: desk.worker.pids()[1:], "a child for large files")[0], signal.SIGSTOP)
        for _ in range(3):
            assert desk.verdict(desk.accept(office.letter)).verdict == lifecycle.VERDICT_FOR_INFORMATION
        os.kill(desk.worker.pids()[1], signal.SIGCONT)
        assert desk.verdict(large).verdict == lifecycle.VERDICT_INDETERMINATE


def test_small_documents_that_are_slow_go_behind_large_ones(office: Office, tmp_path: Path) -> None:
    """One that is made to take its whole time holds up others for a moment only, and has its verdict all the same."""
    desk = desk_in(tmp_path, small_seconds=1.0)
    with desk.working():
        desk.verdict(desk.accept(office.letter))
        (child,) = desk.worker.pids()
        os.kill(child, signal.SIGSTOP)
        slow = desk.accept(office.signed)
        assert desk.verdict(slow).verdict == lifecycle.VERDICT_INDETERMINATE
        assert child not in desk.worker.pids()


def test_content_that_cannot_be_read_waits(desk: Desk, office: Office) -> None:
    """While the blob store is away documents wait with growing delays; nothing is counted against them."""
    attachment = desk.blob(office.letter)
    with desk.bench.context.base.blobs.local(attachment.blob.key) as place:
        pass
    away = place.with_name("away")
    place.rename(away)
    with desk.working():
        document = desk.accept(attachment)
        eventually(lambda: waiting(desk) == [(document, 0, 1)], "a delay")
        away.rename(place)
        assert desk.verdict(document).verdict == lifecycle.VERDICT_FOR_INFORMATION


@pytest.mark.parametrize("damage", [lambda sent: sent[:-1], lambda sent: sent[:9] + b"x" + sent[10:], lambda _: b""])
def test_content_that_is_damaged_waits(desk: Desk, office: Office, damage: Callable[[bytes], bytes]) -> None:
    """No verdict is reached on other bytes than were sent: it would blame whoever signed. Brought back, one is."""
    attachment = desk.blob(office.letter)
    with desk.bench.context.base.blobs.local(attachment.blob.key) as place:
        pass
    place.write_bytes(damage(office.letter))
    with desk.working():
        document = desk.accept(attachment)
        eventually(lambda: waiting(desk) == [(document, 0, 1)], "a delay")
        place.write_bytes(office.letter)
        assert desk.verdict(document).verdict == lifecycle.VERDICT_FOR_INFORMATION


def test_content_that_never_comes_back_is_given_up(desk: Desk, office: Office) -> None:
    """After a day without content the verdict is: not verified."""
    attachment = desk.blob(office.letter)
    desk.bench.context.base.blobs.delete(attachment.blob.key)
    document = desk.accept(attachment)
    desk.bench.clock.advance(days=1, seconds=1)
    with desk.working():
        assert desk.verdict(document).verdict == lifecycle.VERDICT_NOT_VERIFIED


def test_trust_that_comes_later_changes_the_verdict(office: Office, tmp_path: Path) -> None:
    """Without anchors nothing is trusted, and words say so; a new anchor brings a second verdict of the document."""
    desk = desk_in(tmp_path, trust_seconds=0.05)
    with desk.working():
        document = desk.accept(office.signed)
        first = desk.verdict(document)
        assert first.verdict == lifecycle.VERDICT_INDETERMINATE
        assert "tin cậy" in first.text_vi
        assert "no certificate authority configured" in first.text_en
        assert set(first.attachments[0].signatures[0].problems) == {"issuer-unknown"}
        trust(tmp_path, "intermediates", office.authority.intermediate.der)
        trust(tmp_path, "crls", *office.authority.revocation_lists(NOW))
        trust(tmp_path, "anchors", office.authority.root.der)
        told = eventually(
            lambda: [one for one in desk.verdicts(document) if one.verdict == lifecycle.VERDICT_ORIGINAL_VALUE],
            "a later verdict",
        )
    assert len(told) == 1
    assert desk.report(document).verdict == lifecycle.VERDICT_ORIGINAL_VALUE


def test_a_damaged_trust_folder_is_refused(tmp_path: Path) -> None:
    """A file that is no certificate stops the start and is named."""
    trust(tmp_path, "anchors", b"nonsense")
    with pytest.raises(ConfigError, match=r"trust_dir.*cannot be used"):
        desk_in(tmp_path)


def test_many_documents_share_their_commits(desk: Desk, office: Office) -> None:
    """Under load one transaction writes many verdicts down; each document gets exactly one."""
    attachment = desk.blob(office.letter)
    accepted = [desk.accept(attachment) for _ in range(100)]
    with desk.working():
        for document in accepted:
            desk.verdict(document)
        assert waiting(desk) == []
    assert [len(desk.verdicts(document)) for document in accepted] == [1] * 100


def test_a_quiet_service_answers_fast(desk: Desk, office: Office) -> None:
    """Nothing on the straight way waits for a timer: the middle of six verdicts comes well within a tick."""
    seconds = []
    with desk.working():
        desk.verdict(desk.accept(office.signed))
        for _ in range(6):
            began = time.monotonic()
            desk.verdict(desk.accept(office.signed))
            seconds.append(time.monotonic() - began)
    assert sorted(seconds)[3] < 0.5


def test_stopping_gives_back_what_is_not_done(desk: Desk, office: Office) -> None:
    """A stopped worker leaves no lease behind: another one takes the rest at once."""
    accepted = [desk.accept(*[office.signed] * 5) for _ in range(30)]
    with desk.working():
        eventually(lambda: any(attempts for _document, attempts, _delays in waiting(desk)), "a claim")
        desk.worker.stop(1.0)
    with desk.bench.context.database.read() as connection:
        leases = set(connection.execute(select(jobs.c.lease)).scalars())
    done = [document for document in accepted if desk.verdicts(document)]
    assert leases <= {""}
    assert len(done) + len(waiting(desk)) == len(accepted)
