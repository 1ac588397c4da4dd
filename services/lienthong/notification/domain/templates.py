"""Titles and texts of notices, in Vietnamese (default) and English.

A notice says which document, from whom, to whom, what happened and what to do now; never anything of the content.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lienthong.notification.domain.phrases import LABELS, PHRASES, PRIORITIES, REQUESTS, STATUSES, VERDICTS

if TYPE_CHECKING:
    from datetime import datetime

    from lienthong.notification.domain.rules import Kind

LANGUAGES = ("vi", "en")
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
TITLE_LENGTH = 180
"""Characters of a title at most: it becomes the subject of a mail."""
_VALUE_LENGTH = 500


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """What a notice says. Empty facts are left out of the text.

    `code` is number and notation (số, ký hiệu), `subject` the abstract (trích yếu). `status` is a code such as `03`,
    `request` RECALL, UPDATE or REPLACE, `verdict` a name of the verdicts of signing. Times carry a zone.
    """

    kind: Kind
    document_id: str = ""
    code: str = ""
    subject: str = ""
    sender: str = ""
    recipient: str = ""
    priority: int = 0
    due: datetime | None = None
    status: str = ""
    request: str = ""
    verdict: str = ""
    reason: str = ""
    person: str = ""
    unit: str = ""
    instruction: str = ""
    result: str = ""
    answer_code: str = ""
    nearest_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """A notice in words. The title is one line."""

    title: str
    text: str


def one_line(value: str, limit: int = _VALUE_LENGTH) -> str:
    """Put a value of others on one line: it must not break out of its place or out of a mail header."""
    flat = " ".join("".join(char if char.isprintable() else " " for char in value).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _values(facts: NoticeFacts, language: str) -> dict[str, str]:
    due = facts.due.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y") if facts.due else ""
    urgency = PRIORITIES[language].get(facts.priority, str(facts.priority)) if facts.priority else ""
    named = STATUSES[language].get(facts.status, STATUSES[language][""])
    return {
        "code": facts.code or facts.document_id,
        "subject": facts.subject,
        "sender": facts.sender,
        "recipient": facts.recipient,
        "priority": urgency,
        "due": due,
        "status": f"{facts.status} ({named})" if facts.status else "",
        "request": REQUESTS[language].get(facts.request, facts.request),
        "verdict": VERDICTS[language].get(facts.verdict, facts.verdict),
        "reason": facts.reason,
        "assignee": ", ".join(part for part in (facts.person, facts.unit) if part),
        "instruction": facts.instruction,
        "result": facts.result,
        "answer_code": facts.answer_code,
        "nearest_codes": ", ".join(facts.nearest_codes),
    }


def render(facts: NoticeFacts, language: str = "vi") -> Wording:
    """Put a notice into words.

    Raises:
        ValueError: the language is neither `vi` nor `en`.
    """
    if language not in LANGUAGES:
        raise ValueError(f"notices speak {' and '.join(LANGUAGES)}, not {language!r}")
    phrase = PHRASES[language][facts.kind.value]
    values = {name: one_line(value) for name, value in _values(facts, language).items()}
    labels = LABELS[language]
    lines = [phrase.what]
    lines += [f"{labels[name]}: {values[name]}" for name in (*labels,) if values[name]]
    urgent = f"[{values['priority'].upper()}] " if values["priority"] else ""
    title = f"{urgent}{phrase.title.format(**{**values, 'code': values['code'] or labels['code']})}"
    return Wording(one_line(title, TITLE_LENGTH).rstrip(" –:"), "\n".join([*lines, phrase.to_do]) + "\n")
