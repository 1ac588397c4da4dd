"""Code lists of the format: document types, abbreviations, urgency, status codes, agency codes.

Lists are for showing, not for refusing: values outside them occur and are carried on as they came.
"""

from __future__ import annotations

import re
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Name(NamedTuple):
    """A name in Vietnamese and in English."""

    vi: str
    en: str


class CodeStyle(StrEnum):
    """The two live styles of agency codes; they run in opposite order."""

    OLD = "old"
    """QCVN 102:2016, required by QD28 Art. 10: 13 characters, lowest level first (`000.00.00.H41`)."""
    NEW = "new"
    """Decision 20/2020/QĐ-TTg and SĐ1:2022: at most 35 characters, highest level first (`H37.02.02`)."""


_OLD_CODE = re.compile(r"[0-9A-Z]{3}\.[0-9A-Z]{2}\.[0-9A-Z]{2}\.[A-Z][0-9]{2}")
_NEW_CODE = re.compile(r"[A-Z][0-9]{2}(?:\.[0-9A-Z]+)*")
_NEW_CODE_LENGTH = 35

LEGAL_TYPES = MappingProxyType(
    {
        1: "Hiến pháp",
        2: "Luật",
        3: "Pháp lệnh",
        4: "Lệnh",
        5: "Nghị quyết",
        6: "Nghị quyết liên tịch",
        7: "Nghị định",
        8: "Quyết định",
        9: "Thông tư",
        10: "Thông tư liên tịch",
        11: "Chỉ thị",
        12: "Bộ luật",
        13: "Văn bản quy phạm pháp luật của chính quyền đơn vị hành chính - kinh tế đặc biệt",
    }
)
"""List A of SĐ1:2022: `DocumentType/TypeDetail` where `Type` is 1 (văn bản quy phạm pháp luật)."""

ADMINISTRATIVE_TYPES = MappingProxyType(
    {
        1: "Nghị quyết (cá biệt)",
        2: "Quyết định (cá biệt)",
        3: "Chỉ thị",
        4: "Quy chế",
        5: "Quy định",
        6: "Thông cáo",
        7: "Thông báo",
        8: "Hướng dẫn",
        9: "Chương trình",
        10: "Kế hoạch",
        11: "Phương án",
        12: "Đề án",
        13: "Dự án",
        14: "Báo cáo",
        15: "Biên bản",
        16: "Tờ trình",
        17: "Hợp đồng",
        18: "Công văn",
        19: "Công điện",
        20: "Bản ghi nhớ",
        21: "Bản cam kết",
        22: "Bản thỏa thuận",
        23: "Giấy chứng nhận",
        24: "Giấy ủy quyền",
        25: "Giấy mời",
        26: "Giấy giới thiệu",
        27: "Giấy nghỉ phép",
        28: "Giấy đi đường",
        29: "Giấy biên nhận hồ sơ",
        30: "Phiếu gửi",
        31: "Phiếu chuyển",
        32: "Thư công",
    }
)
"""List B of SĐ1:2022: `TypeDetail` where `Type` is 2 (văn bản hành chính).

10 to 17 and 27 to 32 are inferred from the order of the older list of Decree 09/2010.
"""

ABBREVIATIONS = MappingProxyType(
    {
        "NQ": "Nghị quyết (cá biệt)",
        "QĐ": "Quyết định (cá biệt)",
        "CT": "Chỉ thị",
        "QC": "Quy chế",
        "QyĐ": "Quy định",
        "TC": "Thông cáo",
        "TB": "Thông báo",
        "HD": "Hướng dẫn",
        "CTr": "Chương trình",
        "KH": "Kế hoạch",
        "PA": "Phương án",
        "ĐA": "Đề án",
        "DA": "Dự án",
        "BC": "Báo cáo",
        "BB": "Biên bản",
        "TTr": "Tờ trình",
        "HĐ": "Hợp đồng",
        "CV": "Công văn",
        "CĐ": "Công điện",
        "BGN": "Bản ghi nhớ",
        "BTT": "Bản thỏa thuận",
        "GUQ": "Giấy ủy quyền",
        "GM": "Giấy mời",
        "GGT": "Giấy giới thiệu",
        "GNP": "Giấy nghỉ phép",
        "PG": "Phiếu gửi",
        "PC": "Phiếu chuyển",
        "PB": "Phiếu báo",
        "SY": "Sao y",
        "TrS": "Trích sao",
        "SL": "Sao lục",
    }
)
"""Abbreviations of Decree 30/2020/NĐ-CP, Art. 7, and those of copies; `CV` is not printed on a công văn."""

PRIORITY_NAMES = MappingProxyType(
    {
        0: Name("thường", "normal"),
        1: Name("khẩn", "urgent"),
        2: Name("thượng khẩn", "very urgent"),
        3: Name("hỏa tốc", "most urgent"),
        4: Name("hỏa tốc hẹn giờ", "most urgent, at a set hour"),
    }
)
"""Mức độ khẩn (`OtherInfo/Priority`); 1 to 3 are named by ND30, 4 is an older term still accepted."""

STATUS_NAMES = MappingProxyType(
    {
        "01": Name("Đã đến", "arrived"),
        "02": Name("Từ chối tiếp nhận", "refused"),
        "03": Name("Đã tiếp nhận", "accepted"),
        "04": Name("Phân công xử lý", "assigned"),
        "05": Name("Đang xử lý", "in process"),
        "06": Name("Hoàn thành", "finished"),
        "13": Name("Lấy lại", "take back requested"),
        "15": Name("Đồng ý cập nhật, lấy lại", "request agreed"),
        "16": Name("Từ chối cập nhật, lấy lại", "request denied"),
    }
)
"""Status codes (`StatusCode`); the states are those of QD28 Art. 10, the numbers those of the axis' SDK."""

_UNKNOWN_STATUS = Name("mã không xác định", "unknown code")


def status_name(code: str) -> Name:
    """The name of a status code; an unknown code is kept as it is and has the name "mã không xác định"."""
    return STATUS_NAMES.get(code, _UNKNOWN_STATUS)


def type_name(group: int | None, detail: int | None) -> str:
    """The listed name of a document type, empty when the pair is in no list; the name sent goes first."""
    tables: dict[int, Mapping[int, str]] = {1: LEGAL_TYPES, 2: ADMINISTRATIVE_TYPES}
    return tables.get(group or 0, {}).get(detail or 0, "")


def style_of(code: str) -> CodeStyle | None:
    """The style of an agency code, None when it follows neither (such codes occur in test systems)."""
    if _OLD_CODE.fullmatch(code):
        return CodeStyle.OLD
    if len(code) <= _NEW_CODE_LENGTH and _NEW_CODE.fullmatch(code):
        return CodeStyle.NEW
    return None
