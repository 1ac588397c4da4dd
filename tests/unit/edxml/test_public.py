"""What others rely on: names, and values that are stored."""

from __future__ import annotations

import ast
from pathlib import Path

from lienthong import edxml
from lienthong.edxml import Code, Document, MemorySpools, Reason, fingerprint, read

NAMES = (
    "UNWRITABLE VIETNAM_TIME Attachment Business BusinessKind Code ContentRef Declared Document DocumentCode "
    "DocumentType EdxmlError FileSpools Finding Framing Limits MemorySpools Message Organization "
    "OtherInfo Problem PromulgationInfo ReadResult Reader Reason Receiver Rendition Replacement "
    "ResponseFor SignerInfo Splice Spool Spools Staff Status TraceHeader Unread fingerprint plan "
    "read render render_status safe_file_name write"
)


def test_public_names_are_pinned() -> None:
    """The public surface changes on purpose only."""
    assert edxml.__all__ == NAMES.split()
    assert all(hasattr(edxml, name) for name in edxml.__all__)


def test_reasons_and_codes_are_their_names() -> None:
    """Clients switch on these names: value and name are one."""
    for kind in (Code, Reason):
        assert all(member.name == member.value == member.value.upper() for member in kind)


def test_fingerprints_are_pinned(corpus: Path) -> None:
    """Fingerprints are stored as natural keys: the same document has the same one in every version."""
    message = read([(corpus / "canonical-document.edxml").read_bytes()], MemorySpools()).message
    assert isinstance(message, Document)
    assert fingerprint(message) == "81ce99a6da7db7f786e846e3e96b63a04d788d086cb37bd524baa23a76f19e53"


def test_the_codec_knows_no_service() -> None:
    """The package imports nothing of the project but itself."""
    folder = Path(edxml.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lienthong"):
                assert (node.module or "").startswith("lienthong.edxml"), path.name
