"""What the reports on the files of a document amount to, in a word and in words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lienthong.signing.verification.phrases import VERDICT, Text
from lienthong.signing.verification.report import FileReport, JudgedBy, SignatureReport
from lienthong.signing.verification.words import DocumentVerdict, of_document, overall

_NO_ANCHORS = Text(
    "Trục liên thông chưa được cấu hình nơi cấp chứng thư số nào để tin cậy; báo quản trị viên.",
    "The axis has no certificate authority configured to trust; tell the operator.",
)


@dataclass(frozen=True, slots=True)
class File:
    """What was found out about one attachment."""

    ordinal: int
    report: FileReport


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What was found out about a document.

    Attributes:
        verdict: In a word.
        text: In words.
        files: About each attachment, in their order.
    """

    verdict: DocumentVerdict
    text: Text
    files: tuple[File, ...]


def conclude(files: Sequence[File], *, anchored: bool) -> Conclusion:
    """Draws the conclusion.

    Args:
        files: About each attachment; a document without any carries no signature (QD28 Art. 4).
        anchored: Whether any authority is trusted at all.
    """
    ordered = tuple(sorted(files, key=lambda file: file.ordinal))
    if not ordered:
        verdict = DocumentVerdict.FOR_INFORMATION
        return Conclusion(verdict, VERDICT[verdict.value].filled(), ())
    reports = [file.report for file in ordered]
    verdict, text = overall(reports), of_document(reports)
    if verdict is DocumentVerdict.INDETERMINATE and not anchored:
        text = Text(f"{text.vi} {_NO_ANCHORS.vi}", f"{text.en} {_NO_ANCHORS.en}")
    return Conclusion(verdict, text, ordered)


def same_outcome(earlier: Conclusion, later: Conclusion) -> bool:
    """Tells whether a later verification found what an earlier one did, times of verification aside."""
    return (earlier.verdict, earlier.text) == (later.verdict, later.text) and (
        [_timeless(file) for file in earlier.files] == [_timeless(file) for file in later.files]
    )


def _timeless(file: File) -> tuple[object, ...]:
    report = file.report
    return file.ordinal, report.overall, tuple(_signature(signature) for signature in report.signatures)


def _signature(signature: SignatureReport) -> SignatureReport:
    if signature.judged_by is JudgedBy.VERIFICATION_TIME:
        return replace(signature, judged_at=None)
    return signature
