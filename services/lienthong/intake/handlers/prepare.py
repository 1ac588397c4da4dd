"""From what was handed in to a document: parsed, contents spooled, nothing stored."""

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from lienthong import edxml
from lienthong.chassis.documents import document_of
from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.errors import AxisError, Code, Violation, invalid
from lienthong.chassis.times import from_date
from lienthong.common.v1 import document_pb2
from lienthong.common.v1.document_pb2 import DocumentHeader
from lienthong.edxml.times import YEARS
from lienthong.intake.config import IntakeSection
from lienthong.intake.domain import Problem, from_codec
from lienthong.intake.handlers.contents import BlobSpools, UploadedContent, drop
from lienthong.intake.handlers.typed import target_problems
from lienthong.intake.reading_child import Outcome

_STATUS_AT_INTAKE = Problem(
    "STATUS_AT_INTAKE",
    "MessageHeader/StatusCode",
    "this is a status message, and intake accepts documents",
    "Hand it to Workflow.ReportStatuses (`lienthong status report --file`).",
)
_KIND_MISSING = Problem(
    "KIND_MISSING",
    "document.header.kind",
    "a document says what it does to earlier ones",
    "Give NEW, UPDATE or REPLACEMENT; take a document back with RecallDocument.",
)
_PRIORITIES = range(5)
_KINDS = frozenset(document_pb2.DocumentKind.values()) - {document_pb2.DOCUMENT_KIND_UNSPECIFIED}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that was read, its contents spooled.

    Attributes:
        document: The document.
        findings: What was read with tolerance.
        received_sha256: Hash of the file as received, hex; empty for a document given in types.
        received_size: Its length in bytes.
        outside: Its bytes outside the payloads, compressed.
        typed: Whether it was given in types.
    """

    document: edxml.Document
    findings: tuple[edxml.Finding, ...] = ()
    received_sha256: str = ""
    received_size: int = 0
    outside: bytes = field(default=b"", repr=False)
    typed: bool = False


class RefusedError(Exception):
    """What was handed in cannot become a document.

    Attributes:
        problems: All of them.
        header: What its header says, if that much could be read.
    """

    def __init__(self, problems: Sequence[Problem], header: Prepared | None = None) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = tuple(problems)
        self.header = header

    def told(self) -> AxisError:
        """Makes the error that the caller is told."""
        return refusal(self.problems)


@dataclass(frozen=True, slots=True)
class TypedAttachment:
    """An attachment of a document given in types: its content, or the upload that holds it."""

    name: str
    description: str
    data: bytes
    upload: UploadedContent | None = None
    size: int = 0
    sha256: str = ""


def prepare_edxml(source: Iterator[bytes], blobs: BlobStore, section: IntakeSection) -> Prepared:
    """Reads an edXML file as a stream.

    Raises:
        RefusedError: With every problem that could be seen.
        AxisError: RESOURCE_EXHAUSTED when the disk is full.
    """
    digest, size = hashlib.sha256(), 0
    reader = edxml.Reader(BlobSpools(blobs), limits_of(section))
    try:
        for piece in source:
            digest.update(piece)
            size += len(piece)
            reader.feed(piece)
        result = reader.close()
    except edxml.EdxmlError as error:
        header = Prepared(reader.message) if isinstance(reader.message, edxml.Document) else None
        raise RefusedError([from_codec(problem) for problem in error.problems], header) from error
    except BaseException:
        # The source broke, not the file: what was spooled so far belongs to nobody.
        reader.abort()
        raise
    if not isinstance(result.message, edxml.Document):
        raise RefusedError([_STATUS_AT_INTAKE])
    outside = zlib.compress(result.outside) if result.outside is not None else b""
    return Prepared(result.message, result.warnings, digest.hexdigest(), size, outside)


def prepared_by(outcome: Outcome) -> Prepared:
    """Takes over what a child process read.

    Raises:
        RefusedError: With every problem that could be seen.
    """
    if outcome.problems:
        header = Prepared(outcome.document) if outcome.document else None
        raise RefusedError([from_codec(problem) for problem in outcome.problems], header)
    if outcome.document is None:
        raise RefusedError([_STATUS_AT_INTAKE])
    return Prepared(outcome.document, outcome.findings, outcome.sha256, outcome.size, outcome.outside)


def prepare_typed(
    header: DocumentHeader, attachments: Sequence[TypedAttachment], blobs: BlobStore, section: IntakeSection
) -> Prepared:
    """Builds a document from types.

    Raises:
        RefusedError: With every problem of its fields.
        AxisError: RESOURCE_EXHAUSTED when the disk is full.
    """
    problems = field_problems(header, [one.name for one in attachments], section)
    if problems:
        raise RefusedError(problems, header_alone(header))
    spools = BlobSpools(blobs)
    attached: list[edxml.Attachment] = []
    try:
        for number, one in enumerate(attachments, 1):
            attached.append(_attachment(number, one, spools))
        return Prepared(document_of(header, attached), typed=True)
    except BaseException:
        drop(blobs, attached)
        raise


def field_problems(header: DocumentHeader, attachments: Sequence[str], section: IntakeSection) -> list[Problem]:
    """Tells what is wrong with the fields of a document in types; of attachments it takes the names."""
    return [*_header_problems(header), *_attachment_problems(attachments, section)]


def completed(prepared: Prepared, sender: edxml.Organization, document_id: str) -> Prepared:
    """Fills in what a typed document may leave open: who sends, and the DocumentId."""
    document = prepared.document
    return replace(
        prepared,
        document=replace(
            document,
            sender=document.sender if document.sender.organ_id else sender,
            document_id=document.document_id or document_id,
        ),
    )


def limits_of(section: IntakeSection) -> edxml.Limits:
    """Gives the codec's limits."""
    return edxml.Limits(attachments=section.attachments, attachment_bytes=section.attachment_bytes)


def refusal(problems: Sequence[Problem]) -> AxisError:
    """Makes the error that tells a caller of problems."""
    violations = [
        Violation(one.path, one.reason, one.rule, one.remedy, one.found, one.line, one.column) for one in problems
    ]
    if len(problems) == 1:
        return invalid(problems[0].reason, violations[0].text(), *violations)
    text = f"the document has {len(problems)} problems; the first: {violations[0].text()}"
    return AxisError(Code.INVALID_ARGUMENT, "DOCUMENT_INVALID", text, {}, violations)


def header_alone(header: DocumentHeader) -> Prepared | None:
    """Builds a document without attachments, to be judged; None when the header is none."""
    try:
        return Prepared(document_of(header, ()), typed=True)
    except (KeyError, ValueError):
        return None  # its kind or one of its dates is none


def _header_problems(header: DocumentHeader) -> Iterator[Problem]:
    if header.kind not in _KINDS:
        yield _KIND_MISSING
    yield from target_problems(header)
    if header.priority not in _PRIORITIES:
        rule = "urgency is 0 (normal) to 4 (hỏa tốc hẹn giờ)"
        yield Problem("PRIORITY_INVALID", "document.header.priority", rule, "Give one of these.", str(header.priority))
    for name in ("promulgation_amount", "page_amount"):
        if getattr(header, name) < 0:
            rule, found = "a number of copies or pages is 0 (not given) or more", str(getattr(header, name))
            yield Problem("NUMBER_INVALID", f"document.header.{name}", rule, "Give their number.", found)
    yield from _date_problems(header)


def _date_problems(header: DocumentHeader) -> Iterator[Problem]:
    days = {"document.header.promulgation_date": header.promulgation_date, "document.header.due_date": header.due_date}
    days |= {
        f"document.header.response_for[{number}].promulgation_date": answer.promulgation_date
        for number, answer in enumerate(header.response_for)
    }
    for path, message in days.items():
        try:
            day = from_date(message)
        except ValueError as error:
            yield Problem("DATE_INVALID", path, f"a date does not exist: {error}", "Give a day of the calendar.")
        else:
            # A recipient's software, and our own, would read another year as no date at all.
            if day is not None and day.year not in YEARS:
                rule = f"a date lies in the years {YEARS.start} to {YEARS.stop - 1}"
                yield Problem("DATE_INVALID", path, rule, "Give a day of the calendar.", day.isoformat())


def _attachment_problems(attachments: Sequence[str], section: IntakeSection) -> Iterator[Problem]:
    if len(attachments) > section.attachments:
        rule = f"a document has at most {section.attachments} attachments"
        yield Problem(
            "ATTACHMENTS_TOO_MANY", "document.attachments", rule, "Send several documents.", str(len(attachments))
        )
    for number, name in enumerate(attachments):
        if not name.strip():
            rule = "an attachment has the name that its recipient sees"
            yield Problem(
                "ATTACHMENT_NAME_MISSING", f"document.attachments[{number}].name", rule, "Give its file name."
            )


def _attachment(number: int, one: TypedAttachment, spools: BlobSpools) -> edxml.Attachment:
    content_id = f"cid:{number}"
    if one.upload is not None:
        content = edxml.ContentRef(one.size, one.sha256, _crc32(spools, one.upload), one.upload)
    else:
        spool = spools.open()
        spool.write(one.data)
        digest = hashlib.sha256(one.data).hexdigest()
        content = edxml.ContentRef(len(one.data), digest, zlib.crc32(one.data), spool.finish())
    return edxml.Attachment(content_id.removeprefix("cid:"), one.name, content, one.description)


def _crc32(spools: BlobSpools, upload: UploadedContent) -> int:
    value = 0
    with spools.reader(upload) as stream:
        while piece := stream.read(1 << 20):
            value = zlib.crc32(piece, value)
    return value
