"""Verifies every signature of a PDF file (PAdES, and what Adobe made before it) and says what was found.

What is checked for each signature: that the signed bytes are unchanged, that the signature belongs to the
certificate, that the certificate's chain leads to a trust anchor and was in force and not revoked at the time judged
for, that algorithms are not weak, that the signature covers its whole revision, and that everything appended later
is of a kind that the signature permits (later signatures, time stamps, validation data, form filling).

Time: certificates are judged for the earliest trusted time that proves the signature existed, which is its own time
stamp or a document time stamp over it; else for the time of verification. A chain of document time stamps is walked
from the last to the first, each proved by the one after it (long-term archival form). The claimed time proves nothing.

The network is never used: what would have to wait for it is an error (:func:`_finish`).
"""

from __future__ import annotations

import errno
import io
import logging
import re
from typing import TYPE_CHECKING, Any, BinaryIO

from pyhanko.pdf_utils.crypt import AuthStatus, StandardSecurityHandler
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from lienthong.signing.verification import (
    certificates,
    doubles,
    evidence,
    hexreader,
    lengths,
    names,
    objects,
    paths,
    revisions,
    tokens,
    usages,
)
from lienthong.signing.verification.beginnings import HEADER_BYTES, before_pdf, may_be_pdf
from lienthong.signing.verification.faults import FAULTS
from lienthong.signing.verification.judge import Judge
from lienthong.signing.verification.lines import line
from lienthong.signing.verification.places import places_of
from lienthong.signing.verification.report import (
    FileReport,
    FileState,
    Problem,
    SignatureReport,
    file_state,
)
from lienthong.signing.verification.trust import TrustStore

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from datetime import datetime
    from pathlib import Path

    from lienthong.signing.verification.places import Places
    from lienthong.signing.verification.trust import TrustConfig

_REMEDIES = (hexreader, tokens, objects, usages, revisions, lengths, names, certificates, paths)
"""What makes pyHanko and its libraries faster without changing what they find."""
_IN_MEMORY = 32 * 1024 * 1024
"""Bytes. Smaller files are read whole: thousands of small reads cost less there."""
_TAIL = 4096
"""Bytes in which the end of the last revision must be found."""
_ENDING = re.compile(rb"startxref\s+(\d{1,19})\s+%%EOF[\s\x00]*\Z")
_SIGNATURES = frozenset({"/adbe.pkcs7.detached", "/ETSI.CAdES.detached", "/PBAD.PAdES"})
_TIMESTAMPS = frozenset({"/ETSI.RFC3161"})


class PadesVerifier:
    """Verifies files against one configuration. For one thread at a time; keep it, it holds everything parsed.

    Raises:
        ValueError: The configuration holds a certificate or list that is not valid DER.
    """

    def __init__(self, config: TrustConfig) -> None:
        for remedy in (*_REMEDIES, doubles):
            remedy.install()
        # What matters is in the report; pyHanko would also log each finding with a traceback.
        for library in ("pyhanko", "pyhanko_certvalidator"):
            logging.getLogger(library).setLevel(logging.CRITICAL)
        self._config = config
        self._store = TrustStore(config)

    def verify_path(self, path: Path, at: datetime) -> FileReport:
        """Verify the file at ``path`` as of ``at`` (aware); raises OSError when it cannot be read."""
        with path.open("rb") as stream:
            size = stream.seek(0, io.SEEK_END)
            stream.seek(0)
            small = size <= min(_IN_MEMORY, self._config.largest_file)
            return self.verify(io.BytesIO(stream.read()) if small else stream, at)

    def verify(self, stream: BinaryIO, at: datetime) -> FileReport:
        """Verify a PDF as of ``at`` (aware); raises OSError when it cannot be read. Never for what is in the file."""
        size = stream.seek(0, io.SEEK_END)
        if size > self._config.largest_file:
            return FileReport(FileState.TOO_LARGE, at, detail=f"{size} bytes")
        stream.seek(0)
        beginning = stream.read(HEADER_BYTES)
        if not may_be_pdf(beginning):
            return FileReport(FileState.NOT_A_PDF, at)
        try:
            _insist_on_beginning(beginning)
            return self._verify_pdf(stream, at)
        except PdfError as error:
            return FileReport(FileState.DAMAGED, at, detail=line(str(error)))
        except OSError as error:
            # A place that no file can have stands in the file; everything else is the disk's.
            if error.errno != errno.EINVAL:
                raise
            return FileReport(FileState.DAMAGED, at, detail=line(str(error)))
        # A hostile file can make the reader fail in any way; it must not take others down with it.
        except FAULTS as error:
            return FileReport(FileState.DAMAGED, at, detail=line(f"{type(error).__name__}: {error}"))

    def _verify_pdf(self, stream: BinaryIO, at: datetime) -> FileReport:
        # Not strict: word processors write hybrid cross-references and other small faults into honest files.
        reader = PdfFileReader(stream, strict=False)
        if reader.encrypted and not _opens(reader):
            return FileReport(FileState.ENCRYPTED, at)
        fields = list(enumerate_sig_fields(reader))
        found = [one for one in fields if one[1] is not None]
        if len(found) > self._config.most_signatures:
            return FileReport(FileState.TOO_LARGE, at, detail=f"{len(found)} signatures")
        signatures = self._report(reader, found, places_of(fields), at)
        return FileReport(file_state(signatures), at, signatures)

    def _report(
        self, reader: PdfFileReader, found: list[Any], places: Places, at: datetime
    ) -> tuple[SignatureReport, ...]:
        readable: list[EmbeddedPdfSignature] = []
        unreadable: list[SignatureReport] = []
        for name, value, field in found:
            problem, signature = _read(reader, name, value, field)
            if signature is None:
                unreadable.append(SignatureReport(line(name), problems=(problem,)))
            else:
                readable.append(signature)
        readable.sort(key=lambda signature: signature.signed_revision)
        proofs = evidence.of_file(reader, readable)
        judge = Judge(self._store, proofs, at, places, tail_explained=_tail_explained(reader))
        judged = [_finish(judge.report(signature)) for signature in reversed(readable)]
        return (*reversed(judged), *unreadable)


def _insist_on_beginning(beginning: bytes) -> None:
    # A reader passes over them: places in the file and ranges of signatures then have two beginnings.
    if before := before_pdf(beginning):
        raise PdfError(f"{before} bytes stand before %PDF, which nobody signed")


def _opens(reader: PdfFileReader) -> bool:
    """Tell whether a file opens without a password: those do that only ask readers not to print or copy them."""
    locked = isinstance(reader.security_handler, StandardSecurityHandler)
    return locked and reader.decrypt(b"").status is not AuthStatus.FAILED


def _read(reader: PdfFileReader, name: str, value: Any, field: Any) -> tuple[Problem, EmbeddedPdfSignature | None]:
    """Read one signature; pyHanko's own collector leaves out the ones it does not know, we report them."""
    try:
        subfilter = value.get_object().get("/SubFilter", None)
        if subfilter not in _SIGNATURES | _TIMESTAMPS:
            return Problem.UNSUPPORTED_FORMAT, None
        signature = EmbeddedPdfSignature(reader, field, name)
        signature.signer_cert  # noqa: B018 - reads the certificates: a signature without its signer's is malformed
    # The content is hostile: asn1crypto and pyHanko answer it with whatever broke first.
    except Exception:  # noqa: BLE001
        return Problem.MALFORMED, None
    return Problem.MALFORMED, signature


def _tail_explained(reader: PdfFileReader) -> bool:
    """Tell whether the file ends where its last revision ends, blanks aside."""
    stream = reader.stream
    stream.seek(0, io.SEEK_END)
    stream.seek(max(0, stream.tell() - _TAIL))
    ending = _ENDING.search(stream.read())
    return ending is not None and int(ending[1]) == reader.last_startxref


def _finish(work: Coroutine[Any, Any, SignatureReport]) -> SignatureReport:
    """Run a coroutine of pyHanko that has nothing to wait for; waiting would mean the network."""
    try:
        work.send(None)
    except StopIteration as done:
        report: SignatureReport = done.value
        return report
    work.close()
    raise RuntimeError("verification tried to wait for something outside the file and the configuration")
