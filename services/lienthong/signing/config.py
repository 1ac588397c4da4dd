"""Settings of signing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from lienthong.chassis.config import Section
from lienthong.signing.verification.kinds import KindRules
from lienthong.signing.verification.report import SignerKind

_MIB = 1024 * 1024
_RULES = KindRules()

Kind = Literal["person", "agency"]


class SigningSection(Section):
    """Verifying signatures, certifying systems."""

    workers: int = Field(
        1, ge=1, le=64, description="Child processes that verify small files; one more takes the large ones."
    )
    memory_limit_bytes: int = Field(
        1024 * _MIB, ge=512 * _MIB, description="Address space of such a process; a file that needs more fails."
    )
    time_limit_seconds: float = Field(
        30.0, gt=0, le=3600, description="Longest verification of one file; then it is timed out."
    )
    largest_bytes: int = Field(256 * _MIB, ge=1024, description="Larger files are not verified: `too large`. In bytes.")
    small_bytes: int = Field(
        4 * _MIB, ge=1024, description="Files up to this length never wait behind larger ones. In bytes."
    )
    small_seconds: float = Field(
        5.0, gt=0, le=3600, description="Verification of a small file that takes longer begins anew behind larger ones."
    )
    trust_dir: Path | None = Field(
        None,
        description="Folder with `anchors`, `intermediates`, `crls`: certificates and revocation lists, PEM or DER. "
        "Absent: the folder `trust` beside the keys. Without anchors no signature is trusted.",
    )
    trust_seconds: float = Field(10.0, gt=0, le=3600, description="Pause between two looks at the trust folder.")
    reverify_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="When trust changes, indeterminate documents verified within so many days are verified again.",
    )
    revocation_required: bool = Field(
        default=True, description="Whether a signature is indeterminate when its revocation state is not known."
    )
    signer_certificates: Mapping[str, Kind] = Field(
        default_factory=dict, description="Whose certificates are, by SHA-256 in lower-case hexadecimal."
    )
    signer_policies: Mapping[str, Kind] = Field(
        default_factory=dict, description="Whose certificates are, by OID of their policy."
    )
    person_uid_prefixes: tuple[str, ...] = Field(
        _RULES.person_uid_prefixes, description="Beginnings of `UID` in the certificates of persons."
    )
    agency_uid_prefixes: tuple[str, ...] = Field(
        _RULES.agency_uid_prefixes, description="Beginnings of `UID` in the certificates of agencies."
    )
    attempts: int = Field(
        5, ge=1, le=100, description="A document that brought its verifier down so often is given up: `failed`."
    )
    lease_seconds: float = Field(
        60.0, ge=0.1, le=3600, description="After so long without a sign of life another process takes a document over."
    )
    give_up_seconds: float = Field(
        86_400.0, gt=0, description="Content that cannot be read for so long is given up: `failed`."
    )
    certificate_days: int = Field(397, ge=1, le=825, description="Validity of a system's certificate.")

    def kind_rules(self) -> KindRules:
        """Makes the rules by which persons and agencies are told apart."""
        return KindRules(
            certificates={name.lower(): SignerKind(kind) for name, kind in self.signer_certificates.items()},
            policies={name: SignerKind(kind) for name, kind in self.signer_policies.items()},
            person_uid_prefixes=self.person_uid_prefixes,
            agency_uid_prefixes=self.agency_uid_prefixes,
        )
