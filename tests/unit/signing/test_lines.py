"""Whatever stands in a file, its report fits into a record, a message and a line."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner

from lienthong.signing.domain import Attachment, File, Parties, conclude
from lienthong.signing.handlers.messages import MOST_SIGNATURES, verdict_event, verification_message
from lienthong.signing.storage import StoredDocument
from lienthong.signing.verification.lines import LONGEST, line
from lienthong.signing.verification.pades import PadesVerifier
from lienthong.signing.verification.report import FileReport, FileState, Problem, SignatureReport, from_json, to_json
from lienthong.testing.authority import Identity
from lienthong.testing.signatures import DemoSigner, signed_pdf

from .conftest import NOW

if TYPE_CHECKING:
    from .conftest import Office

SOON = NOW + timedelta(hours=1)
RECORD = 1024 * 1024
"""Bytes of the smallest record that may be configured."""
ATTACHMENTS = 100


def verified(office: Office, file: bytes) -> FileReport:
    """Verify an hour after signing, and hand the report on as a child process does."""
    report = PadesVerifier(office.trust).verify(io.BytesIO(file), SOON)
    return from_json(json.loads(json.dumps(to_json(report))))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("Nguyễn Văn A", "Nguyễn Văn A"),
        ("A\x00\r\nHợp lệ.\u202e\x1b[3m", "A Hợp lệ. [3m"),
        ("a\ud800b", "a b"),
        (b"Ch\xc3\xad", "Chí"),
        (b"\x9f\xad", "\ufffd\ufffd"),
        ("a" * LONGEST, "a" * LONGEST),
        ("ấ" * 10_000_000, "ấ" * (LONGEST - 1) + "…"),
        (" " * 10_000 + "a", "…"),
    ],
)
def test_a_line_is_printable_and_bounded(written: str | bytes, told: str) -> None:
    """Text on one line, cut where it is long, whatever was written."""
    assert line(written) == told


def self_made(office: Office, name: str) -> bytes:
    """Sign the letter with a certificate of one's own making; its subject has this name twice."""
    kinds = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
    subject = x509.Name([x509.NameAttribute(kind, name, _validate=False) for kind in kinds])
    builder = x509.CertificateBuilder(subject, subject, office.leader.key.public_key(), 5)
    builder = builder.not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
    signer = DemoSigner(office.authority, Identity(builder.sign(office.leader.key, hashes.SHA256()), office.leader.key))
    writer = IncrementalPdfFileWriter(io.BytesIO(office.letter))
    metadata = PdfSignatureMetadata(field_name="NguoiKy", md_algorithm="sha256")
    room = 60 * len(name) + 65536
    output: Any = asyncio.run(PdfSigner(metadata, signer).async_sign_pdf(writer, bytes_reserved=room))
    return bytes(output.getvalue())


@pytest.mark.filterwarnings("ignore:Attribute's length")
@pytest.mark.parametrize("name", ["Ủ" * 20_000, "A\x00\nVăn bản hợp lệ"])
def test_a_name_of_any_size_is_one_line(office: Office, name: str) -> None:
    """Anybody can make a certificate with a name of any length; its verdict must not stop those of others."""
    (signature,) = verified(office, self_made(office, name)).signatures
    assert signature.problems == (Problem.ISSUER_UNKNOWN,)
    for told in (signature.signer, signature.organisation, signature.issuer):
        assert told == line(name)


def test_a_field_whose_name_is_no_text_is_reported(office: Office) -> None:
    """Programs write names as UTF-8, which a PDF does not know: the file keeps its verdict."""
    file = signed_pdf(office.letter, [office.signing(office.leader, "AAAAAA")])
    report = verified(office, file.replace(b"(AAAAAA)", "(Chí A)".encode()))
    assert report.overall is FileState.BROKEN
    assert [one.field_name for one in report.signatures] == ["Chí A"]


@pytest.mark.parametrize("claimed", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)])
def test_a_claimed_time_that_is_none_is_left_out(office: Office, claimed: datetime) -> None:
    """A claim proves nothing: one that cannot be read, or not be shown in Viet Nam, changes no outcome."""
    report = verified(office, signed_pdf(office.letter, [office.signing(office.leader, at=claimed)]))
    assert report.overall is FileState.VALID
    assert report.signatures[0].claimed_at is None
    assert verification_message(document(1), conclude([File(0, report)], anchored=True), SOON).attachments


def document(attachments: int) -> StoredDocument:
    """A document with so many attachments."""
    known = tuple(Attachment(number, "cong-van.pdf", "x", 1, bytes(32)) for number in range(attachments))
    return StoredDocument("x", Parties("A", ("B",)), known, 0)


def test_the_verdict_on_any_document_fits_into_a_record() -> None:
    """As many attachments as a document may have, each with as many signatures as are looked at, all names long."""
    long = "ấ" * LONGEST
    signature = SignatureReport(long, signer=long, organisation=long, issuer=long, problems=(Problem.ISSUER_UNKNOWN,))
    report = FileReport(FileState.INDETERMINATE, NOW, (signature,) * 64)
    conclusion = conclude([File(number, report) for number in range(ATTACHMENTS)], anchored=True)
    event = verdict_event(document(ATTACHMENTS), conclusion, NOW)
    answer = verification_message(document(ATTACHMENTS), conclusion, NOW)
    for told in (event, answer):
        assert len(told.attachments) == ATTACHMENTS
        assert sum(len(one.signatures) for one in told.attachments) == MOST_SIGNATURES
    assert event.ByteSize() < RECORD
    assert answer.ByteSize() < 4 * RECORD
