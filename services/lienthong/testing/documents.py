"""Real documents made at run time: letters (công văn) as PDF, signed spoiled or not, and a spreadsheet.

The letter has the parts of ND30 Appendix I: national name and motto, issuing agency, number and notation, place and
date, abstract, recipients, signer with capacity. Drawing one takes some 100 ms (fonts are subset), so a load test
draws one letter and lets :func:`signed_pdf` make each copy different with ``padding``.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from fontTools.ttLib import TTFont  # type: ignore[import-untyped] # it has no stubs
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from openpyxl import Workbook
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_FONT = "Roboto"
_STYLES = {"": "Roboto-Regular.ttf", "B": "Roboto-Bold.ttf", "I": "Roboto-Italic.ttf"}


_PARAGRAPHS = (
    (
        "Thực hiện Nghị quyết số 36a/NQ-CP ngày 14 tháng 10 năm 2015 của Chính phủ về Chính phủ điện tử, Ủy ban "
        "nhân dân Thành phố đã hoàn thành kết nối hệ thống quản lý văn bản và điều hành với Trục liên thông."
    ),
    (
        "Kính đề nghị Văn phòng Chính phủ tiếp tục quan tâm, phối hợp chỉ đạo để văn bản điện tử được tiếp nhận, "
        "xử lý đúng thời hạn; không chờ văn bản giấy."
    ),
)


@dataclass(frozen=True)
class Letter:
    """What stands in a letter."""

    number: str = "1234/UBND-VX"
    agency: str = "ỦY BAN NHÂN DÂN\nTHÀNH PHỐ HỒ CHÍ MINH"
    place: str = "Thành phố Hồ Chí Minh"
    date: str = "ngày 08 tháng 4 năm 2016"
    abstract: str = "V/v kết nối, liên thông phần mềm quản lý văn bản"
    addressee: str = "Văn phòng Chính phủ"
    paragraphs: tuple[str, ...] = _PARAGRAPHS
    recipients: tuple[str, ...] = ("Như trên;", "TTUB: CT, các PCT;", "Lưu: VT, (VX/Đ).")
    capacity: str = "TM. ỦY BAN NHÂN DÂN\nKT. CHỦ TỊCH\nPHÓ CHỦ TỊCH"
    signer: str = "Nguyễn Thị Hồng Ửng"


def letter_pdf(letter: Letter, made_at: datetime) -> bytes:
    """Draw a letter on one page of A4; the same input gives the same bytes."""
    pdf = _blank(made_at, letter)
    _heading(pdf, letter)
    pdf.set_font(_FONT, "", 13)
    pdf.cell(0, 10, f"Kính gửi: {letter.addressee}", align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    for paragraph in letter.paragraphs:
        pdf.multi_cell(0, 7, f"        {paragraph}", align="J", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pdf.ln(2)
    _ending(pdf, letter)
    return bytes(pdf.output())


def spreadsheet(rows: Sequence[Sequence[str | int]], made_at: datetime) -> bytes:
    """Return a workbook (.xlsx) with one sheet, as agencies attach to letters."""
    book = Workbook()
    book.properties.created = book.properties.modified = made_at.replace(tzinfo=None)
    sheet = book.active or book.create_sheet()
    sheet.title = "Phụ lục"
    for row in rows:
        sheet.append(list(row))
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def damaged(pdf: bytes) -> bytes:
    """Flip one bit inside the first revision's content, as a faulty copy or a forger would."""
    place = pdf.index(b"stream\n") + 40
    return pdf[:place] + bytes((pdf[place] ^ 1,)) + pdf[place + 1 :]


def extended(pdf: bytes) -> bytes:
    """Append an update that puts other content on the page, which no signature permits."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    content = generic.StreamObject(stream_data=b"BT /F1 40 Tf 100 400 Td (9.000.000.000) Tj ET")
    page["/Contents"] = writer.add_object(content)
    writer.update_container(page)
    output = io.BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call] # untyped in pyHanko
    return output.getvalue()


def missing_glyphs(text: str) -> set[str]:
    """Return the characters of ``text`` that one of the letter's fonts cannot draw, by its character map."""
    with as_file(files("font_roboto") / "files") as directory:
        maps = [TTFont(directory / file).getBestCmap() for file in _STYLES.values()]
    return {character for character in text if any(ord(character) not in cmap for cmap in maps)}


def _blank(made_at: datetime, letter: Letter) -> FPDF:
    pdf = FPDF(format="A4")
    with as_file(files("font_roboto") / "files") as directory:
        for style, file in _STYLES.items():
            pdf.add_font(_FONT, style, directory / file)
    pdf.set_creation_date(made_at)
    pdf.set_title(f"{letter.number} {letter.abstract}")
    pdf.set_lang("vi")
    pdf.set_margins(30, 20, 15)
    pdf.add_page()
    return pdf


def _heading(pdf: FPDF, letter: Letter) -> None:
    top, middle = pdf.get_y(), 95.0
    pdf.set_font(_FONT, "B", 11)
    pdf.multi_cell(65, 6, letter.agency, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.set_font(_FONT, "", 11)
    pdf.multi_cell(65, 6, f"Số: {letter.number}\n{letter.abstract}", align="C")
    bottom = pdf.get_y()
    pdf.set_xy(middle, top)
    pdf.set_font(_FONT, "B", 11)
    national = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc"
    pdf.multi_cell(0, 6, national, align="C", new_x=XPos.LEFT, new_y=YPos.NEXT)
    pdf.set_font(_FONT, "I", 11)
    pdf.multi_cell(0, 8, f"{letter.place}, {letter.date}", align="C")
    pdf.set_xy(pdf.l_margin, bottom + 16)


def _ending(pdf: FPDF, letter: Letter) -> None:
    top = pdf.get_y() + 8
    pdf.set_xy(pdf.l_margin, top)
    pdf.set_font(_FONT, "I", 10)
    lines = "\n".join(("Nơi nhận:", *(f"- {recipient}" for recipient in letter.recipients)))
    pdf.multi_cell(70, 5, lines, align="L")
    pdf.set_xy(110.0, top)
    pdf.set_font(_FONT, "B", 12)
    pdf.multi_cell(0, 6, f"{letter.capacity}\n\n\n\n{letter.signer}", align="C")
