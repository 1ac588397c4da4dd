"""The papers of the story: a signed letter in Vietnamese, a table, and the edXML file that carries them."""

import hashlib
import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from lienthong import edxml
from lienthong.testing.authority import DemoAuthority
from lienthong.testing.documents import Letter, letter_pdf, spreadsheet
from lienthong.testing.signatures import DemoSigner, Signing, signed_pdf

VPCP_LETTER = Letter(
    number="7816/VPCP-TTĐT",
    agency="VĂN PHÒNG CHÍNH PHỦ",
    place="Hà Nội",
    date="ngày 08 tháng 4 năm 2016",
    addressee="Ủy ban nhân dân Thành phố Hồ Chí Minh",
    recipients=("Như trên;", "Lưu: VT, TTĐT."),
    capacity="KT. BỘ TRƯỞNG, CHỦ NHIỆM\nPHÓ CHỦ NHIỆM",
    signer="Lê Mạnh Hà",
)


@dataclass(frozen=True, slots=True)
class Signers:
    """Who signs for an agency: the person, then the agency."""

    person: DemoSigner
    agency: DemoSigner

    def sign(self, pdf: bytes, at: datetime) -> bytes:
        """Signs a PDF twice (ND30 Art. 14: the person before, the agency after)."""
        return signed_pdf(
            pdf,
            [Signing(self.person, "NguoiKy", at), Signing(self.agency, "CoQuan", at + timedelta(seconds=5))],
        )


def signers(authority: DemoAuthority, person: str, agency: str, tax_code: str) -> Signers:
    """Makes the signers of an agency."""
    return Signers(
        DemoSigner(authority, authority.person(person, agency, "Lãnh đạo", "001080012345")),
        DemoSigner(authority, authority.agency(agency, tax_code)),
    )


def signed_letter(letter: Letter, who: Signers, at: datetime) -> bytes:
    """Makes a letter as a PDF with two signatures."""
    return who.sign(letter_pdf(letter, at), at)


def due_table(at: datetime) -> bytes:
    """Makes the table that goes with the letter."""
    rows = [
        ("Đơn vị", "Việc", "Hạn"),
        ("Văn phòng UBND", "Cử cán bộ đầu mối", "15/04/2016"),
        ("Sở TT&TT", "Kết nối phần mềm", "30/04/2016"),
    ]
    return spreadsheet(rows, at)


def vpcp_file(target: Path, letter: bytes, table: bytes, due: date) -> None:
    """Writes the edXML file of the Government Office in the canonical form."""
    spools = edxml.MemorySpools()
    document = edxml.Document(
        sender=edxml.Organization("000.00.00.G22", "Văn phòng Chính phủ", email="vanthu@vpcp.example.vn"),
        recipients=(edxml.Organization("000.00.00.H29", "UBND Thành phố Hồ Chí Minh"),),
        document_id="000.00.00.G22,2016/04/08,7816/VPCP-TTĐT",
        code=edxml.DocumentCode("7816", "VPCP-TTĐT"),
        promulgation=edxml.PromulgationInfo("Hà Nội", date(2016, 4, 8)),
        document_type=edxml.DocumentType(2, 18, "Công văn"),
        subject="V/v kết nối, liên thông phần mềm quản lý văn bản",
        signer=edxml.SignerInfo("KT. BỘ TRƯỞNG, CHỦ NHIỆM", "PHÓ CHỦ NHIỆM", "Lê Mạnh Hà"),
        due_date=due,
        other=edxml.OtherInfo(priority=1, promulgation_amount=1, page_amount=1),
        business=edxml.Business(
            edxml.BusinessKind.NEW,
            paper=False,
            staff=edxml.Staff(department="Văn thư", staff="Nguyễn Thị Ngọc Trâm"),
        ),
        attachments=(
            _attachment("1", "7816-VPCP-TTĐT.pdf", letter, spools),
            _attachment("2", "Phân công kết nối.xlsx", table, spools),
        ),
    )
    with target.open("wb") as stream:
        stream.writelines(edxml.write(document, spools))


def _attachment(content_id: str, name: str, data: bytes, spools: edxml.MemorySpools) -> edxml.Attachment:
    spool = spools.open()
    spool.write(data)
    content = edxml.ContentRef(len(data), hashlib.sha256(data).hexdigest(), zlib.crc32(data), spool.finish())
    return edxml.Attachment(content_id, name, content)


def now() -> datetime:
    """Tells the time of the machine."""
    return datetime.now(UTC)
