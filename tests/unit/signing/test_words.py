"""What clerks are told, and what a document is worth as a whole."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lienthong.signing.verification import words
from lienthong.signing.verification.phrases import FILE, PROBLEM
from lienthong.signing.verification.report import (
    FileReport,
    FileState,
    Problem,
    SignatureReport,
    SignerKind,
    file_state,
)
from lienthong.signing.verification.words import DocumentVerdict, overall

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def signature(kind: SignerKind, *problems: Problem) -> SignatureReport:
    """A sound signature with these problems."""
    return SignatureReport(
        "f", kind, signer="Nguyễn Văn A", claimed_at=NOW, intact=True, valid=True, trusted=True, problems=problems
    )


def file(*signatures: SignatureReport) -> FileReport:
    """A file with these signatures."""
    return FileReport(file_state(signatures), NOW, signatures)


PERSON, AGENCY = signature(SignerKind.PERSON), signature(SignerKind.AGENCY)
UNSURE = signature(SignerKind.PERSON, Problem.REVOCATION_UNKNOWN)
WRONG = signature(SignerKind.AGENCY, Problem.DIGEST_MISMATCH)


@pytest.mark.parametrize(
    ("files", "verdict"),
    [
        ([file(PERSON, AGENCY)], DocumentVerdict.ORIGINAL_VALUE),
        ([file(PERSON, AGENCY), file(), FileReport(FileState.NOT_A_PDF, NOW)], DocumentVerdict.ORIGINAL_VALUE),
        ([file(PERSON)], DocumentVerdict.SIGNED),
        ([file(PERSON), file(AGENCY)], DocumentVerdict.SIGNED),
        ([file(signature(SignerKind.UNKNOWN), AGENCY)], DocumentVerdict.SIGNED),
        ([file()], DocumentVerdict.FOR_INFORMATION),
        ([FileReport(FileState.NOT_A_PDF, NOW)], DocumentVerdict.FOR_INFORMATION),
        ([file(signature(SignerKind.TIMESTAMP))], DocumentVerdict.FOR_INFORMATION),
        ([file(PERSON, AGENCY), file(WRONG)], DocumentVerdict.BROKEN),
        ([file(WRONG), FileReport(FileState.TIMED_OUT, NOW)], DocumentVerdict.BROKEN),
        ([file(PERSON, AGENCY), FileReport(FileState.TOO_LARGE, NOW)], DocumentVerdict.NOT_VERIFIED),
        ([file(UNSURE, AGENCY)], DocumentVerdict.INDETERMINATE),
        ([], DocumentVerdict.NOT_VERIFIED),
    ],
)
def test_the_worth_of_a_document(files: list[FileReport], verdict: DocumentVerdict) -> None:
    """QD28 Art. 4, ND30 Art. 5 and 21: the worst file decides, unsigned attachments do not lower a signed one."""
    assert overall(files) is verdict
    assert words.of_document(files).vi
    assert words.of_document(files).en


def test_the_rules_are_named() -> None:
    """A clerk reads which rule stands behind the advice."""
    assert "chỉ để biết" in words.of_document([file()]).vi
    assert "Điều 5" in words.of_document([file(PERSON, AGENCY)]).vi
    assert "trả lại" in words.of_document([file(WRONG)]).vi


def test_a_file_that_is_no_pdf_is_not_called_unsigned() -> None:
    """A word file may be signed in its own way: that no signature was found does not say that there is none."""
    for files in ([FileReport(FileState.NOT_A_PDF, NOW)], [file(), FileReport(FileState.NOT_A_PDF, NOW)]):
        text = words.of_document(files)
        assert "không có chữ ký" not in text.vi
        assert "not signed" not in text.en
        assert "không phải PDF" in text.vi
    assert "không có chữ ký" in words.of_document([file()]).vi


def test_a_signature_is_told_with_name_reason_and_time_of_viet_nam() -> None:
    """One paragraph: who, whether it holds, why not, and when, in Viet Nam time."""
    text = words.of_signature(UNSURE)
    assert text.vi == (
        "Chữ ký của người ký Nguyễn Văn A chưa thể xác nhận. Chưa kiểm tra được chứng thư số có bị thu hồi hay không. "
        "Người ký ghi thời điểm ký là 09:00 22/11/2026."
    )
    assert "could not be confirmed" in text.en


def test_every_outcome_has_words_without_gaps() -> None:
    """No state and no problem is without words, and no placeholder is left open."""
    assert set(FILE) == set(FileState)
    assert set(PROBLEM) == set(Problem)
    for problem in Problem:
        for kind in SignerKind:
            told = words.of_signature(signature(kind, problem))
            assert told.vi
            assert "{" not in told.vi + told.en
    for state in FileState:
        assert "{" not in words.of_file(FileReport(state, NOW)).vi
