"""The words of notices, for every kind in both languages."""

from __future__ import annotations

import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.edxml.codes import PRIORITY_NAMES
from lienthong.notification.domain import LANGUAGES, Kind, NoticeFacts, render
from lienthong.notification.domain.phrases import LABELS, PHRASES, PRIORITIES
from lienthong.notification.domain.templates import TITLE_LENGTH


def facts(kind: Kind) -> NoticeFacts:
    """Make facts with everything in them."""
    return NoticeFacts(
        kind,
        document_id="000.00.00.G22,2016/04/08,12/VPCP-KSTT",
        code="12/VPCP-KSTT",
        subject="Kết nối liên thông",
        sender="Văn phòng Chính phủ",
        recipient="UBND TP.HCM",
        priority=3,
        due=datetime(2026, 11, 23, 10, tzinfo=UTC),
        status="02",
        request="RECALL",
        verdict="BROKEN",
        reason="Sai nơi nhận",
        person="Nguyễn Văn A",
        unit="Phòng Hành chính",
        instruction="Tham mưu trả lời",
        answer_code="99/UBND-VP",
        nearest_codes=("H29", "H26"),
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_says_what_a_clerk_needs(kind: Kind, language: str) -> None:
    """Number, subject, who, deadline in Vietnamese time, and what to do; no place left unfilled."""
    words = render(facts(kind), language)
    assert words.title.startswith("[HỎA TỐC] " if language == "vi" else "[IMMEDIATE] ")
    assert kind is Kind.SUBSCRIPTION_TEST or "12/VPCP-KSTT" in words.title
    for part in ("12/VPCP-KSTT", "Kết nối liên thông", "Văn phòng Chính phủ", "UBND TP.HCM", "17:00 23/11/2026"):
        assert part in words.text
    assert ("Việc cần làm" if language == "vi" else "To do") in words.text
    assert not set("{}") & set(words.title + words.text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(Kind))
def test_missing_facts_leave_no_holes(kind: Kind, language: str) -> None:
    """An empty fact has no line, and a title does not end in its separator."""
    words = render(NoticeFacts(kind, document_id="id-1"), language)
    assert words.title
    assert not words.title.endswith(("–", ":", " "))
    assert all(line.strip() and not line.endswith(": ") for line in words.text.splitlines())


def test_languages_are_complete() -> None:
    """Both languages have every kind, label and urgency, and each title names places that exist."""
    for language in LANGUAGES:
        assert set(PHRASES[language]) == {kind.value for kind in Kind}
        for phrase in PHRASES[language].values():
            assert {name for _, name, _, _ in string.Formatter().parse(phrase.title) if name} <= set(LABELS[language])
        assert {0, *PRIORITIES[language]} == set(PRIORITY_NAMES)
    assert list(LABELS["vi"]) == list(LABELS["en"])


def test_vietnamese_is_the_default() -> None:
    """Without a language a notice is Vietnamese; another language is refused."""
    assert render(facts(Kind.CASE_CLOSED)) == render(facts(Kind.CASE_CLOSED), "vi")
    with pytest.raises(ValueError, match="vi and en"):
        render(facts(Kind.CASE_CLOSED), "fr")


def test_an_unknown_status_is_shown_as_it_is() -> None:
    """A code that nobody knows is named verbatim."""
    assert "99 (mã không xác định)" in render(NoticeFacts(Kind.STATUS_RECORDED, code="1/A", status="99")).text


@given(st.text(max_size=400), st.sampled_from(list(Kind)), st.sampled_from(LANGUAGES))
def test_values_of_others_stay_on_their_line(value: str, kind: Kind, language: str) -> None:
    """Whatever a peer writes, the title is one bounded printable line and the text has one line for each fact."""
    words = render(NoticeFacts(kind, code=value, subject=value, reason=value, sender=value), language)
    assert words.title.isprintable()
    assert len(words.title) <= TITLE_LENGTH
    assert len(words.text.splitlines()) <= 6
