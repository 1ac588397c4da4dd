"""What a report means, in words for a clerk (văn thư): Vietnamese first, English beside it.

One short paragraph for each signature and one for the whole document. The rules behind the words: an unsigned
electronic document is for information only (QD28 Art. 4); signed by the competent person and by the agency it has
the value of an original (ND30 Art. 5); when authenticity or integrity fails it must be returned to the sender in the
system (ND30 Art. 21(2)(b)).
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import TYPE_CHECKING

from lienthong.signing.verification.phrases import (
    ALSO_FILLED,
    CLAIMED_TIME,
    ENDED_SINCE,
    ENDED_UNPROVED,
    FILE,
    FILLED,
    PROBLEM,
    PROVED_TIME,
    SIGNATURE,
    UNSEEN,
    VERDICT,
    Text,
)
from lienthong.signing.verification.report import (
    FileState,
    JudgedBy,
    Problem,
    SignatureState,
    SignerKind,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lienthong.signing.verification.report import FileReport, SignatureReport

_VIET_NAM = timezone(timedelta(hours=7))


class DocumentVerdict(StrEnum):
    """What a document with all its attachments is worth."""

    ORIGINAL_VALUE = "ORIGINAL_VALUE"
    """Valid signatures of a person and of an agency in the same file (ND30 Art. 5)."""
    SIGNED = "SIGNED"
    """Valid signatures, of one kind only."""
    FOR_INFORMATION = "FOR_INFORMATION"
    """No signature anywhere (QD28 Art. 4)."""
    BROKEN = "BROKEN"
    """At least one file is broken; the document must be returned (ND30 Art. 21(2)(b))."""
    INDETERMINATE = "INDETERMINATE"
    """At least one signature could be neither proved nor disproved."""
    NOT_VERIFIED = "NOT_VERIFIED"
    """At least one file could not be examined, or nothing was examined yet."""


_NOT_EXAMINED = frozenset(
    {FileState.ENCRYPTED, FileState.DAMAGED, FileState.TOO_LARGE, FileState.TIMED_OUT, FileState.FAILED}
)


def overall(reports: Sequence[FileReport]) -> DocumentVerdict:
    """Return what the document is worth as a whole.

    The worst file decides first: broken, then not examined, then indeterminate. Unsigned files beside signed ones
    (a spreadsheet, an appendix) do not lower the value of the signed one. A person in one file and an agency in
    another do not add up: ND30 Art. 5 asks for both on the same document.
    """
    states = {report.overall for report in reports}
    if FileState.BROKEN in states:
        return DocumentVerdict.BROKEN
    if not reports or states & _NOT_EXAMINED:
        return DocumentVerdict.NOT_VERIFIED
    if FileState.INDETERMINATE in states:
        return DocumentVerdict.INDETERMINATE
    if FileState.VALID not in states:
        return DocumentVerdict.FOR_INFORMATION
    both = {SignerKind.PERSON, SignerKind.AGENCY}
    if any(both <= _valid_kinds(report.approvals) for report in reports):
        return DocumentVerdict.ORIGINAL_VALUE
    return DocumentVerdict.SIGNED


def of_document(reports: Sequence[FileReport]) -> Text:
    """Return one paragraph on the whole document: what it is worth and what to do."""
    verdict = overall(reports)
    text = VERDICT[verdict.value].filled()
    if verdict is DocumentVerdict.FOR_INFORMATION and any(one.overall is FileState.NOT_A_PDF for one in reports):
        text = UNSEEN
    filled = any(_filled(report) for report in reports if report.overall is FileState.VALID)
    return _joined([text, ALSO_FILLED]) if filled else text


def of_file(report: FileReport) -> Text:
    """Return one paragraph on one file."""
    text = FILLED if _filled(report) and report.overall is FileState.VALID else FILE[report.overall]
    return text.filled(count=str(len(report.approvals)))


def of_signature(report: SignatureReport) -> Text:
    """Return one paragraph on one signature: who, when, whether it holds, and why not when it does not."""
    head = SIGNATURE[report.kind, report.state].filled(
        signer=report.signer or report.field_name, organisation=_organisation(report)
    )
    reasons = [PROBLEM[problem].filled(revoked_at=_time(report.revoked_at)) for problem in report.problems]
    return _joined([head, *reasons, _when(report), _ended(report)])


def _filled(report: FileReport) -> bool:
    return any(Problem.FIELDS_FILLED in signature.problems for signature in report.signatures)


def _valid_kinds(signatures: Iterable[SignatureReport]) -> set[SignerKind]:
    return {report.kind for report in signatures if report.state is SignatureState.VALID}


def _organisation(report: SignatureReport) -> str:
    known = report.organisation and report.organisation != report.signer
    return f" ({report.organisation})" if known else ""


def _when(report: SignatureReport) -> Text:
    if report.timestamp_at is not None and report.judged_by is JudgedBy.TIMESTAMP:
        return PROVED_TIME.filled(time=_time(report.timestamp_at))
    if report.claimed_at is not None and report.kind is not SignerKind.TIMESTAMP:
        return CLAIMED_TIME.filled(time=_time(report.claimed_at))
    return Text("", "")


def _ended(report: SignatureReport) -> Text:
    if report.ended_at is None:
        return Text("", "")
    if report.judged_by is JudgedBy.TIMESTAMP and report.judged_at is not None and report.judged_at <= report.ended_at:
        return ENDED_SINCE.filled(time=_time(report.ended_at))
    return ENDED_UNPROVED.filled(time=_time(report.ended_at))


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(_VIET_NAM).strftime("%H:%M %d/%m/%Y")


def _joined(parts: Iterable[Text]) -> Text:
    kept = [part for part in parts if part.vi]
    return Text(" ".join(part.vi for part in kept), " ".join(part.en for part in kept))
