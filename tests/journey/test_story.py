"""The demo as a real run: a platform of its own, every step confirmed by what the platform says."""

import io
import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from lienthong import edxml
from lienthong.demo.file import play_file
from lienthong.demo.timeline import StoryError

PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\n%%EOF\n"
STEPS_AT_LEAST = 30


def document(**changes: object) -> edxml.Document:
    """A letter of one agency to two others."""
    spools = edxml.MemorySpools()
    spool = spools.open()
    spool.write(PDF)
    fields: dict[str, object] = {
        "sender": edxml.Organization("000.00.00.G22", "Văn phòng Chính phủ"),
        "recipients": (edxml.Organization("000.00.00.H29", "UBND TP.HCM"), edxml.Organization("H41", "UBND Nghệ An")),
        "document_id": "000.00.00.G22,2026/11/20,7816/VPCP-TTĐT",
        "code": edxml.DocumentCode("7816", "VPCP-TTĐT"),
        "promulgation": edxml.PromulgationInfo("Hà Nội", date(2026, 11, 20)),
        "subject": "V/v kết nối, liên thông phần mềm quản lý văn bản",
        "document_type": edxml.DocumentType(2, 18, "Công văn"),
    }
    return edxml.Document(**(fields | changes))  # type: ignore[arg-type] # fields of the document


FILES: dict[str, edxml.Message] = {
    "new": document(),
    "recall": document(business=edxml.Business(edxml.BusinessKind.RECALL, reason="Sai số liệu")),
    "update": document(
        business=edxml.Business(
            edxml.BusinessKind.UPDATE, document_id="000.00.00.G22,2026/11/20,7816/VPCP-TTĐT", reason="Sửa"
        )
    ),
    "replacement": document(
        document_id="000.00.00.G22,2026/11/21,7817/VPCP-TTĐT",
        business=edxml.Business(
            edxml.BusinessKind.REPLACE,
            reason="Thay thế",
            replacements=(edxml.Replacement("000.00.00.G22,2026/11/20,7816/VPCP-TTĐT", ("000.00.00.H29",)),),
        ),
    ),
    "status": edxml.Status(
        edxml.Organization("000.00.00.H29", "UBND TP.HCM"),
        edxml.ResponseFor(
            "000.00.00.G22", "7816/VPCP-TTĐT", "000.00.00.G22,2026/11/20,7816/VPCP-TTĐT", date(2026, 11, 20)
        ),
        "03",
        description="Đã tiếp nhận",
        timestamp=datetime(2026, 11, 21, 1, 0, tzinfo=UTC).astimezone(edxml.VIETNAM_TIME),
    ),
}


def played(text: str) -> int:
    """Tells how many steps a run says were confirmed."""
    found = re.search(r"was played: (\d+) steps, each confirmed", text)
    assert found, text
    return int(found[1])


def _said(command: list[str], **options: Any) -> str:
    done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603 -- our own program
        command, capture_output=True, text=True, check=True, timeout=120, **options
    )
    return done.stdout


def test_the_founding_story(tmp_path: Path) -> None:
    """The story plays to its end, each step confirmed; a platform that stays up is spoken to by what is printed."""
    command = [sys.executable, "-m", "lienthong", "demo", "--keep", "--data-dir", str(tmp_path / "data")]
    text = _said(command, env={**os.environ, "COLUMNS": "80"})
    stays = re.search(r"end it with `kill (\d+)`", text)
    assert stays, text
    try:
        assert played(text) == len(re.findall(r"^ +\d+\.\d\ds ✓ ", text, flags=re.MULTILINE))
        assert played(text) >= STEPS_AT_LEAST
        assert "7822/VPCP-VP" in _said(["/bin/sh", "-c", text.splitlines()[-1]])
    finally:
        platform = psutil.Process(int(stays[1]))
        platform.terminate()
        platform.wait(60)


@pytest.mark.parametrize("kind", FILES)
def test_the_journey_of_a_file(tmp_path: Path, kind: str) -> None:
    """A file of each kind makes its journey: its agencies are registered, every step is confirmed."""
    file = tmp_path / f"{kind}.edxml"
    file.write_bytes(b"".join(edxml.write(FILES[kind], edxml.MemorySpools())))
    printed = io.StringIO()
    play_file(Console(file=printed, width=200), file, tmp_path / "data", keep=False)
    assert played(printed.getvalue()) >= 4


def test_a_file_that_is_refused(tmp_path: Path) -> None:
    """A file that cannot be read is refused with its place, before any platform is started."""
    file = tmp_path / "broken.edxml"
    file.write_bytes(b"<edXML>")
    with pytest.raises(StoryError, match="line 1"):
        play_file(Console(file=io.StringIO()), file, tmp_path / "data", keep=False)
    assert not (tmp_path / "data").exists()
