"""Shared material: the project's own corpus and a small document."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

import pytest

from lienthong.edxml import Attachment, ContentRef, Document, MemorySpools, Organization, write


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of files made for this project, one or more for each known deviation."""
    return Path(__file__).parents[2] / "corpus" / "edxml"


@pytest.fixture
def small_document() -> Document:
    """A document with one short attachment."""
    content = b"%PDF-1.7 made for a test"
    reference = ContentRef(len(content), hashlib.sha256(content).hexdigest(), zlib.crc32(content), content)
    return Document(
        sender=Organization("H90.01", "Sở Nội vụ"),
        recipients=(Organization("H91"),),
        document_id="H90.01,2026/03/02,1/SNV",
        attachments=(Attachment("a1", "một.pdf", reference),),
    )


@pytest.fixture
def small_file(small_document: Document) -> bytes:
    """The canonical file of the small document."""
    return b"".join(write(small_document, MemorySpools()))
