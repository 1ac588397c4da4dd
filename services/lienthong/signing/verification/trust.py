"""What verification trusts: anchors, further certificates, revocation data, limits. Configuration, never the network.

Revocation data comes from here (lists that the operator fetches) and from the file itself (document security store,
Adobe revocation archive). All of it is used only if it is signed by the authority concerned and in force at the time
a signature is judged for; a list made after that time counts too, since it knows more. Certificates put on hold and
released later are the exception to that; they are not in use for signing documents.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from typing import TYPE_CHECKING, Any

from asn1crypto import core, crl, ocsp, x509
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.policy_decl import (
    NO_REVOCATION,
    REQUIRE_REVINFO,
    CertRevTrustPolicy,
    DisallowWeakAlgorithmsPolicy,
)

from lienthong.signing.verification import paths
from lienthong.signing.verification.kinds import KindRules
from lienthong.signing.verification.report import SignerKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

MIB = 1024 * 1024
_EXPIRED_CERTS_ON_CRL = "2.5.29.60"
_HEADS = {
    x509.Certificate: ("serial_number", "issuer", "validity", "subject", "subject_public_key_info"),
    crl.CertificateList: ("issuer", "this_update", "next_update"),
    ocsp.OCSPResponse: (),
}
"""What is read at once of each kind; entries of a list may be many."""
_DER_FIELDS = ("anchors", "intermediates", "crls", "ocsps")


class Proof(Enum):
    """What must prove that a certificate was not revoked."""

    NONE = auto()
    ANY = auto()
    """A list or a response."""
    LISTS = auto()
    """A list; responses are left out."""


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
        most_signatures: Files with more signatures are TOO_LARGE; a hostile file could hold thousands.
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

    @cached_property
    def fingerprint(self) -> bytes:
        """SHA-256 over all of it. Ask for it only when everything was found."""
        digest = hashlib.sha256()
        for group in (self.certificates, self.crls, self.ocsps):
            digest.update(len(group).to_bytes(8))
            for item in group:
                digest.update(hashlib.sha256(item.dump()).digest())
        return digest.digest()


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
        self._memory = paths.PathMemory()

    @property
    def has_lists(self) -> bool:
        """True when revocation lists are configured."""
        return bool(self._crls)

    @property
    def has_responses(self) -> bool:
        """True when OCSP responses are configured."""
        return bool(self._ocsps)

    def context(self, evidence: Evidence, moment: datetime, proof: Proof, made_until: datetime | None = None) -> Any:
        """Return a context that judges certificates for ``moment``.

        Args:
            evidence: What the file brought along.
            moment: Time of judgement.
            proof: What must prove that a certificate was not revoked.
            made_until: Leave lists and responses out that were made later.

        A context is for one signature: pyHanko adds the certificates it meets to it. It remembers paths that were good
        under this configuration with this evidence (see :mod:`.paths`).
        """

        def make() -> ValidationContext:
            return self._context(evidence, moment, proof, made_until)

        if not paths.installed():
            return make()
        key = (proof, made_until, evidence.fingerprint)
        return paths.RememberingContext(self._memory, key, moment, self._algorithms, make)

    def _context(
        self, evidence: Evidence, moment: datetime, proof: Proof, made_until: datetime | None
    ) -> ValidationContext:
        policy = NO_REVOCATION if proof is Proof.NONE else REQUIRE_REVINFO
        crls = [] if proof is Proof.NONE else [*self._crls, *evidence.crls]
        ocsps = [*self._ocsps, *evidence.ocsps] if proof is Proof.ANY else []
        if made_until is not None:
            crls = [one for one in crls if _speaks_of_ended(one, made_until)]
            ocsps = [one for one in ocsps if _answered_at(one) <= made_until]
        return ValidationContext(
            trust_roots=self._anchors,
            other_certs=[*self._intermediates, *evidence.certificates],
            crls=crls,
            ocsps=ocsps,
            moment=moment,
            allow_fetching=False,
            revinfo_policy=CertRevTrustPolicy(policy, retroactive_revinfo=True),
            algorithm_usage_policy=self._algorithms,
        )


def _speaks_of_ended(one: crl.CertificateList, ended: datetime) -> bool:
    """Tell whether a list was made before a certificate ended, or keeps those that ended since then."""
    if one["tbs_cert_list"]["this_update"].native <= ended:
        return True
    for extension in one["tbs_cert_list"]["crl_extensions"]:
        if extension["extn_id"].dotted == _EXPIRED_CERTS_ON_CRL:
            since: datetime = core.GeneralizedTime.load(extension["extn_value"].native).native
            return since <= ended
    return False


def _answered_at(one: ocsp.OCSPResponse) -> datetime:
    answered: datetime = one["response_bytes"]["response"].parsed["tbs_response_data"]["produced_at"].native
    return answered


def _load(kind: Any, ders: Iterable[bytes]) -> list[Any]:
    loaded = [kind.load(der, strict=True) for der in ders]
    for item in loaded:
        # Parsing is lazy: what is damaged, or something else, must show now, not with every document.
        for name in _HEADS[kind]:
            item[0][name].native  # noqa: B018 -- reads it
    return loaded
