"""Verification of PDF signatures: every way a file can be good, doubtful or broken."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from lienthong.signing.verification.pades import PadesVerifier
from lienthong.signing.verification.report import (
    FileReport,
    FileState,
    JudgedBy,
    Modification,
    Problem,
    Revocation,
    SignatureState,
    SignerKind,
    from_json,
    to_json,
)
from lienthong.testing.authority import DemoAuthority
from lienthong.testing.documents import Letter, damaged, extended, letter_pdf, missing_glyphs, spreadsheet
from lienthong.testing.signatures import DemoSigner, Signing, signed_pdf, stamped_pdf, time_stamper

from .conftest import AGENCY, NOW

if TYPE_CHECKING:
    from lienthong.signing.verification.trust import TrustConfig

    from .conftest import Office

SOON = NOW + timedelta(hours=1)


def verify(pdf: bytes, trust: TrustConfig, **limits: int) -> FileReport:
    """Verify an hour after signing."""
    return PadesVerifier(replace(trust, **limits)).verify(io.BytesIO(pdf), SOON)  # type: ignore[arg-type]


def test_person_and_agency_are_both_found_and_valid(office: Office) -> None:
    """All signatures are verified; the earlier one permits the later one; kinds come from the certificates."""
    report = verify(office.signed, office.trust)
    assert report.overall is FileState.VALID
    person, agency = report.signatures
    assert (person.kind, agency.kind) == (SignerKind.PERSON, SignerKind.AGENCY)
    assert person.signer == "Nguyễn Thị Hồng Ửng"
    assert agency.organisation == AGENCY
    assert {person.state, agency.state} == {SignatureState.VALID}
    assert {person.revocation, agency.revocation} == {Revocation.GOOD}
    assert (person.modification, person.modifications) == (Modification.PERMITTED, ("field:CoQuan",))
    assert agency.covers_whole_file
    assert not person.covers_whole_file
    assert person.claimed_at == NOW
    assert (person.judged_by, person.judged_at) == (JudgedBy.VERIFICATION_TIME, SOON)


def test_reports_survive_json(office: Office) -> None:
    """What was found is stored as JSON and read back the same."""
    report = verify(office.signed, office.trust)
    assert from_json(json.loads(json.dumps(to_json(report)))) == report
    with pytest.raises(ValueError, match="not a verification report"):
        from_json({"signatures": []})


def test_files_without_signatures(office: Office) -> None:
    """Unsigned, not a PDF, damaged, locked and too large are told apart."""
    trust = office.trust
    assert verify(office.letter, trust).overall is FileState.UNSIGNED
    assert verify(spreadsheet([["Số", 1]], NOW), trust).overall is FileState.NOT_A_PDF
    assert verify(b"%PDF-1.7\nnothing more", trust).overall is FileState.DAMAGED
    assert verify(b"", trust).overall is FileState.NOT_A_PDF
    assert verify(office.signed, trust, largest_file=1000).overall is FileState.TOO_LARGE
    assert verify(office.signed, trust, most_signatures=1).overall is FileState.TOO_LARGE


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\n", b"Content-Type: application/pdf\r\n\r\n"])
def test_bytes_before_the_pdf_are_told(office: Office, before: bytes) -> None:
    """A reader opens such a file, and what it checks is not what was signed: it is damaged, and the reason says how."""
    report = verify(before + office.signed, office.trust)
    assert (report.overall, report.signatures) == (FileState.DAMAGED, ())
    assert report.detail == f"{len(before)} bytes stand before %PDF, which nobody signed"


def test_a_locked_file_is_told(office: Office) -> None:
    """A file with a password cannot be examined, and that is said."""
    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(office.letter)))
    writer.encrypt("secret")  # type: ignore[no-untyped-call] # untyped in pyHanko
    output = io.BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call] # untyped in pyHanko
    assert verify(output.getvalue(), office.trust).overall is FileState.ENCRYPTED


def test_a_flipped_bit_breaks_both_signatures(office: Office) -> None:
    """Integrity: one changed bit in the content and the signatures no longer hold (ND30 Art. 21)."""
    report = verify(damaged(office.signed), office.trust)
    assert report.overall is FileState.BROKEN
    assert [signature.problems for signature in report.signatures] == [(Problem.DIGEST_MISMATCH,)] * 2


def test_content_appended_after_signing_breaks_the_file(office: Office) -> None:
    """An update that changes the page is found though the signed bytes are intact."""
    report = verify(extended(office.signed), office.trust)
    assert report.overall is FileState.BROKEN
    for signature in report.signatures:
        assert signature.intact
        assert signature.valid
        assert signature.modification is Modification.SUSPICIOUS
        assert signature.problems == (Problem.MODIFIED_AFTER_SIGNING,)
        assert signature.modifications[0].startswith("reason:")


def test_an_unknown_authority_proves_nothing(office: Office) -> None:
    """A signature whose issuer is not trusted is neither proved nor disproved."""
    other = DemoAuthority.create(NOW)
    report = verify(office.signed, replace(office.trust, anchors=(other.root.der,), intermediates=(), crls=()))
    assert report.overall is FileState.INDETERMINATE
    assert {signature.problems for signature in report.signatures} == {(Problem.ISSUER_UNKNOWN,)}


def test_without_revocation_data_the_state_is_unknown(office: Office) -> None:
    """No proof that a certificate was not withdrawn: indeterminate, or valid where the operator does not ask for it."""
    report = verify(office.signed, office.trusting(()))
    assert report.overall is FileState.INDETERMINATE
    assert report.signatures[0].trusted
    assert report.signatures[0].problems == (Problem.REVOCATION_UNKNOWN,)
    lenient = verify(office.signed, replace(office.trusting(()), revocation_required=False))
    assert (lenient.overall, lenient.signatures[0].revocation) == (FileState.VALID, Revocation.UNKNOWN)


def test_old_revocation_lists_prove_nothing_about_today(office: Office) -> None:
    """A list whose time is over leaves the state unknown."""
    report = verify(office.signed, office.trusting(office.authority.revocation_lists(NOW - timedelta(days=60))))
    assert report.signatures[0].problems == (Problem.REVOCATION_UNKNOWN,)


@pytest.mark.parametrize(
    ("revoked_at", "reason", "problem", "overall"),
    [
        (-1, x509.ReasonFlags.cessation_of_operation, Problem.REVOKED_BEFORE_SIGNING, FileState.BROKEN),
        (+1, x509.ReasonFlags.cessation_of_operation, Problem.REVOKED_SINCE, FileState.INDETERMINATE),
        (+1, x509.ReasonFlags.key_compromise, Problem.KEY_COMPROMISED, FileState.BROKEN),
    ],
)
def test_a_revoked_signer_without_a_time_stamp(
    office: Office, revoked_at: int, reason: x509.ReasonFlags, problem: Problem, overall: FileState
) -> None:
    """Before the claimed time: broken. After it: unproved, and worthless when the key was stolen."""
    authority = DemoAuthority(office.authority.now, office.authority.root, office.authority.intermediate)
    authority.revoke(office.leader, NOW + timedelta(minutes=revoked_at), reason)
    report = verify(office.signed, office.trusting(authority.revocation_lists(NOW)))
    person, agency = report.signatures
    assert (person.revocation, person.problems, report.overall) == (Revocation.REVOKED, (problem,), overall)
    assert person.revoked_at == NOW + timedelta(minutes=revoked_at)
    assert agency.state is SignatureState.VALID


def stamped(office: Office) -> bytes:
    """The letter with signatures that carry time stamps of their own."""
    stamper = time_stamper(office.authority, office.stamps, NOW + timedelta(seconds=30))
    signings = [
        Signing(DemoSigner(office.authority, identity), field, NOW, stamper)
        for identity, field in ((office.leader, "NguoiKy"), (office.seal, "CoQuan"))
    ]
    return signed_pdf(office.letter, signings)


def test_a_time_stamp_sets_the_time_of_judgement(office: Office) -> None:
    """Revoked after the time stamp: the signature was there before, and stays valid."""
    authority = DemoAuthority(office.authority.now, office.authority.root, office.authority.intermediate)
    authority.revoke(office.leader, NOW + timedelta(minutes=10))
    report = verify(stamped(office), office.trusting(authority.revocation_lists(SOON)))
    assert report.overall is FileState.VALID
    assert report.signatures[0].judged_by is JudgedBy.TIMESTAMP
    assert report.signatures[0].judged_at == report.signatures[0].timestamp_at == NOW + timedelta(seconds=30)


def test_revoked_before_the_time_stamp_is_broken(office: Office) -> None:
    """A time stamp also proves that the signing was too late, whatever time the signer claims."""
    authority = DemoAuthority(office.authority.now, office.authority.root, office.authority.intermediate)
    authority.revoke(office.leader, NOW + timedelta(seconds=10))
    report = verify(stamped(office), office.trusting(authority.revocation_lists(SOON)))
    assert report.signatures[0].problems == (Problem.REVOKED_BEFORE_SIGNING,)


def test_a_time_stamp_nobody_trusts_counts_for_nothing(office: Office) -> None:
    """An own-made time stamp moves no time; the signature is judged without it, and that is told."""
    other = DemoAuthority.create(NOW)
    stamper = time_stamper(other, other.time_stamper(), NOW)
    pdf = signed_pdf(office.letter, [Signing(DemoSigner(office.authority, office.leader), "NguoiKy", NOW, stamper)])
    (signature,) = verify(pdf, office.trust).signatures
    assert signature.problems == (Problem.TIMESTAMP_NOT_TRUSTED,)
    assert (signature.timestamp_at, signature.judged_by) == (None, JudgedBy.VERIFICATION_TIME)
    assert signature.state is SignatureState.VALID


def test_a_document_time_stamp_proves_the_signatures_before_it(office: Office) -> None:
    """Archival form: the time stamp over the whole file sets the time for everything it covers."""
    pdf = stamped_pdf(office.signed, time_stamper(office.authority, office.stamps, NOW + timedelta(minutes=5)))
    authority = DemoAuthority(office.authority.now, office.authority.root, office.authority.intermediate)
    authority.revoke(office.leader, NOW + timedelta(minutes=10))
    report = verify(pdf, office.trusting(authority.revocation_lists(SOON)))
    assert [signature.kind.value for signature in report.signatures] == ["person", "agency", "timestamp"]
    assert report.overall is FileState.VALID
    assert {signature.timestamp_at for signature in report.signatures} == {NOW + timedelta(minutes=5)}


def test_a_time_stamp_alone_signs_nothing(office: Office) -> None:
    """A file with a time stamp only is unsigned: nobody stands for it."""
    pdf = stamped_pdf(office.letter, time_stamper(office.authority, office.stamps, NOW))
    assert verify(pdf, office.trust).overall is FileState.UNSIGNED


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b"/ETSI.CAdES.detached", b"/adbe.x509.rsa_sha1 ", Problem.UNSUPPORTED_FORMAT),
        (b"/Contents <3082", b"/Contents <3182", Problem.MALFORMED),
    ],
)
def test_a_signature_that_cannot_be_read_is_never_left_out(
    office: Office, old: bytes, new: bytes, problem: Problem
) -> None:
    """A signature of an unknown form, or a ruined one, is reported: the file is not taken for unsigned."""
    one = signed_pdf(office.letter, [office.signing(office.leader)])
    assert old in one
    report = verify(one.replace(old, new), office.trust)
    assert report.overall is FileState.INDETERMINATE
    assert report.signatures[0].problems == (problem,)


def test_bytes_after_the_last_revision_are_told(office: Office) -> None:
    """Bytes that belong to no revision are signed by nobody: the file is not valid, blanks at its end aside."""
    assert verify(office.signed + b"\r\n\x00", office.trust).overall is FileState.VALID
    report = verify(office.signed + b"9 0 obj (1.000.000) endobj", office.trust)
    assert report.overall is FileState.INDETERMINATE
    assert {signature.problems for signature in report.signatures} == {(Problem.BYTES_APPENDED,)}


def test_no_truncation_and_no_noise_raises(office: Office) -> None:
    """Hostile input gets a report, whatever it is."""
    verifier = PadesVerifier(office.trust)
    for cut in range(0, len(office.signed), len(office.signed) // 40):
        assert verifier.verify(io.BytesIO(office.signed[:cut]), SOON).overall is not FileState.VALID
        noisy = office.signed[:cut] + b"\x00<<[(" + office.signed[cut + 5 :]
        assert verifier.verify(io.BytesIO(noisy), SOON).overall is not FileState.VALID


def test_the_letter_can_write_vietnamese() -> None:
    """The fonts have every letter of Vietnamese with every tone, so that demo documents are real."""
    letters = "aăâbcdđeêghiklmnoôơpqrstuưvxyàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ"
    assert missing_glyphs(letters + letters.upper()) == set()
    assert letter_pdf(Letter(), NOW) == letter_pdf(Letter(), NOW)
