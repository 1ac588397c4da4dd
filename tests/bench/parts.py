"""Parts measured by themselves: the codec, the verification of signatures."""

import hashlib
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import BinaryIO

from tests.bench.world import papers

from lienthong import edxml
from lienthong.demo.papers import signers
from lienthong.signing.verification.pades import PadesVerifier
from lienthong.signing.verification.report import FileState
from lienthong.signing.verification.trust import TrustConfig
from lienthong.testing.authority import DemoAuthority

CODEC_BYTES = 256 * 2**20
VERIFIED = 60

Row = tuple[str, str, str]
"""What, figure, conditions."""


class Repeated(BytesIO):
    """A file of one byte repeated, that takes no memory."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._place = 0
        self._piece = b"\x25" * (1 << 20)

    def read(self, size: int | None = -1, /) -> bytes:
        """Gives the next bytes."""
        left = self._size - self._place
        count = min(left, len(self._piece) if size is None or size < 0 else min(size, len(self._piece)))
        self._place += count
        return self._piece[:count]

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Goes somewhere."""
        self._place = offset if whence == 0 else self._size + offset
        return self._place


class _Nowhere:
    def write(self, data: bytes) -> int:
        return len(data)

    def finish(self) -> None:
        return None

    def discard(self) -> None:
        return None


class Nothing:
    """Spools that keep nothing."""

    def open(self) -> edxml.Spool:
        """A place that forgets."""
        return _Nowhere()

    def reader(self, _handle: object) -> BinaryIO:
        """Nothing comes back."""
        return BytesIO()


def codec() -> list[Row]:
    """Reads and writes a file with one large attachment."""
    rendition = edxml.plan(large_document(CODEC_BYTES))
    begun = time.process_time()
    size = sum(len(piece) for piece in edxml.render(rendition, lambda _ordinal: Repeated(CODEC_BYTES)))
    written = time.process_time()
    edxml.read(edxml.render(rendition, lambda _ordinal: Repeated(CODEC_BYTES)), Nothing())
    read = time.process_time() - written
    written -= begun
    condition = f"{CODEC_BYTES >> 20} MiB attachment, one process, CPU time"
    return [
        ("codec write", f"{size / written / 1e6:,.0f} MB/s", condition),
        ("codec read", f"{size / max(read - written, 1e-9) / 1e6:,.0f} MB/s", condition),
    ]


def large_document(size: int, sender: str = "G22", recipient: str = "H29", number: int = 1) -> edxml.Document:
    """Makes a document with one attachment of a size, between two agencies of `world`."""
    digest, crc = hashlib.sha256(), 0
    for piece in _pieces(Repeated(size)):
        digest.update(piece)
        crc = zlib.crc32(piece, crc)
    content = edxml.ContentRef(size, digest.hexdigest(), crc)
    return edxml.Document(
        sender=edxml.Organization(f"000.00.00.{sender}"),
        recipients=(edxml.Organization(f"000.00.00.{recipient}"),),
        document_id=f"bench-large-{number}",
        code=edxml.DocumentCode(str(number), "BENCH"),
        subject="Tệp lớn",
        attachments=(edxml.Attachment("1", "ban-do.pdf", content),),
    )


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: source.read(1 << 20), b"")


def signatures() -> list[Row]:
    """Verifies signed PDFs in this process, as a child does: with what it remembers from the file before."""
    now = datetime.now(UTC)
    authority = DemoAuthority.create(now)
    trust = TrustConfig(
        anchors=(authority.root.der,),
        intermediates=(authority.intermediate.der,),
        crls=authority.revocation_lists(now - timedelta(hours=1)),
    )
    who = signers(authority, "Lê Mạnh Hà", "Văn phòng Chính phủ", "0100110011")
    verifier = PadesVerifier(trust)
    return [
        _verified(verifier, papers(who, VERIFIED), "one signature"),
        _verified(verifier, papers(who, VERIFIED, twice=True), "two signatures"),
    ]


def _verified(verifier: PadesVerifier, files: list[bytes], what: str) -> Row:
    now = datetime.now(UTC)
    if verifier.verify(BytesIO(files[0]), now).overall is not FileState.VALID:
        raise AssertionError("only valid files are measured")
    begun = time.process_time()
    for file in files:
        verifier.verify(BytesIO(file), now)
    rate = len(files) / (time.process_time() - begun)
    return (f"PAdES verification, {what}", f"{rate:,.0f} a second", "100 KB, two CRLs, one process, CPU time")
