"""Rows of documents and of the reports on them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from lienthong.chassis.engines.rows import Rows
from lienthong.chassis.times import from_micros
from lienthong.signing.domain import Attachment, Conclusion, File, Parties, SizeClass
from lienthong.signing.storage.tables import documents, reports
from lienthong.signing.verification.phrases import Text
from lienthong.signing.verification.report import from_json, to_json
from lienthong.signing.verification.words import DocumentVerdict


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as signing knows it.

    Attributes:
        id: Its identifier.
        parties: Whose it is.
        attachments: Where its attachments stand.
        version: Number of the newest report, 0 for none.
    """

    id: str
    parties: Parties
    attachments: tuple[Attachment, ...]
    version: int


@dataclass(frozen=True, slots=True)
class NewReport:
    """A report to be kept.

    Attributes:
        document: Identifier of the document.
        version: Its number, from 1.
        conclusion: What was found out.
        trust: Fingerprint of the trust under which it was made.
        verified_at: When, in microseconds since 1970.
    """

    document: str
    version: int
    conclusion: Conclusion
    trust: str
    verified_at: int


def add_document(
    rows: Rows,
    identifier: str,
    parties: Parties,
    attachments: Sequence[Attachment],
    size: SizeClass,
    accepted_at: int,
) -> None:
    """Keeps what an accepted document says about itself."""
    row = {
        "id": identifier,
        "parties": json.dumps([parties.sender, parties.recipients, parties.unresolved], separators=(",", ":")),
        "attachments": json.dumps([_listed(one) for one in attachments], ensure_ascii=False, separators=(",", ":")),
        "size_class": int(size),
        "accepted_at": accepted_at,
        "version": 0,
        "verdict": "",
        "trust": "",
        "verified_at": 0,
    }
    rows.insert(documents, [row])


def document_by_id(connection: Connection, identifier: str) -> StoredDocument | None:
    """Finds a document."""
    found = documents_by_id(connection, [identifier])
    return found.get(identifier)


def documents_by_id(connection: Connection, identifiers: Sequence[str]) -> dict[str, StoredDocument]:
    """Finds documents."""
    rows = connection.execute(select(documents).where(documents.c.id.in_(identifiers)))
    return {row.id: _stored(row) for row in rows}


def add_reports(connection: Connection, new: Sequence[NewReport]) -> None:
    """Keeps reports, each as the newest of its document."""
    if not new:
        return
    connection.execute(reports.insert(), [_report_row(report) for report in new])
    connection.execute(
        update(documents)
        .where(documents.c.id == bindparam("key"))
        .values({name: bindparam(f"new_{name}") for name in ("version", "verdict", "trust", "verified_at")}),
        [_newest(report) for report in new],
    )


def confirm_reports(connection: Connection, identifiers: Sequence[str], trust: str) -> None:
    """Notes that the newest reports of documents hold under another trust too."""
    if identifiers:
        connection.execute(update(documents).where(documents.c.id.in_(identifiers)).values(trust=trust))


def newest_report(connection: Connection, document: StoredDocument) -> tuple[Conclusion, datetime] | None:
    """Gives what was found out last about a document, and when."""
    found = select(reports).where(reports.c.document == document.id, reports.c.version == document.version)
    row = connection.execute(found).one_or_none()
    return None if row is None else (_conclusion(row), from_micros(row.verified_at))


def _listed(one: Attachment) -> list[object]:
    return [one.ordinal, one.name, one.blob, one.size, one.sha256.hex()]


def _stored(row: Any) -> StoredDocument:
    sender, recipients, unresolved = json.loads(row.parties)
    return StoredDocument(
        row.id, Parties(sender, tuple(recipients), tuple(unresolved)), attachments_of(row.attachments), row.version
    )


def attachments_of(text: str) -> tuple[Attachment, ...]:
    """Reads what `add_document` wrote of attachments."""
    return tuple(
        Attachment(ordinal, name, blob, size, bytes.fromhex(sha256))
        for ordinal, name, blob, size, sha256 in json.loads(text)
    )


def _report_row(report: NewReport) -> dict[str, object]:
    conclusion = report.conclusion
    content = {
        "vi": conclusion.text.vi,
        "en": conclusion.text.en,
        "files": [[file.ordinal, to_json(file.report)] for file in conclusion.files],
    }
    return {
        "document": report.document,
        "version": report.version,
        "verdict": conclusion.verdict.value,
        "verified_at": report.verified_at,
        "content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
    }


def _newest(report: NewReport) -> dict[str, object]:
    return {
        "key": report.document,
        "new_version": report.version,
        "new_verdict": report.conclusion.verdict.value,
        "new_trust": report.trust,
        "new_verified_at": report.verified_at,
    }


def _conclusion(row: Any) -> Conclusion:
    content = json.loads(row.content)
    files = tuple(File(ordinal, from_json(report)) for ordinal, report in content["files"])
    return Conclusion(DocumentVerdict(row.verdict), Text(content["vi"], content["en"]), files)
