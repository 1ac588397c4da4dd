"""What verification found, as data: one report for a file, one for each of its signatures.

Reports are stored, sent in events and shown years later, so every code in them is stable: members of these
enumerations are added, never renamed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class SignerKind(StrEnum):
    """Whose certificate it is."""

    PERSON = "person"
    AGENCY = "agency"
    TIMESTAMP = "timestamp"
    UNKNOWN = "unknown"


class Revocation(StrEnum):
    """What is known about the withdrawal of a certificate, its chain included, at the time it is judged for."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class Modification(StrEnum):
    """What was appended to the file after the signature."""

    NONE = "none"
    PERMITTED = "permitted"
    """Later signatures, time stamps, validation data, form fields: all of it permitted by the signature."""
    SUSPICIOUS = "suspicious"


class JudgedBy(StrEnum):
    """Which time the certificates were judged for."""

    TIMESTAMP = "timestamp"
    """A trusted time stamp proves that the signature existed then."""
    VERIFICATION_TIME = "verification-time"
    """There is no trusted time stamp; the claimed signing time proves nothing."""


class Problem(StrEnum):
    """Why a signature is not simply valid."""

    MALFORMED = "malformed"
    UNSUPPORTED_FORMAT = "unsupported-format"
    DIGEST_MISMATCH = "digest-mismatch"
    SIGNATURE_WRONG = "signature-wrong"
    MODIFIED_AFTER_SIGNING = "modified-after-signing"
    COVERAGE_UNCLEAR = "coverage-unclear"
    ISSUER_UNKNOWN = "issuer-unknown"
    CHAIN_INVALID = "chain-invalid"
    CERTIFICATE_OUTSIDE_VALIDITY = "certificate-outside-validity"
    KEY_USAGE = "key-usage"
    WEAK_ALGORITHM = "weak-algorithm"
    REVOKED_BEFORE_SIGNING = "revoked-before-signing"
    KEY_COMPROMISED = "key-compromised"
    """Revoked because the key fell into other hands, and no time stamp proves that the signature is older."""
    REVOKED_SINCE = "revoked-since"
    """Revoked after the claimed signing time, which no time stamp proves."""
    REVOCATION_UNKNOWN = "revocation-unknown"
    TIMESTAMP_NOT_TRUSTED = "timestamp-not-trusted"
    BYTES_APPENDED = "bytes-appended"
    """The file goes on after its last revision; another reader than ours may show what stands there."""
    SEED_VALUES_VIOLATED = "seed-values-violated"
    ISSUER_REVOKED = "issuer-revoked"
    """Told beside one of the three above: the certificate that was revoked is the issuer's."""
    FIELDS_FILLED = "fields-filled"
    """Form fields other than signatures were filled in after it, which it permits and does not vouch for."""


BREAKING = frozenset(
    {
        Problem.DIGEST_MISMATCH,
        Problem.SIGNATURE_WRONG,
        Problem.MODIFIED_AFTER_SIGNING,
        Problem.COVERAGE_UNCLEAR,
        Problem.REVOKED_BEFORE_SIGNING,
        Problem.KEY_COMPROMISED,
    }
)
"""Problems that make a signature broken; with any other it is neither proved nor disproved."""

HARMLESS = frozenset({Problem.TIMESTAMP_NOT_TRUSTED, Problem.ISSUER_REVOKED, Problem.FIELDS_FILLED})
"""Problems that are told but change no outcome: what they speak of is left out of account, or told by another one."""


class SignatureState(StrEnum):
    """Outcome for one signature."""

    VALID = "valid"
    INDETERMINATE = "indeterminate"
    BROKEN = "broken"


class FileState(StrEnum):
    """Outcome for one file. The first four say something about it, the others why nothing can be said."""

    UNSIGNED = "UNSIGNED"
    VALID = "VALID"
    INDETERMINATE = "INDETERMINATE"
    BROKEN = "BROKEN"
    NOT_A_PDF = "NOT_A_PDF"
    ENCRYPTED = "ENCRYPTED"
    DAMAGED = "DAMAGED"
    TOO_LARGE = "TOO_LARGE"
    TIMED_OUT = "TIMED_OUT"
    FAILED = "FAILED"


@dataclass(frozen=True)
class SignatureReport:
    """One signature or document time stamp.

    Attributes:
        field_name: Name of the form field that holds it.
        kind: Whose certificate it is, by the rules of ``kinds.py``.
        signer: Common name of the signer; empty when the certificate cannot be read.
        organisation: Organisation in the certificate, or empty.
        issuer: Common name of the issuing authority.
        serial: Serial number of the certificate, hexadecimal.
        claimed_at: Signing time as the signer claims it.
        timestamp_at: Time of the earliest trusted time stamp over the signature.
        judged_at: Time the certificates were judged for.
        judged_by: Where ``judged_at`` comes from.
        intact: The signed bytes are unchanged.
        valid: The signature was made with the key of the certificate.
        trusted: The chain leads to a trust anchor and was good at ``judged_at``, revocation aside when unknown.
        revocation: What is known about withdrawal at ``judged_at``.
        revoked_at: When the certificate was withdrawn, if that was before ``judged_at``.
        ended_at: When the signer's certificate ended, if that was before the verification.
        covers_whole_file: Nothing was appended after the signature.
        modification: What was appended after it.
        modifications: Codes ``field:<name>`` of form fields changed since, or ``reason:<text>`` of a suspicion.
        algorithm: Such as ``sha256 rsassa_pkcs1v15``.
        problems: Stable codes, most serious first.
    """

    field_name: str
    kind: SignerKind = SignerKind.UNKNOWN
    signer: str = ""
    organisation: str = ""
    issuer: str = ""
    serial: str = ""
    claimed_at: datetime | None = None
    timestamp_at: datetime | None = None
    judged_at: datetime | None = None
    judged_by: JudgedBy = JudgedBy.VERIFICATION_TIME
    intact: bool = False
    valid: bool = False
    trusted: bool = False
    revocation: Revocation = Revocation.UNKNOWN
    revoked_at: datetime | None = None
    ended_at: datetime | None = None
    covers_whole_file: bool = False
    modification: Modification = Modification.NONE
    modifications: tuple[str, ...] = ()
    algorithm: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def state(self) -> SignatureState:
        """Valid, broken, or neither proved nor disproved; follows from the problems alone."""
        if BREAKING.intersection(self.problems):
            return SignatureState.BROKEN
        sound = self.intact and self.valid and self.trusted
        if not sound or not HARMLESS.issuperset(self.problems):
            return SignatureState.INDETERMINATE
        return SignatureState.VALID


@dataclass(frozen=True)
class FileReport:
    """One file: its outcome, its signatures in the order of signing, and when it was looked at."""

    overall: FileState
    verified_at: datetime
    signatures: tuple[SignatureReport, ...] = ()
    detail: str = ""
    """What went wrong, for operators, when ``overall`` is none of the first four states."""

    @property
    def approvals(self) -> tuple[SignatureReport, ...]:
        """The signatures that are not time stamps."""
        return tuple(report for report in self.signatures if report.kind is not SignerKind.TIMESTAMP)


def file_state(signatures: Sequence[SignatureReport]) -> FileState:
    """Return the outcome of a file with these signatures: the worst of them; time stamps alone sign nothing."""
    states = {report.state for report in signatures}
    if all(report.kind is SignerKind.TIMESTAMP for report in signatures):
        return FileState.BROKEN if SignatureState.BROKEN in states else FileState.UNSIGNED
    if SignatureState.BROKEN in states:
        return FileState.BROKEN
    approvals = {report.state for report in signatures if report.kind is not SignerKind.TIMESTAMP}
    return FileState.INDETERMINATE if SignatureState.INDETERMINATE in approvals else FileState.VALID


def to_json(report: FileReport) -> dict[str, Any]:
    """Return the report as JSON data; times in ISO 8601 with their zone."""
    return {
        "overall": report.overall.value,
        "verified_at": report.verified_at.isoformat(),
        "signatures": [_signature_to_json(signature) for signature in report.signatures],
        "detail": report.detail,
    }


def from_json(data: Mapping[str, Any]) -> FileReport:
    """Read what :func:`to_json` wrote, by this version or an older one; raises ValueError for anything else."""
    try:
        return FileReport(
            overall=FileState(data["overall"]),
            verified_at=datetime.fromisoformat(data["verified_at"]),
            signatures=tuple(_signature_from_json(item) for item in data["signatures"]),
            detail=str(data.get("detail", "")),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a verification report: {error!r}") from error


_READERS: dict[str, Any] = {
    "kind": SignerKind,
    "judged_by": JudgedBy,
    "revocation": Revocation,
    "modification": Modification,
    "claimed_at": datetime.fromisoformat,
    "timestamp_at": datetime.fromisoformat,
    "judged_at": datetime.fromisoformat,
    "revoked_at": datetime.fromisoformat,
    "ended_at": datetime.fromisoformat,
    "modifications": tuple,
    "problems": lambda codes: tuple(Problem(code) for code in codes),
}
_NAMES = tuple(field.name for field in fields(SignatureReport))


def _signature_to_json(report: SignatureReport) -> dict[str, Any]:
    data = {}
    for name in _NAMES:
        value = getattr(report, name)
        data[name] = value.isoformat() if isinstance(value, datetime) else value
    return data | {"modifications": list(report.modifications), "problems": list(report.problems)}


def _signature_from_json(data: Mapping[str, Any]) -> SignatureReport:
    known = {name: data[name] for name in _NAMES if data.get(name) is not None}
    return SignatureReport(**{name: _READERS.get(name, _same)(value) for name, value in known.items()})


def _same(value: object) -> object:
    return value
