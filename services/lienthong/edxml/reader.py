"""Reading edXML: a push parser that holds nothing of the payloads."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

from lienthong.edxml.attachments import Gathering
from lienthong.edxml.builder import Builder
from lienthong.edxml.findings import Code, EdxmlError, Finding
from lienthong.edxml.limits import Limits
from lienthong.edxml.model import Message, Status
from lienthong.edxml.report import Report, Unread
from lienthong.edxml.scanner import Scanner
from lienthong.edxml.signature import carriable, self_contained
from lienthong.edxml.structure import SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lienthong.edxml.spools import Spools

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A file as read.

    `outside` holds the bytes of the file outside the payload texts as they came, None in the rare case that
    they could not be told apart (a finding says so); `gaps` are the offsets in it where payload texts stood.
    `unread` lists elements that have no place in the model.
    """

    message: Message
    warnings: tuple[Finding, ...]
    unread: tuple[Unread, ...]
    outside: bytes | None
    gaps: tuple[int, ...]


class Reader:
    """Reads one file that is pushed in pieces of any size.

    Problems of the header and of attachments are raised together by `close`; a file that is not well-formed, goes
    beyond a limit or has a DOCTYPE is refused at once, with what was found before. After an error, or `abort`,
    everything written to spools has been discarded. Memory is bounded by `limits`.
    """

    def __init__(self, spools: Spools, limits: Limits | None = None) -> None:
        bounds = limits or Limits()
        self._report = Report(bounds)
        self._gathering = Gathering(spools, bounds, self._report)
        self._builder = Builder(self._gathering, bounds, self._report)
        self._scanner = Scanner(self._builder, bounds)
        self._builder.attach(self._scanner)
        self._ended = False

    @property
    def message(self) -> Message | None:
        """The message without attachments and signature, from the end of its header on; None before, or refused."""
        return self._builder.message

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the file.

        Raises:
            EdxmlError: the file is refused.
            ValueError: the reader has ended, by an error, `abort` or `close`.
        """
        with self._going_on():
            self._scanner.feed(chunk)

    def close(self) -> ReadResult:
        """The file is complete.

        Raises:
            EdxmlError: the file is refused.
            ValueError: the reader has ended already.
        """
        with self._going_on():
            result = self._finish()
        self._ended = True
        return result

    def abort(self) -> None:
        """Stop and discard all contents written so far; harmless when repeated or after an error."""
        self._ended = True
        self._gathering.discard()

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        if self._ended:
            raise ValueError("this reader has ended; make a new one for another file")
        try:
            yield
        except EdxmlError as error:
            self.abort()
            earlier = tuple(self._report.problems)
            if error.problems == earlier:
                raise
            raise EdxmlError((*earlier, *error.problems)) from error
        except BaseException:
            self.abort()
            raise

    def _finish(self) -> ReadResult:
        self._scanner.close()
        outside = self._scanner.outside
        message = self._builder.finish()
        message = self._completed(message, outside.slice(0, None))
        if not outside.exact:
            self._report.find(Code.OUTSIDE_NOT_KEPT, "")
        report = self._report
        return ReadResult(message, tuple(report.findings), tuple(report.unread), outside.content(), tuple(outside.gaps))

    def _completed(self, message: Message | None, outside: bytes) -> Message:
        if message is None:
            self._gathering.settle()
            raise AssertionError("a refused header settles")
        if isinstance(message, Status):
            if self._gathering.encoded or self._gathering.references:
                self._report.find(Code.STATUS_WITH_ATTACHMENTS, "", str(len(self._gathering.encoded)))
                self._gathering.discard()
            return message
        signature = self._signature(outside)
        return replace(message, signature_xml=signature, attachments=self._gathering.settle())

    def _signature(self, outside: bytes) -> bytes:
        mark = self._builder.signature
        if mark is None:
            return b""
        path = f"edXMLHeader/{SIGNATURE}"
        xml = self_contained(mark.cut(outside), self._builder.encoding, mark.scope)
        self._report.find(Code.SIGNATURE_NOT_VERIFIABLE, path)
        if not carriable(xml):
            self._report.find(Code.SIGNATURE_NOT_CARRIED, path)
        return xml


def read(source: Iterable[bytes] | BinaryIO, spools: Spools, limits: Limits | None = None) -> ReadResult:
    """Read a whole file from pieces or from a binary stream.

    Raises:
        EdxmlError: the file is refused; nothing is left in the spools.
    """
    reader = Reader(spools, limits)
    try:
        for chunk in _chunks(source):
            reader.feed(chunk)
        return reader.close()
    except BaseException:
        reader.abort()
        raise


def _chunks(source: Iterable[bytes] | BinaryIO) -> Iterable[bytes]:
    # A binary stream is also an iterable, of lines: a line of base64 may be as long as the file.
    if hasattr(source, "read"):
        return iter(lambda: source.read(_BLOCK), b"")
    return source
