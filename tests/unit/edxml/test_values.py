"""Dates, names and code lists."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.edxml import VIETNAM_TIME, MemorySpools, read, safe_file_name, write
from lienthong.edxml.codes import ABBREVIATIONS, STATUS_NAMES, CodeStyle, status_name, style_of, type_name
from lienthong.edxml.times import read_date, read_timestamp, write_timestamp


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2020/10/30", date(2020, 10, 30)),
        (" 2020/10/3 ", date(2020, 10, 3)),
        ("30/10/2020", date(2020, 10, 30)),
        ("3.1.2020", date(2020, 1, 3)),
        ("2020-10-30T23:59:59", date(2020, 10, 30)),
        ("2020-10-29T17:00:00Z", date(2020, 10, 30)),
        ("2020-10-30T00:00:00.0000000+07:00", date(2020, 10, 30)),
        ("2020-10-29T17:00:00+00", date(2020, 10, 30)),
        ("2020-10-30+07:00", date(2020, 10, 30)),
        ("2020-10-30Z", date(2020, 10, 30)),
        ("20201030", date(2020, 10, 30)),
        ("20201330", None),
        ("2020-10-30T00:00:00+99", None),
        ("30/10/20", None),
        ("10/30/2020", None),
        ("2014/02/30", None),
        ("0011/08/30", None),
        ("2020/10/30 25:00:00", None),
        ("٢٠٢٠/10/30", None),
        ("hôm nay", None),
    ],
)
def test_dates(text: str, value: date | None) -> None:
    """Every spelling met is read as the day it means; anything else is absent, never another day."""
    assert read_date(text) == value


def test_timestamps_are_local() -> None:
    """Times without a zone are those of Viet Nam, others are brought there; the text written has no zone."""
    value = datetime(2015, 9, 20, 11, 8, 36, tzinfo=VIETNAM_TIME)
    assert read_timestamp("2015/09/20 11:08:36") == value
    assert read_timestamp("2015-09-20T04:08:36Z") == value
    assert write_timestamp(value.astimezone(UTC)) == "2015/09/20 11:08:36"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Công văn 125.pdf", "Công văn 125.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\b.doc", "b.doc"),
        ("CON.txt", "_CON.txt"),
        ("a\x00b\r\n.pdf", "ab.pdf"),
        ("hóa đơn\u202efdp.exe", "hóa đơnfdp.exe"),
        ("..", "attachment"),
        ("", "attachment"),
        ("Cô\u0301.pdf", "Cố.pdf"),
        ("a:b?.txt. ", "a_b_.txt"),
    ],
)
def test_safe_names(name: str, safe: str) -> None:
    """A name that touches a file system is a base name without tricks."""
    assert safe_file_name(name) == safe


@given(st.text(max_size=400))
def test_safe_names_hold_for_any_text(name: str) -> None:
    """Whatever the name, the safe one is one short path component, and safe already."""
    safe = safe_file_name(name)
    assert 0 < len(safe.encode()) <= 201
    assert not set(safe) & set('/\\:*?"<>|\x00')
    assert not safe.startswith(".")
    assert safe_file_name(safe) == safe


def test_long_names_keep_their_extension() -> None:
    """A name is shortened before its extension, at a character's end."""
    safe = safe_file_name("ệ" * 300 + ".docx")
    assert safe.endswith("ệ.docx")
    assert len(safe.encode()) <= 200


@pytest.mark.parametrize(
    ("code", "style"),
    [
        ("000.00.00.H41", CodeStyle.OLD),
        ("000.00.15.H51", CodeStyle.OLD),
        ("H37.02.02", CodeStyle.NEW),
        ("G22", CodeStyle.NEW),
        ("H37.DN.001", CodeStyle.NEW),
        ("vxp.saas.03", None),
        ("01.02.G22", None),
        ("H37." + "A" * 40, None),
        ("h37.02", None),
    ],
)
def test_code_styles(code: str, style: CodeStyle | None) -> None:
    """The style of an agency code is known by its form (QD28 Art. 10, QD20)."""
    assert style_of(code) is style


def test_lists() -> None:
    """Names are shown for known codes; an unknown status code has a name of its own."""
    assert set(STATUS_NAMES) == {"01", "02", "03", "04", "05", "06", "13", "15", "16"}
    assert status_name("09").vi == "mã không xác định"
    assert type_name(2, 18) == "Công văn"
    assert type_name(18, None) == ""
    assert ABBREVIATIONS["TTr"] == "Tờ trình"


@pytest.mark.parametrize("element", ["OtherInfo/Priority", "OtherInfo/PageAmount", "SteeringType", "DocumentType/Type"])
def test_zeros_before_a_number_count_for_nothing(small_file: bytes, element: str) -> None:
    """A number with thousands of zeros before it is the number."""
    outer, _, inner = element.partition("/")
    digits = "0" * 5000 + "1"
    text = f"<{outer}><{inner}>{digits}</{inner}></{outer}>" if inner else f"<{outer}>{digits}</{outer}>"
    at = small_file.index(b"    </edXML:MessageHeader>")
    message = read([small_file[:at] + text.encode() + small_file[at:]], MemorySpools()).message
    assert f"<edXML:{inner or outer}>1</edXML:{inner or outer}>".encode() in b"".join(write(message, MemorySpools()))
