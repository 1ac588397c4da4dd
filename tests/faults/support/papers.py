"""Small documents, each different: typed, edXML, by upload; some signed. Made from a seed."""

import hashlib
import io
import random
import threading
import zlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from lienthong import edxml
from lienthong.common.v1 import document_pb2
from lienthong.intake.v1 import intake_pb2
from lienthong.testing.authority import DemoAuthority
from lienthong.testing.documents import Letter, letter_pdf
from lienthong.testing.signatures import DemoSigner, Signing, signed_pdf

FORMS = ("typed", "typed-upload", "edxml", "edxml-upload")
"""How a document is handed in."""

NEW, UPDATE, REPLACEMENT = edxml.BusinessKind.NEW, edxml.BusinessKind.UPDATE, edxml.BusinessKind.REPLACE

REASON = "Sai số liệu tại phụ lục"
"""Why a document is amended."""

_KINDS = {
    NEW: document_pb2.DOCUMENT_KIND_NEW,
    UPDATE: document_pb2.DOCUMENT_KIND_UPDATE,
    REPLACEMENT: document_pb2.DOCUMENT_KIND_REPLACEMENT,
}


@dataclass(frozen=True, slots=True)
class Paper:
    """A document before it is handed in.

    Attributes:
        key: Request identifier, kept until there is an answer.
        form: One of `FORMS`.
        number: Number of the document.
        to: Codes of the recipients.
        content: Its only attachment.
        answers: DocumentId of what it answers; empty for none.
        kind: What it does to an earlier document.
        amends: DocumentId of that document, and its name `documents/…`; empty for a new one.
    """

    key: str
    form: str
    number: str
    to: tuple[str, ...]
    content: bytes
    answers: str = ""
    kind: edxml.BusinessKind = NEW
    amends: tuple[str, str] = ("", "")

    @property
    def sha256(self) -> bytes:
        """Hash of the attachment."""
        return hashlib.sha256(self.content).digest()


@dataclass(slots=True)
class Press:
    """Draws one letter, signs copies of it.

    Attributes:
        authority: Whose signatures the program trusts.
    """

    authority: DemoAuthority = field(default_factory=lambda: DemoAuthority.create(datetime.now(UTC)))
    _letter: bytes = field(init=False)
    _signer: DemoSigner = field(init=False)
    _at: datetime = field(init=False)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._at = datetime.now(UTC) - timedelta(minutes=2)
        self._letter = letter_pdf(Letter(), self._at)
        person = self.authority.person("Lê Mạnh Hà", "Văn phòng Chính phủ", "Lãnh đạo", "001080012345")
        self._signer = DemoSigner(self.authority, person)

    def signed(self, chance: random.Random) -> bytes:
        """Signs a copy that is like no other."""
        # The ASN.1 library completes shared certificates as it writes them, and not safely from several threads.
        with self._turn:
            return signed_pdf(self._letter, [Signing(self._signer, "NguoiKy", self._at)], chance.randbytes(64))

    def write_trust(self, folder: Path) -> None:
        """Writes the trust folder of the program."""
        for name in ("anchors", "intermediates", "crls"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        authority = self.authority
        (folder / "anchors" / "root.pem").write_bytes(authority.root.certificate.public_bytes(Encoding.PEM))
        intermediate = authority.intermediate.certificate.public_bytes(Encoding.PEM)
        (folder / "intermediates" / "ca.pem").write_bytes(intermediate)
        for number, crl in enumerate(authority.revocation_lists(authority.now)):
            (folder / "crls" / f"{number}.crl").write_bytes(crl)


def typed(paper: Paper, upload: str = "") -> intake_pb2.SubmitDocumentRequest:
    """Puts a paper into types; its content inline, or in a finished upload."""
    answers = [document_pb2.ResponseFor(document_id=paper.answers)] if paper.answers else []
    header = document_pb2.DocumentHeader(
        number=paper.number,
        notation="FAULT-VP",
        subject=f"V/v thử nghiệm {paper.number}",
        type=2,
        type_detail=18,
        type_name="Công văn",
        kind=_KINDS[paper.kind],
        reason="" if paper.kind is NEW else REASON,
        targets=[] if paper.kind is NEW else [document_pb2.Target(document_id=paper.amends[0])],
        recipients=[document_pb2.Organization(code=code) for code in paper.to],
        response_for=answers,
    )
    content = intake_pb2.AttachmentContent(name=f"{paper.number}.pdf")
    if upload:
        content.upload = upload
    else:
        content.data = paper.content
    document = intake_pb2.DocumentContent(header=header, attachments=[content])
    return intake_pb2.SubmitDocumentRequest(document=document, request_id=paper.key)


def edxml_file(paper: Paper, sender: str) -> bytes:
    """Writes a paper as an edXML file."""
    spools = edxml.MemorySpools()
    spool = spools.open()
    spool.write(paper.content)
    digest = hashlib.sha256(paper.content).hexdigest()
    content = edxml.ContentRef(len(paper.content), digest, zlib.crc32(paper.content), spool.finish())
    document = edxml.Document(
        sender=edxml.Organization(sender, f"Cơ quan {sender}"),
        recipients=tuple(edxml.Organization(code, f"Cơ quan {code}") for code in paper.to),
        document_id=f"{sender},2026/04/08,{paper.number}/FAULT-VP",
        code=edxml.DocumentCode(paper.number, "FAULT-VP"),
        promulgation=edxml.PromulgationInfo("Hà Nội", date(2026, 4, 8)),
        document_type=edxml.DocumentType(2, 18, "Công văn"),
        subject=f"V/v thử nghiệm {paper.number}",
        signer=edxml.SignerInfo("TM.", "CHỦ TỊCH", "Lê Mạnh Hà"),
        other=edxml.OtherInfo(priority=0, promulgation_amount=1, page_amount=1),
        business=_business(paper),
        attachments=(edxml.Attachment("1", f"{paper.number}.pdf", content),),
    )
    output = io.BytesIO()
    output.writelines(edxml.write(document, spools))
    return output.getvalue()


def _business(paper: Paper) -> edxml.Business:
    target = paper.amends[0]
    if paper.kind is UPDATE:
        return edxml.Business(UPDATE, document_id=target, reason=REASON, paper=False)
    if paper.kind is REPLACEMENT:
        return edxml.Business(REPLACEMENT, reason=REASON, paper=False, replacements=(edxml.Replacement(target),))
    return edxml.Business(NEW, paper=False)
