"""What the reader reports: findings (accepted, with a remark) and problems (refused).

Names of reasons and codes are part of the public contract: clients switch on them, so they are only ever
added to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Names of findings: deviations that were accepted."""

    ATTACHMENT_EMPTY = "ATTACHMENT_EMPTY"
    BLANKS_TRIMMED = "BLANKS_TRIMMED"
    BUSINESS_KIND_MISSING = "BUSINESS_KIND_MISSING"
    BUSINESS_SPELLING = "BUSINESS_SPELLING"
    BUSINESS_TARGET_MISSING = "BUSINESS_TARGET_MISSING"
    CONTENT_ID_PREFIX = "CONTENT_ID_PREFIX"
    CONTENT_NOT_AS_NAMED = "CONTENT_NOT_AS_NAMED"
    DATE_NORMALISED = "DATE_NORMALISED"
    DATE_UNREADABLE = "DATE_UNREADABLE"
    ELEMENT_REPEATED = "ELEMENT_REPEATED"
    ELEMENT_UNKNOWN = "ELEMENT_UNKNOWN"
    ENCODING_OTHER = "ENCODING_OTHER"
    FIELD_MISSING = "FIELD_MISSING"
    FINDINGS_CUT = "FINDINGS_CUT"
    HEADER_NAMED_STATUS = "HEADER_NAMED_STATUS"
    LABEL_DISAGREES = "LABEL_DISAGREES"
    NAME_DIFFERS = "NAME_DIFFERS"
    NAME_MISSING = "NAME_MISSING"
    NAME_TOO_LONG = "NAME_TOO_LONG"
    NAMESPACE_FOREIGN = "NAMESPACE_FOREIGN"
    ORGAN_ID_NULL = "ORGAN_ID_NULL"
    OUTSIDE_NOT_KEPT = "OUTSIDE_NOT_KEPT"
    PREFIX_UNBOUND = "PREFIX_UNBOUND"
    RECIPIENT_REPEATED = "RECIPIENT_REPEATED"
    ROOT_NAME = "ROOT_NAME"
    SIGNATURE_NOT_CARRIED = "SIGNATURE_NOT_CARRIED"
    SIGNATURE_NOT_VERIFIABLE = "SIGNATURE_NOT_VERIFIABLE"
    STATUS_CODE_PADDED = "STATUS_CODE_PADDED"
    STATUS_CODE_UNKNOWN = "STATUS_CODE_UNKNOWN"
    STATUS_WITH_ATTACHMENTS = "STATUS_WITH_ATTACHMENTS"
    TEXT_IGNORED = "TEXT_IGNORED"
    VALUE_NORMALISED = "VALUE_NORMALISED"
    VALUE_OUT_OF_RANGE = "VALUE_OUT_OF_RANGE"
    VALUE_UNREADABLE = "VALUE_UNREADABLE"
    ZIP_KEPT_PACKED = "ZIP_KEPT_PACKED"
    ZIP_SEVERAL_ENTRIES = "ZIP_SEVERAL_ENTRIES"


class Reason(StrEnum):
    """Names of problems: why a file was refused."""

    ATTACHMENT_CONTENT_MISSING = "ATTACHMENT_CONTENT_MISSING"
    ATTACHMENT_EXTRA = "ATTACHMENT_EXTRA"
    ATTACHMENT_MISSING = "ATTACHMENT_MISSING"
    ATTACHMENT_REPEATED = "ATTACHMENT_REPEATED"
    BASE64_INVALID = "BASE64_INVALID"
    CHARACTER_ILLEGAL = "CHARACTER_ILLEGAL"
    CONTENT_ID_MISSING = "CONTENT_ID_MISSING"
    CONTENT_TRUNCATED = "CONTENT_TRUNCATED"
    FIELD_REQUIRED = "FIELD_REQUIRED"
    FILE_IS_ZIP = "FILE_IS_ZIP"
    FLAT_PACKAGING = "FLAT_PACKAGING"
    HEADER_MISSING = "HEADER_MISSING"
    HEADER_REPEATED = "HEADER_REPEATED"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    ROOT_UNKNOWN = "ROOT_UNKNOWN"
    SOAP_PACKAGING = "SOAP_PACKAGING"
    XML_DOCTYPE = "XML_DOCTYPE"
    XML_ENCODING = "XML_ENCODING"
    XML_MALFORMED = "XML_MALFORMED"
    XML_TOO_DEEP = "XML_TOO_DEEP"


@dataclass(frozen=True, slots=True)
class Finding:
    """A deviation that was accepted.

    `path` leads to the element (`To[2]` is the second), `found` is the text as it came, `taken` is what the
    reader made of it; an empty `taken` means that the value counts as absent. Long texts are cut.
    """

    code: Code
    path: str
    found: str = ""
    taken: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason for refusal: where, which rule, what to do about it.

    `line` and `column` count from 1; both are 0 when the problem has no place in the file.
    """

    reason: Reason
    path: str
    rule: str
    remedy: str
    line: int = 0
    column: int = 0
    found: str = ""

    def __str__(self) -> str:
        place = f" (line {self.line}, column {self.column})" if self.line else ""
        what = f" {self.path}" if self.path else ""
        found = f"; found {self.found!r}" if self.found else ""
        return f"{self.reason}{what}{place}: {self.rule}{found}. {self.remedy}"


class EdxmlError(Exception):
    """A file or a document was refused; `problems` holds every reason known at that point, at least one."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
