"""Words on a signature are true: of changes it permits, of certificates of other use, of files that open."""

from __future__ import annotations

import io
import zipfile
import zlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils import generic as pyhanko_generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from lienthong.signing.verification import words
from lienthong.signing.verification.beginnings import may_be_pdf
from lienthong.signing.verification.pades import PadesVerifier
from lienthong.signing.verification.report import FileReport, FileState, Problem, SignatureState
from lienthong.testing.authority import CRL_LIFE, DemoAuthority, Identity
from lienthong.testing.signatures import DemoSigner, Signing, signed_pdf, time_stamper

from .conftest import AGENCY, NOW
from .forgeries import UPDATES, raw, updated

if TYPE_CHECKING:
    from pathlib import Path

    from lienthong.signing.verification.trust import TrustConfig

    from .conftest import Office

generic: Any = pyhanko_generic
name = generic.pdf_name
SOON = NOW + timedelta(hours=1)


def verify(pdf: bytes, trust: TrustConfig) -> FileReport:
    """Verify an hour after signing."""
    return PadesVerifier(trust).verify(io.BytesIO(pdf), SOON)


def written(writer: Any) -> bytes:
    """Give what a writer makes."""
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def form(letter: bytes) -> bytes:
    """Put a form field on the page of a letter."""
    writer: Any = IncrementalPdfFileWriter(io.BytesIO(letter))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    field = {"/FT": name("/Tx"), "/T": "SoTien", "/V": "1.000.000", "/Subtype": name("/Widget"), "/F": 4}
    makers = {str: generic.pdf_string, int: generic.NumberObject}
    values = {name(key): makers.get(type(value), lambda given: given)(value) for key, value in field.items()}
    values[name("/Rect")] = generic.ArrayObject(generic.NumberObject(side) for side in (10, 10, 200, 30))
    reference = writer.add_object(generic.DictionaryObject(values))
    page["/Annots"] = generic.ArrayObject([reference])
    writer.update_container(page)
    fields = generic.DictionaryObject({name("/Fields"): generic.ArrayObject([reference])})
    writer.root["/AcroForm"] = writer.add_object(fields)
    writer.update_root()
    return written(writer)


def filled(pdf: bytes) -> bytes:
    """Change what stands in the form field."""
    writer: Any = IncrementalPdfFileWriter(io.BytesIO(pdf))
    field = writer.root["/AcroForm"]["/Fields"][0].get_object()
    field["/V"] = generic.pdf_string("9.000.000.000")
    writer.update_container(field)
    return written(writer)


def test_fields_filled_after_signing_are_told(office: Office) -> None:
    """A signature permits that form fields are filled in; the words say so, and do not call the file unchanged."""
    signed = signed_pdf(form(office.letter), [office.signing(office.leader)])
    before, after = verify(signed, office.trust), verify(filled(signed), office.trust)
    assert before.signatures[0].problems == ()
    assert after.overall is FileState.VALID
    assert after.signatures[0].problems == (Problem.FIELDS_FILLED,)
    assert "unchanged" in words.of_file(before).en
    assert "unchanged" not in words.of_file(after).en
    assert "nguyên vẹn" not in words.of_file(after).vi
    assert "filled in" in words.of_signature(after.signatures[0]).en
    assert "filled in" in words.of_document([after]).en
    assert "filled in" not in words.of_document([before]).en


def test_data_behind_the_signed_content_is_no_change_of_it(office: Office) -> None:
    """Of a file that goes on after its end, the words do not say that it is as it was."""
    report = verify(office.signed + b"more", office.trust)
    assert report.signatures[0].problems == (Problem.BYTES_APPENDED,)
    for text in (words.of_document([report]), words.of_file(report)):
        assert "what was signed" in text.en
        assert "Nội dung đã ký" in text.vi


def test_a_later_signature_is_no_filled_field(office: Office) -> None:
    """Places for signatures are no form fields: two signatures leave the file as it is."""
    assert [report.problems for report in verify(office.signed, office.trust).signatures] == [(), ()]


def test_a_signature_that_is_also_ruined_excuses_no_change(office: Office) -> None:
    """Nobody signs what stands in a signature's place: whoever ruins it as well hides no change of the page."""
    content_type, unknown = b"2A864886F70D010903", b"2A864886F70D010963"
    signed = signed_pdf(office.letter, [office.signing(office.leader)])
    assert content_type in signed
    ruined = signed.replace(content_type, unknown)
    assert verify(ruined, office.trust).signatures[0].problems == (Problem.MALFORMED,)
    report = verify(updated(ruined, UPDATES["other page"]), office.trust)
    assert report.overall is FileState.BROKEN
    assert report.signatures[0].problems == (Problem.MALFORMED, Problem.MODIFIED_AFTER_SIGNING)


def test_a_catalogue_of_two_meanings_is_no_signed_file(office: Office) -> None:
    """A key twice in an appended catalogue: the signed pages come first, and others for those who take the last."""
    signed = signed_pdf(office.letter, [office.signing(office.leader)])
    reader = PdfFileReader(io.BytesIO(signed))
    output = io.BytesIO()
    reader.root.write_to_stream(output, None)
    number = reader.root_ref.idnum
    twice = output.getvalue().rstrip().removesuffix(b">>") + b"/Pages 4 0 R>>"
    forged = raw(signed, b"%d 1\n@ 00000 n \n" % number, b"%d 0 obj\n%s\nendobj\n" % (number, twice))
    report = verify(forged, office.trust)
    assert (report.overall, report.signatures) == (FileState.DAMAGED, ())
    assert report.detail.startswith("/Pages has two values")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_table_of_two_meanings_is_no_signed_file(office: Office, order: tuple[int, int]) -> None:
    """An object twice in an appended table: programs do not agree on which of the two is the page."""
    signed = signed_pdf(office.letter, [office.signing(office.leader)])
    there, forged = signed.index(b"\n4 0 obj") + 1, len(signed)
    entries = [b"4 1\n%010d 00000 n \n" % (there, forged)[which] for which in order]
    report = verify(
        raw(signed, b"".join(entries), b"4 0 obj\n<</Length 3>>stream\nabc\nendstream\nendobj\n"), office.trust
    )
    assert (report.overall, report.signatures) == (FileState.DAMAGED, ())
    assert "object 4 stands twice" in report.detail
    same = verify(raw(signed, 2 * (b"4 1\n%010d 00000 n \n" % there)), office.trust)
    assert same.overall is not FileState.DAMAGED


def certified_by_itself(office: Office) -> Identity:
    """Give the leader's key a certificate that nobody else issued."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nguyễn Thị Hồng Ửng")])
    key = office.leader.key
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 77, NOW, NOW + timedelta(days=9))
    return Identity(builder.sign(key, hashes.SHA256()), key)


def test_a_certificate_of_its_own_making_has_an_unknown_issuer(office: Office) -> None:
    """Who certifies himself is not told that his certificate is for something else."""
    signed = signed_pdf(office.letter, [office.signing(certified_by_itself(office))])
    assert verify(signed, office.trust).signatures[0].problems == (Problem.ISSUER_UNKNOWN,)


def test_a_certificate_for_time_stamps_signs_no_document(office: Office) -> None:
    """A certificate that is for time stamps, servers or programs alone makes no valid signature."""
    (report,) = verify(signed_pdf(office.letter, [office.signing(office.stamps)]), office.trust).signatures
    assert (report.state, report.problems) == (SignatureState.INDETERMINATE, (Problem.KEY_USAGE,))


def test_a_certificate_that_has_not_begun(office: Office) -> None:
    """A certificate of next year is outside of its validity; its issuer is not in doubt."""
    later = DemoAuthority.create(NOW + timedelta(days=700))
    office = type(office)(later, later.agency(AGENCY, "1"), office.seal, office.stamps, office.letter, b"")
    (report,) = verify(signed_pdf(office.letter, [office.signing(office.leader)]), office.trust).signatures
    assert report.problems == (Problem.CERTIFICATE_OUTSIDE_VALIDITY,)


def test_a_time_stamp_of_tomorrow_proves_nothing_for_tomorrow(office: Office) -> None:
    """A time-stamp authority whose clock is ahead makes no certificate good that has not begun."""
    issuer, key = office.authority.intermediate, office.leader.key
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nguyễn Thị Hồng Ửng")])
    begins, ends = NOW + timedelta(days=1), NOW + timedelta(days=9)
    builder = x509.CertificateBuilder(issuer.certificate.subject, subject, key.public_key(), 78, begins, ends)
    signer = DemoSigner(office.authority, Identity(builder.sign(issuer.key, hashes.SHA256()), key))
    stamper = time_stamper(office.authority, office.stamps, NOW + timedelta(days=2))
    (report,) = verify(signed_pdf(office.letter, [Signing(signer, "NguoiKy", NOW, stamper)]), office.trust).signatures
    assert report.problems == (Problem.CERTIFICATE_OUTSIDE_VALIDITY,)
    assert report.timestamp_at == SOON


def test_a_withdrawn_issuer_is_told_from_a_withdrawn_signer(office: Office) -> None:
    """When the issuer's certificate was withdrawn, the words do not say that the signer's was."""
    root, issuer = office.authority.root, office.authority.intermediate
    entry = x509.RevokedCertificateBuilder(issuer.certificate.serial_number, NOW - timedelta(days=1))
    compromised = entry.add_extension(x509.CRLReason(x509.ReasonFlags.ca_compromise), critical=False).build()
    builder = x509.CertificateRevocationListBuilder(root.certificate.subject, NOW, NOW + CRL_LIFE, [], [compromised])
    revoked = builder.sign(root.key, hashes.SHA256()).public_bytes(Encoding.DER)
    trust = office.trusting((revoked, office.authority.revocation_lists(NOW)[1]))
    report = verify(office.signed, trust).signatures[0]
    assert report.state is SignatureState.BROKEN
    assert report.problems == (Problem.KEY_COMPROMISED, Problem.ISSUER_REVOKED)
    assert "the issuer's" in words.of_signature(report).en


@pytest.mark.parametrize(("password", "state"), [("", FileState.VALID), ("bí mật", FileState.ENCRYPTED)])
def test_a_file_that_opens_without_a_password_is_verified(office: Office, password: str, state: FileState) -> None:
    """Encryption that only asks readers not to print or copy locks nobody out, and no verification."""
    writer: Any = copy_into_new_writer(PdfFileReader(io.BytesIO(office.letter)))
    writer.encrypt("owner", password)
    locked = written(writer)
    signed = locked if password else signed_pdf(locked, [office.signing(office.leader)])
    assert verify(signed, office.trust).overall is state


def test_a_pdf_in_an_archive_is_an_archive(office: Office) -> None:
    """A zip that stores a PDF as it is, near its beginning, is neither a PDF nor damaged."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("cong-van.pdf", office.signed)
    assert not may_be_pdf(output.getvalue()[:1024])
    assert verify(output.getvalue(), office.trust).overall is FileState.NOT_A_PDF


@pytest.mark.parametrize(
    "before",
    [
        bytes.fromhex("308204a006092a864886f70d010702a0820491308204"),
        b"Rar!\x1a\x07\x01\x00" + bytes(60),
        b"7z\xbc\xaf\x27\x1c" + bytes(26),
        b"cong-van.pdf".ljust(512, b"\0"),
        b"<?xml version='1.0'?><note>",
    ],
    ids=["p7m", "rar", "7z", "tar", "xml"],
)
def test_what_holds_or_names_a_pdf_is_none(office: Office, before: bytes) -> None:
    """A signed message, an archive and a text with a PDF near their beginning are not called damaged PDFs."""
    assert not may_be_pdf((before + office.signed)[:1024])
    assert verify(before + office.signed, office.trust).overall is FileState.NOT_A_PDF


CUT_STREAM = zlib.compress(bytes(range(200)))[:40]
NO_CATALOG = (
    b"1 0 obj\n5\nendobj\nxref\n0 2\n0000000000 65535 f \n0000000009 00000 n \ntrailer\n<</Size 2/Root 1 0 R>>\n"
)
CUT_TABLE = (
    b"1 0 obj\n<</Type/XRef/W[1 2 1]/Size 3/Root 2 0 R/Filter/FlateDecode/Length 40>>stream\n%s\nendstream\nendobj\n"
)


@pytest.mark.parametrize(
    ("inside", "place"),
    [(NO_CATALOG, 26), (CUT_TABLE % CUT_STREAM, 9), (bytes(33 * 1024 * 1024) + b"\n", 0)],
    ids=["a number for a catalogue", "a table cut short", "nothing, too large for memory"],
)
def test_faults_of_a_file_are_told_as_its_own(office: Office, tmp_path: Path, inside: bytes, place: int) -> None:
    """Whatever a damaged file makes the libraries raise, it is the file that is damaged, not the verification."""
    path = tmp_path / "cong-van.pdf"
    path.write_bytes(b"%PDF-1.7\n" + inside + b"startxref\n%d\n%%%%EOF\n" % place)
    assert PadesVerifier(office.trust).verify_path(path, SOON).overall is FileState.DAMAGED
