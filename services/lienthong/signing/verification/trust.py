"""What verification trusts: anchors, further certificates, revocation data, limits. Configuration, never the network.

Revocation data comes from here (lists that the operator fetches) and from the file itself (document security store,
Adobe revocation archive). All of it is used only if it is signed by the authority concerned and in force at the time
a signature is judged for; a list made after that time counts too, since it knows more. Certificates put on hold and
released later are the exception to that; they are not in use for signing documents.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from asn1crypto import crl, ocsp, x509
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.policy_decl import (
    NO_REVOCATION,
    REQUIRE_REVINFO,
    CertRevTrustPolicy,
    DisallowWeakAlgorithmsPolicy,
)

from lienthong.signing.verification.kinds import KindRules
from lienthong.signing.verification.report import SignerKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

MIB = 1024 * 1024
_DER_FIELDS = ("anchors", "intermediates", "crls", "ocsps")


@dataclass(frozen=True)
class TrustConfig:
    """Everything a verifier needs to know; plain data, so that it can be handed to a child process.

    Attributes:
        anchors: Root certificates that are trusted, DER.
        intermediates: Further certificates that may stand between, DER. Not trusted by themselves.
        crls: Revocation lists, DER.
        ocsps: OCSP responses, DER.
        revocation_required: When True, a signature whose revocation state is unknown is INDETERMINATE; when False
            it may be VALID, with the problem told.
        largest_file: Bytes; larger files are TOO_LARGE.
        most_signatures: Files with more signatures are FAILED; a hostile file could hold thousands.
        kind_rules: How persons and agencies are told apart.
    """

    anchors: tuple[bytes, ...]
    intermediates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    revocation_required: bool = True
    largest_file: int = 256 * MIB
    most_signatures: int = 64
    kind_rules: KindRules = field(default_factory=KindRules)

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as JSON data."""
        rules = self.kind_rules
        return {
            **{name: [b64encode(der).decode() for der in getattr(self, name)] for name in _DER_FIELDS},
            "revocation_required": self.revocation_required,
            "largest_file": self.largest_file,
            "most_signatures": self.most_signatures,
            "kind_rules": {
                "certificates": dict(rules.certificates),
                "policies": dict(rules.policies),
                "person_uid_prefixes": list(rules.person_uid_prefixes),
                "agency_uid_prefixes": list(rules.agency_uid_prefixes),
                "body_beginnings": list(rules.body_beginnings),
                "family_names": sorted(rules.family_names),
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TrustConfig:
        """Read what :meth:`to_json` wrote."""
        ders = {name: tuple(b64decode(text) for text in data[name]) for name in _DER_FIELDS}
        return cls(
            **ders,
            revocation_required=data["revocation_required"],
            largest_file=data["largest_file"],
            most_signatures=data["most_signatures"],
            kind_rules=_rules_from_json(data["kind_rules"]),
        )


def _rules_from_json(data: Mapping[str, Any]) -> KindRules:
    return KindRules(
        certificates={key: SignerKind(kind) for key, kind in data["certificates"].items()},
        policies={key: SignerKind(kind) for key, kind in data["policies"].items()},
        person_uid_prefixes=tuple(data["person_uid_prefixes"]),
        agency_uid_prefixes=tuple(data["agency_uid_prefixes"]),
        body_beginnings=tuple(data["body_beginnings"]),
        family_names=frozenset(data["family_names"]),
    )


@dataclass
class Evidence:
    """Certificates and revocation data found in one file, besides those configured."""

    certificates: list[x509.Certificate] = field(default_factory=list)
    crls: list[crl.CertificateList] = field(default_factory=list)
    ocsps: list[ocsp.OCSPResponse] = field(default_factory=list)


class TrustStore:
    """A configuration made ready: everything parsed once and used for many files.

    Raises:
        ValueError: A certificate, list or response in the configuration is not valid DER.
    """

    def __init__(self, config: TrustConfig) -> None:
        self.config = config
        self._anchors = _load(x509.Certificate, config.anchors)
        self._intermediates = _load(x509.Certificate, config.intermediates)
        self._crls = _load(crl.CertificateList, config.crls)
        self._ocsps = _load(ocsp.OCSPResponse, config.ocsps)
        self._algorithms = DisallowWeakAlgorithmsPolicy()  # type: ignore[no-untyped-call] # untyped in pyHanko

    @cached_property
    def has_revocation_data(self) -> bool:
        """True when lists or responses are configured."""
        return bool(self._crls or self._ocsps)

    def context(self, evidence: Evidence, moment: datetime, *, check_revocation: bool) -> ValidationContext:
        """Return a context that judges certificates for ``moment``; with ``check_revocation`` it needs proof.

        A context is for one signature: pyHanko adds the certificates it meets to it.
        """
        policy = REQUIRE_REVINFO if check_revocation else NO_REVOCATION
        return ValidationContext(
            trust_roots=self._anchors,
            other_certs=[*self._intermediates, *evidence.certificates],
            crls=[*self._crls, *evidence.crls] if check_revocation else [],
            ocsps=[*self._ocsps, *evidence.ocsps] if check_revocation else [],
            moment=moment,
            allow_fetching=False,
            revinfo_policy=CertRevTrustPolicy(policy, retroactive_revinfo=True),
            algorithm_usage_policy=self._algorithms,
        )


def _load(kind: Any, ders: Iterable[bytes]) -> list[Any]:
    loaded = [kind.load(der, strict=True) for der in ders]
    for item in loaded:
        item[0]  # parsing is lazy: damaged configuration must show now, not with the first document
    return loaded
