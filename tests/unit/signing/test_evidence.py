"""What a file brings along to prove its certificates: OCSP responses, revocation lists, time stamps."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from lienthong.signing.verification.pades import PadesVerifier
from lienthong.signing.verification.report import (
    FileReport,
    FileState,
    JudgedBy,
    Modification,
    Problem,
    Revocation,
    SignatureReport,
)
from lienthong.signing.verification.trust import TrustConfig
from lienthong.signing.verification.words import of_signature
from lienthong.testing.authority import DemoAuthority, Identity
from lienthong.testing.documents import Letter, letter_pdf
from lienthong.testing.responses import ocsp_response
from lienthong.testing.signatures import DemoSigner, Signing, signed_pdf, stamped_pdf, time_stamper, with_evidence

from .conftest import AGENCY, NOW

if TYPE_CHECKING:
    from datetime import datetime

SOON = NOW + timedelta(hours=1)
STAMPED = NOW + timedelta(seconds=30)
LATER = NOW + timedelta(days=2)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Bureau:
    """An authority with a responder, a leader whose certificate ends soon, and what the leader signed."""

    authority: DemoAuthority
    leader: Identity
    brief: Identity
    responder: Identity
    stamps: Identity

    def signed(self, who: Identity, *, stamped: bool = False) -> bytes:
        """A letter signed by one person."""
        stamper = time_stamper(self.authority, self.stamps, STAMPED) if stamped else None
        signing = Signing(DemoSigner(self.authority, who), "NguoiKy", NOW, stamper)
        return signed_pdf(letter_pdf(Letter(), NOW), [signing])

    def lists(self, at: datetime = NOW, *revoked: tuple[Identity, datetime]) -> tuple[bytes, bytes]:
        """Lists made at a time, with these certificates on them."""
        other = replace(self.authority, _revoked={})
        for who, moment in revoked:
            other.revoke(who, moment)
        return other.revocation_lists(at)

    def trust(self, *crls: bytes) -> TrustConfig:
        """Trust in the authority with these lists; that of the root always says that the intermediate is good."""
        return TrustConfig((self.authority.root.der,), (self.authority.intermediate.der,), (self.lists()[0], *crls))


@pytest.fixture(scope="module")
def bureau() -> Bureau:
    """The authority names a responder in its certificates."""
    authority = DemoAuthority.create(NOW - timedelta(days=1))
    authority.responder_url = "http://ocsp.example.vn"
    leader = authority.person("Nguyễn Thị Hồng Ửng", AGENCY, "Phó Chủ tịch", "079123456789")
    brief = authority.person("Trần Văn Bình", AGENCY, "Chánh Văn phòng", "079123456790", NOW + timedelta(days=1))
    return Bureau(authority, leader, brief, authority.responder(), authority.time_stamper())


def judge(pdf: bytes, trust: TrustConfig, at: datetime = SOON) -> FileReport:
    """Verify, cold and warm: what is remembered must change nothing."""
    verifier = PadesVerifier(trust)
    cold = verifier.verify(io.BytesIO(pdf), at)
    assert verifier.verify(io.BytesIO(pdf), at) == cold
    return cold


def only(report: FileReport) -> SignatureReport:
    """The one signature of a file."""
    (signature,) = report.approvals
    return signature


@pytest.mark.parametrize("delegated", [False, True])
def test_a_good_response_in_the_file_proves_the_certificate(bureau: Bureau, *, delegated: bool) -> None:
    """A response of the issuer, or of a responder certified for it, counts as a list does (RFC 6960 4.2.2.2)."""
    responder = bureau.responder if delegated else None
    response = ocsp_response(bureau.authority, bureau.leader, NOW, responder=responder)
    report = judge(with_evidence(bureau.signed(bureau.leader), [response]), bureau.trust())
    signature = only(report)
    assert (report.overall, signature.revocation) == (FileState.VALID, Revocation.GOOD)
    assert signature.modification in {Modification.NONE, Modification.PERMITTED}


@pytest.mark.parametrize(
    ("revoked", "reason", "problem"),
    [
        (-MINUTE, x509.ReasonFlags.cessation_of_operation, Problem.REVOKED_BEFORE_SIGNING),
        (MINUTE, x509.ReasonFlags.cessation_of_operation, Problem.REVOKED_SINCE),
        (MINUTE, x509.ReasonFlags.key_compromise, Problem.KEY_COMPROMISED),
    ],
)
def test_a_response_that_says_revoked(
    bureau: Bureau, revoked: timedelta, reason: x509.ReasonFlags, problem: Problem
) -> None:
    """Revoked by a response weighs as revoked by a list does."""
    response = ocsp_response(bureau.authority, bureau.leader, SOON, revoked_at=NOW + revoked, reason=reason)
    signature = only(judge(with_evidence(bureau.signed(bureau.leader), [response]), bureau.trust()))
    assert (signature.revocation, signature.problems) == (Revocation.REVOKED, (problem,))
    assert signature.revoked_at == NOW + revoked


@pytest.mark.parametrize(("seconds", "overall"), [(40, FileState.VALID), (20, FileState.BROKEN)])
def test_a_time_stamp_decides_about_a_revocation_by_response(bureau: Bureau, seconds: int, overall: FileState) -> None:
    """Stamped before the revocation: valid. After it: broken."""
    revoked_at = NOW + timedelta(seconds=seconds)
    response = ocsp_response(bureau.authority, bureau.leader, SOON, revoked_at=revoked_at)
    lists = bureau.lists(SOON, (bureau.leader, revoked_at))
    pdf = with_evidence(bureau.signed(bureau.leader, stamped=True), [response])
    assert judge(pdf, bureau.trust(*lists)).overall is overall


def test_an_old_response_proves_nothing(bureau: Bureau) -> None:
    """A response whose time is over leaves the state unknown."""
    response = ocsp_response(bureau.authority, bureau.leader, NOW - timedelta(days=8))
    signature = only(judge(with_evidence(bureau.signed(bureau.leader), [response]), bureau.trust()))
    assert signature.problems == (Problem.REVOCATION_UNKNOWN,)


def test_a_response_by_somebody_else_proves_nothing(bureau: Bureau) -> None:
    """Not certified for answering, or by another authority: neither may say that a certificate is good."""
    pdf = bureau.signed(bureau.leader)
    stranger = DemoAuthority.create(NOW - timedelta(days=1)).responder()
    for responder in (bureau.leader, bureau.stamps, stranger):
        response = ocsp_response(bureau.authority, bureau.leader, NOW, responder=responder)
        signature = only(judge(with_evidence(pdf, [response]), bureau.trust()))
        assert signature.problems == (Problem.REVOCATION_UNKNOWN,)


def test_a_response_about_another_certificate_proves_nothing(bureau: Bureau) -> None:
    """A good answer about somebody else does not help."""
    response = ocsp_response(bureau.authority, bureau.brief, NOW)
    signature = only(judge(with_evidence(bureau.signed(bureau.leader), [response]), bureau.trust()))
    assert signature.problems == (Problem.REVOCATION_UNKNOWN,)


def test_whoever_says_revoked_is_believed(bureau: Bureau) -> None:
    """A response and a list that disagree: the certificate is revoked, whichever of them says so."""
    pdf, moment = bureau.signed(bureau.leader), NOW - MINUTE
    good, bad = (ocsp_response(bureau.authority, bureau.leader, NOW, revoked_at=when) for when in (None, moment))
    for response, lists in ((good, bureau.lists(NOW, (bureau.leader, moment))), (bad, bureau.lists(NOW))):
        signature = only(judge(with_evidence(pdf, [response]), bureau.trust(*lists)))
        assert (signature.revocation, signature.problems) == (Revocation.REVOKED, (Problem.REVOKED_BEFORE_SIGNING,))


def test_a_file_that_brings_everything_needs_no_lists_here(bureau: Bureau) -> None:
    """PAdES B-LT and B-LTA: lists in the file's store, and a document time stamp over them, suffice."""
    trust = replace(bureau.trust(), crls=())
    pdf = with_evidence(bureau.signed(bureau.leader, stamped=True), crls=bureau.lists(SOON))
    assert judge(pdf, trust).overall is FileState.VALID
    archived = stamped_pdf(pdf, time_stamper(bureau.authority, bureau.stamps, NOW + timedelta(minutes=5)))
    report = judge(archived, trust)
    assert report.overall is FileState.VALID
    assert only(report).modification is Modification.PERMITTED
    assert judge(bureau.signed(bureau.leader, stamped=True), trust).overall is FileState.INDETERMINATE


def test_the_store_of_one_file_counts_for_no_other(bureau: Bureau) -> None:
    """What a file says about a certificate, good or bad, is not remembered for the next file of the same signer."""
    plain = bureau.signed(bureau.leader)
    revoked = with_evidence(plain, crls=bureau.lists(SOON, (bureau.leader, NOW - MINUTE)))
    good = with_evidence(plain, crls=bureau.lists(SOON))
    verifier = PadesVerifier(replace(bureau.trust(), crls=()))
    expected = {plain: FileState.INDETERMINATE, good: FileState.VALID, revoked: FileState.BROKEN}
    for pdf in (plain, good, revoked, good, plain, revoked, plain, good):
        assert verifier.verify(io.BytesIO(pdf), SOON).overall is expected[pdf]


def test_a_damaged_store_counts_as_none(bureau: Bureau) -> None:
    """A list in the file that cannot be read makes nothing better and nothing fail."""
    crls = bureau.lists(SOON)
    pdf = with_evidence(bureau.signed(bureau.leader), crls=crls)
    assert crls[1] in pdf
    report = judge(pdf.replace(crls[1], b"\x31" + crls[1][1:]), replace(bureau.trust(), crls=()))
    assert only(report).problems == (Problem.REVOCATION_UNKNOWN,)


def test_a_certificate_that_ended_since_is_judged_at_its_time_stamp(bureau: Bureau) -> None:
    """Ended between signing and reading: still valid where a time stamp proves the time, and the words say so."""
    pdf = with_evidence(bureau.signed(bureau.brief, stamped=True), crls=bureau.lists(SOON))
    report = judge(pdf, bureau.trust(*bureau.lists(SOON)), LATER)
    signature = only(report)
    assert (report.overall, signature.judged_by, signature.judged_at) == (
        FileState.VALID,
        JudgedBy.TIMESTAMP,
        STAMPED,
    )
    assert signature.ended_at == NOW + timedelta(days=1)
    words = of_signature(signature)
    assert "đã hết hạn lúc 09:00 23/11/2026, sau khi ký" in words.vi
    assert "has ended at 09:00 23/11/2026, after the signing" in words.en


def test_a_certificate_that_ended_without_a_time_stamp_proves_nothing(bureau: Bureau) -> None:
    """Nobody knows whether it was signed before the end: indeterminate, and the words say why and what to do."""
    report = judge(bureau.signed(bureau.brief), bureau.trust(*bureau.lists(SOON)), LATER)
    signature = only(report)
    assert (report.overall, signature.problems) == (
        FileState.INDETERMINATE,
        (Problem.CERTIFICATE_OUTSIDE_VALIDITY,),
    )
    words = of_signature(signature)
    assert "không có dấu thời gian" in words.vi
    assert "no time stamp proves" in words.en


def test_a_list_made_after_the_end_says_nothing_about_an_ended_certificate(bureau: Bureau) -> None:
    """Authorities take ended certificates off their lists: a revoked one would look good there (RFC 5280 3.3)."""
    pdf = bureau.signed(bureau.brief, stamped=True)
    signature = only(judge(pdf, bureau.trust(*bureau.lists(LATER)), LATER + MINUTE))
    assert signature.problems == (Problem.REVOCATION_UNKNOWN,)


def test_no_moment_is_answered_from_another_one(bureau: Bureau) -> None:
    """A verifier that has seen a certificate good finds it ended the day after, and good again the day before."""
    pdf, crls = bureau.signed(bureau.brief), bureau.lists(SOON)
    verifier = PadesVerifier(bureau.trust(*crls))
    end = NOW + timedelta(days=1)
    expected = [
        (SOON, FileState.VALID),
        (end - MINUTE, FileState.VALID),
        (end + MINUTE, FileState.INDETERMINATE),
        (SOON, FileState.VALID),
        (SOON + timedelta(days=40), FileState.INDETERMINATE),
        (end - timedelta(seconds=1), FileState.VALID),
        (end + timedelta(seconds=2), FileState.INDETERMINATE),
    ]
    for at, overall in expected * 2:
        assert verifier.verify(io.BytesIO(pdf), at).overall is overall
