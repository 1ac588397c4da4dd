"""The pass over the bytes of a file: expat reads the markup, payload texts go past it.

Expat runs without namespace processing, so a name is taken literally and an unbound prefix is no error (files
of the shipped library's users have them). A payload text is plain characters up to the next `<` or `&`: it is
found with a byte search and never parsed, which is five times as fast. Payloads written otherwise (CDATA,
character references) go through the parser with the same result.
"""

from __future__ import annotations

import codecs
import pyexpat
from typing import TYPE_CHECKING, Protocol

from lienthong.edxml.findings import EdxmlError, Reason
from lienthong.edxml.outside import Outside
from lienthong.edxml.position import Position
from lienthong.edxml.problems import over_limit, refuse

if TYPE_CHECKING:
    from lienthong.edxml.limits import Limits

PAYLOAD = "ContentTransferEncoded"
_NEEDLE = PAYLOAD.encode()
_PIECE = 1 << 20
# A start tag cut by the end of a chunk waits for its rest up to this size, so that tags are parsed whole.
_HELD = 8192
_OPENING = 4
_BOM = b"\xef\xbb\xbf"
_ZIP = b"PK\x03\x04"
_UNDECODED = {
    pyexpat.errors.codes[pyexpat.errors.XML_ERROR_INVALID_TOKEN],
    pyexpat.errors.codes[pyexpat.errors.XML_ERROR_PARTIAL_CHAR],
}
_DECLARED_WRONGLY = pyexpat.errors.codes[pyexpat.errors.XML_ERROR_INCORRECT_ENCODING]
_ASCII = 0x80
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<", b"\x00\x00")


class Events(Protocol):
    """What is told of a file, in its order."""

    def declared(self, encoding: str, used: str) -> None:
        """The XML declaration names an encoding; `used` is the one that the bytes are read in."""

    def start(self, name: str, attributes: list[str]) -> bool:
        """An element starts; attributes are names and values in turn. True when its text is a payload."""

    def end(self) -> None:
        """The innermost element ends."""

    def text(self, text: str) -> None:
        """Characters, in any number of pieces."""

    def payload(self, data: bytes) -> None:
        """Bytes of a payload text, in any number of pieces."""


class Scanner:
    """Feeds a file to an `Events`. All errors are `EdxmlError` with line and column."""

    def __init__(self, events: Events, limits: Limits) -> None:
        self._events = events
        self._limits = limits
        self.outside = Outside(limits)
        self._position = Position()
        self._parser = self._new_parser()
        self._held = b""
        self._seen = 0
        self._quiet = 0
        self._begun = False
        self._marked = False
        self._misnamed = ""
        self._lines: list[str] = []
        self._in_payload = False
        self._fresh = False
        self._just_started = False
        self._past_parser = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the file, any number of them."""
        for start in range(0, len(chunk), _PIECE):
            self._feed(chunk[start : start + _PIECE])

    def close(self) -> None:
        """The file is complete."""
        data, self._held = self._held, b""
        if self._seen < _OPENING:
            self._check_opening(data)
        self._parse(data, final=True)

    def place(self) -> tuple[int, int]:
        """Line and column of the current event, from 1."""
        return self._position.place(self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber)

    def offset(self) -> int:
        """Where the current event stands among the bytes kept outside the payloads."""
        return self.outside.at(self._parser.CurrentByteIndex)

    def _feed(self, chunk: bytes) -> None:
        known = self._seen
        self._seen += len(chunk)
        if self._seen > self._limits.file_bytes:
            raise over_limit("file_bytes", self._limits.file_bytes, "")
        data, self._held = self._held + chunk, b""
        if known < _OPENING:
            if self._seen < _OPENING:
                self._held = data
                return
            self._check_opening(data)
        self._run(data)

    def _run(self, data: bytes) -> None:
        position = 0
        while position < len(data):
            position = self._pass_by(data, position) if self._past_parser else self._advance(data, position)

    def _pass_by(self, data: bytes, start: int) -> int:
        """Hand the plain characters from `start` on to the payload; the position of the next markup."""
        mark = data.find(b"<", start)
        stop = len(data) if mark < 0 else mark
        reference = data.find(b"&", start, stop)
        if reference >= 0:
            stop = reference
        self._past_parser = mark < 0 and reference < 0
        if stop > start:
            text = data[start:stop]
            self._events.payload(text)
            self._position.skip(text, self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber)
        return stop

    def _advance(self, data: bytes, start: int) -> int:
        """Parse up to a payload's start tag, or all that ends in no unfinished tag; the position reached."""
        needle = data.find(_NEEDLE, start)
        stop = data.find(b">", needle) + 1 if needle >= 0 else 0
        if not stop:
            stop = self._hold_back(data, start)
        self._just_started = False
        self._parse(data[start:stop])
        # Only right behind the start tag is it certain that the parser holds no unfinished piece of the text.
        self._past_parser = self._just_started and self._fresh
        return len(data) if self._held else stop

    def _hold_back(self, data: bytes, start: int) -> int:
        mark = data.rfind(b"<", start)
        if mark < 0 or len(data) - mark > _HELD or data.find(b">", mark) >= 0:
            return len(data)
        self._held = data[mark:]
        return mark

    def _parse(self, piece: bytes, *, final: bool = False) -> None:
        self._quiet += len(piece)
        self.outside.begin(piece)
        try:
            self._parser.Parse(piece, final)
        except pyexpat.ExpatError as error:
            raise self._malformed(error) from error
        except (LookupError, ValueError) as error:
            # Before the first element this is the declared encoding; later it is somebody else's error.
            if self._begun:
                raise
            raise refuse(Reason.XML_ENCODING, "", (1, 1), found=str(error)) from error
        self.outside.end()
        self._flush()
        if self._quiet > self._limits.token_bytes + _PIECE:
            raise over_limit("token_bytes", self._limits.token_bytes, "", self.place())

    def _malformed(self, error: pyexpat.ExpatError) -> EdxmlError:
        place = self._position.place(error.lineno, error.offset)
        if error.code == _DECLARED_WRONGLY:
            rule = "the declaration names the encoding that the bytes are in"
            return refuse(Reason.XML_ENCODING, "", place, rule=rule)
        byte = self.outside.fed(self._parser.ErrorByteIndex) if error.code in _UNDECODED else 0
        if byte < _ASCII:
            return refuse(Reason.XML_MALFORMED, "", place, found=pyexpat.ErrorString(error.code))
        if self._misnamed:
            rule = "the declaration calls the encoding UTF-8"
            return refuse(Reason.XML_ENCODING, "", place, found=self._misnamed, rule=rule)
        return refuse(Reason.XML_ENCODING, "", place, found=f"byte {byte:02X}")

    def _new_parser(self, encoding: str | None = None) -> pyexpat.XMLParserType:
        parser = pyexpat.ParserCreate(encoding)
        parser.ordered_attributes = True
        parser.XmlDeclHandler = self._on_declaration
        parser.StartDoctypeDeclHandler = self._on_doctype
        parser.StartElementHandler = self._on_start
        parser.EndElementHandler = self._on_end
        parser.CharacterDataHandler = self._on_text
        parser.CommentHandler = self._on_other
        parser.ProcessingInstructionHandler = self._on_other
        parser.StartCdataSectionHandler = self._on_other
        parser.EndCdataSectionHandler = self._on_other
        return parser

    def _event(self) -> None:
        self._quiet = 0
        if self._fresh:
            self._fresh = False
            self.outside.open_cut(self._parser.CurrentByteIndex)

    def _on_declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self._event()
        if encoding and not self._marked and _is_misnamed(encoding):
            self._misnamed = encoding
        named = encoding or "UTF-8"
        self._events.declared(named, "UTF-8" if self._marked else named)

    def _on_doctype(self, name: str, *_rest: object) -> None:
        raise refuse(Reason.XML_DOCTYPE, "", self.place(), found=name)

    def _on_start(self, name: str, attributes: list[str]) -> None:
        self._event()
        self._begun = True
        self._fresh = self._in_payload = self._just_started = self._events.start(name, attributes)

    def _on_end(self, _name: str) -> None:
        self._event()
        if self._in_payload:
            self._flush()
            self.outside.close_cut(self._parser.CurrentByteIndex)
            self._in_payload = False
        self._events.end()

    def _on_text(self, text: str) -> None:
        self._event()
        if self._in_payload:
            # The parser gives one call for each line: joined, they are decoded at a bearable price.
            self._lines.append(text)
        else:
            self._events.text(text)

    def _flush(self) -> None:
        if self._lines:
            text = "".join(self._lines)
            self._lines.clear()
            self._events.payload(text.encode(errors="surrogatepass"))

    def _on_other(self, *_details: object) -> None:
        self._event()

    def _check_opening(self, data: bytes) -> None:
        if data.startswith(_ZIP):
            raise refuse(Reason.FILE_IS_ZIP, "", (1, 1))
        if data.startswith(_WIDE):
            raise refuse(Reason.XML_ENCODING, "", (1, 1), found="UTF-16 or UTF-32")
        if data.startswith(_BOM):
            # The mark is in the bytes themselves: it is believed before a declaration that names another encoding.
            self._marked = True
            self._parser = self._new_parser("UTF-8")
        lead = data.removeprefix(_BOM)[:_OPENING]
        if lead.strip() and not lead.lstrip().startswith(b"<"):
            rule = "nothing stands before the XML declaration"
            raise refuse(Reason.XML_MALFORMED, "", (1, 1), found=lead.decode(errors="replace"), rule=rule)


def _is_misnamed(encoding: str) -> bool:
    """Whether a name means UTF-8 to people only: expat then takes each byte for a character of its own."""
    try:
        return encoding.upper() != "UTF-8" and codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False
