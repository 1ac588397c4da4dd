"""Judging a prepared document: sender, recipients, targets, all problems at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from lienthong import edxml
from lienthong.chassis.auth.caller import Caller
from lienthong.chassis.directory.model import Agency, Directory
from lienthong.chassis.documents import NAME_LENGTH, finding_messages, header_message
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.events.event import VALUE_BYTES_AT_MOST
from lienthong.chassis.renditions import PACKED_BYTES_AT_MOST
from lienthong.chassis.text import shorten
from lienthong.common.v1.document_pb2 import Finding
from lienthong.intake import storage
from lienthong.intake.domain import Addressed, Addressing, Problem, address, field_of, judge_sender, same_code
from lienthong.intake.handlers.prepare import Prepared

_SENDER = "MessageHeader/From/OrganId"
_TARGET = "TraceHeaderList/Bussiness"

HEADER_BYTES_AT_MOST = VALUE_BYTES_AT_MOST - PACKED_BYTES_AT_MOST - 16 * 1024
"""Header, recipients and names of attachments go to the other services in one event, with some facts of the axis."""
_RECIPIENT_BYTES = 60
"""What an event says of a recipient beyond its own words."""
_EARLIER_AT_MOST = 500
"""Documents that one may answer, or take the place of: each is looked up."""
_EARLIER_BYTES = 150
"""What an event says of an earlier document beyond what the header writes: which one the axis knows."""
_ATTACHMENT_BYTES = 400
"""What an event says of an attachment beyond its own words; the safe form of its name is bounded."""


@dataclass(frozen=True, slots=True)
class Target:
    """An earlier document that this one concerns.

    Attributes:
        document: Identifier; empty when the axis does not know it.
        document_id: As written.
        agencies: Recipients concerned; empty means all.
    """

    document: str
    document_id: str
    agencies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found about a prepared document.

    Attributes:
        problems: Why it is refused.
        foreign: The active agency in whose name it was handed in without right; None when there is none.
        sender_at: Where that agency is named: an element of edXML, or a field.
        warnings: What was read with tolerance.
        addressing: Who gets it.
        targets: Earlier documents that it updates, replaces or recalls.
        answered: Identifier of each earlier document that it says to answer; empty where the axis does not know it.
    """

    problems: tuple[Problem, ...]
    foreign: Agency | None
    sender_at: str
    warnings: tuple[Finding, ...]
    addressing: Addressing
    targets: tuple[Target, ...]
    answered: tuple[str, ...]

    @property
    def answers(self) -> tuple[str, ...]:
        """Identifiers of the earlier documents that it answers, as far as the axis knows them."""
        return tuple(dict.fromkeys(filter(None, self.answered)))

    @property
    def recalled(self) -> str:
        """Identifier of the document that a recall concerns; empty when the axis does not know it."""
        return self.targets[0].document if self.targets else ""

    def insist(self) -> None:
        """Lets only a sender pass that the caller may act for.

        Raises:
            AxisError: PERMISSION_DENIED.
        """
        if self.foreign is not None:
            raise AxisError(
                Code.PERMISSION_DENIED,
                "SENDER_NOT_GRANTED",
                f"{self.sender_at} names {self.foreign.name}, for which this system may not act. "
                "Ask the operator for a grant, or correct the sender.",
            )


def judge(
    connection: Connection, prepared: Prepared, caller: Caller, directory: Directory, now: datetime, at_most: int
) -> Judgement:
    """Judges a document.

    Args:
        connection: For looking up earlier documents.
        prepared: The document.
        caller: Who hands it in.
        directory: This service's copy.
        now: For which time.
        at_most: Recipients, at most.
    """
    document = prepared.document
    agency = caller.acting()
    granted = directory.acts_for(caller.system, now)
    sender = judge_sender(document.sender.organ_id, agency, granted, directory, now)
    addressing = address(document.recipients, agency, directory, now, at_most)
    # With too many recipients a header is refused for them alone, and to measure it takes long.
    size = _size_problems(document, addressing) if len(document.recipients) <= at_most else []
    # What a header replaces that is too large anyway is not looked up, agency by agency.
    passed_over = bool(size) and document.kind is edxml.BusinessKind.REPLACE
    earlier = _earlier_problems(document)
    passed_over = passed_over or any(one.path == _TARGET for one in earlier)
    targets, target_warnings = ((), []) if passed_over else _targets(connection, document, caller.reach, directory, now)
    problems = [sender.problem] if sender.problem else []
    problems += addressing.problems + _kind_problems(document) + _length_problems(document)
    problems += size + earlier
    warnings = finding_messages(prepared.findings)
    warnings += [
        Finding(code=code, path=path, found=found, taken=taken) for code, path, found, taken in addressing.warnings
    ]
    warnings += target_warnings
    if prepared.typed:
        problems = [replace(one, path=field_of(one.path)) for one in problems]
        for warning in warnings:
            warning.path = field_of(warning.path)
    place = field_of(_SENDER) if prepared.typed else _SENDER
    answers = document.response_for if len(document.response_for) <= _EARLIER_AT_MOST else ()
    answered = tuple(_answered(connection, answer, directory, agency, now) for answer in answers)
    return Judgement(tuple(problems), sender.foreign, place, tuple(warnings), addressing, targets, answered)


def _kind_problems(document: edxml.Document) -> list[Problem]:
    if document.kind is not None:
        return []
    found = document.business.kind_text if document.business else ""
    rule = f"{found!r} is no kind of operation: 0 new, 1 recall, 2 update, 3 replacement"
    return [Problem("BUSINESS_KIND_UNKNOWN", f"{_TARGET}/BussinessDocType", rule, "Send one of the four.", found)]


def _length_problems(document: edxml.Document) -> list[Problem]:
    names = {
        "MessageHeader/DocumentId": document.document_id,
        "MessageHeader/Code/CodeNumber": document.code.number,
        "MessageHeader/Code/CodeNotation": document.code.notation,
    }
    rule = f"what a document is found by has at most {NAME_LENGTH} characters"
    return [
        Problem("IDENTIFIER_TOO_LONG", path, f"{rule}, this has {len(name)}", "Shorten it.", f"{name[:40]}…")
        for path, name in names.items()
        if len(name) > NAME_LENGTH
    ]


def _size_problems(document: edxml.Document, addressing: Addressing) -> list[Problem]:
    size = header_message(document).ByteSize() + sum(map(_told_bytes, addressing.recipients))
    size += sum(len(f"{one.name}{one.description}".encode()) + _ATTACHMENT_BYTES for one in document.attachments)
    size += len(document.response_for) * _EARLIER_BYTES
    size += sum(
        len(identifier.encode()) + _EARLIER_BYTES + len(codes) * _RECIPIENT_BYTES
        for identifier, codes in _written_targets(document)
    )
    if size <= HEADER_BYTES_AT_MOST:
        return []
    rule = f"what a document says outside its attachments has at most {HEADER_BYTES_AT_MOST} bytes for all recipients"
    remedy = "Put long texts into an attachment, or send it in parts."
    return [Problem("HEADER_TOO_LARGE", "MessageHeader", rule, remedy, str(size))]


def _earlier_problems(document: edxml.Document) -> list[Problem]:
    counts = {"MessageHeader/ResponseFor": len(document.response_for), _TARGET: len(_written_targets(document))}
    rule = f"a document names at most {_EARLIER_AT_MOST} earlier documents"
    return [
        Problem("HEADER_TOO_LARGE", path, f"{rule}, this {count}", "Send it in parts.", str(count))
        for path, count in counts.items()
        if count > _EARLIER_AT_MOST
    ]


def _told_bytes(one: Addressed) -> int:
    return len(f"{one.organization.organ_id}{one.organization.name}{one.group}".encode()) + _RECIPIENT_BYTES


def _targets(
    connection: Connection, document: edxml.Document, reach: Sequence[str], directory: Directory, now: datetime
) -> tuple[tuple[Target, ...], list[Finding]]:
    targets: list[Target] = []
    warnings: list[Finding] = []
    for identifier, codes in _written_targets(document):
        holders = {code: directory.known(code, now) for code in codes}
        strangers = [code for code, holder in holders.items() if holder is None]
        warnings += [
            _finding("TARGET_RECIPIENT_UNKNOWN", code, "no agency; nothing changes there") for code in strangers
        ]
        if codes and len(strangers) == len(holders):
            continue  # named for nobody, and that is not everybody
        found = _find(connection, document, identifier, reach)
        target = Target(
            found.id if found else "",
            identifier,
            tuple(dict.fromkeys(holder.id for holder in holders.values() if holder)),
        )
        targets.append(target)
        if not target.document and document.kind is not edxml.BusinessKind.RECALL:
            taken = "no document that was sent through the axis; it is delivered by itself"
            warnings.append(_finding("TARGET_UNKNOWN", identifier, taken))
    return tuple(targets), warnings


def _finding(code: str, found: str, taken: str) -> Finding:
    return Finding(code=code, path=_TARGET, found=shorten(found), taken=taken)


def _written_targets(document: edxml.Document) -> list[tuple[str, tuple[str, ...]]]:
    business = document.business
    if business is None or business.kind is edxml.BusinessKind.NEW:
        return []
    if business.kind is edxml.BusinessKind.RECALL:
        return [(document.document_id, ())]
    if business.kind is edxml.BusinessKind.UPDATE:
        return [(business.document_id or document.document_id, ())]
    merged: dict[str, list[str]] = {}
    for replacement in business.replacements:
        merged.setdefault(replacement.document_id, []).extend(replacement.organ_ids)
    return [(identifier, tuple(dict.fromkeys(codes))) for identifier, codes in merged.items()]


def _find(
    connection: Connection, document: edxml.Document, document_id: str, reach: Sequence[str]
) -> storage.StoredDocument | None:
    for agency in reach:
        found = storage.document_by_key(connection, agency, document_id)
        if found is not None:
            return found
    day, code = document.promulgation.promulgation_date, document.code
    if document.kind is edxml.BusinessKind.REPLACE or day is None or not code.number:
        return None
    return storage.document_by_code(connection, reach, code.number, code.notation, day.isoformat())


def _answered(
    connection: Connection, answer: edxml.ResponseFor, directory: Directory, agency: Agency, now: datetime
) -> str:
    holder = directory.known(answer.organ_id, now)
    if holder is None:
        return ""
    senders = tuple(dict.fromkeys((holder.id, *directory.mailboxes(holder.id, now))))
    for sender in senders:
        first = storage.document_by_key(connection, sender, answer.document_id)
        if first is not None and _received(first, agency, directory, now):
            return first.id
    number, _, notation = answer.code.partition("/")
    day = answer.promulgation_date.isoformat() if answer.promulgation_date else ""
    first = storage.document_by_code(connection, senders, number, notation, day) if number else None
    matches = first is not None and same_code(edxml.DocumentCode(number, notation), answer.code)
    return first.id if first is not None and matches and _received(first, agency, directory, now) else ""


def _received(first: storage.StoredDocument, agency: Agency, directory: Directory, now: datetime) -> bool:
    mine = directory.mailboxes(agency.id, now)
    return any(recipient.agency in mine for recipient in first.event.recipients)
