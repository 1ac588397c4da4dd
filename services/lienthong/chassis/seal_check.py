"""Check seals made by :mod:`lienthong.chassis.seals`: one verdict, one reason when it is not good."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_SEAL = 64 * 1024
"""Bytes. A seal with a chain of two certificates has about 2 KiB."""
LONGEST_CHAIN = 4
CLOCK_SKEW = timedelta(minutes=5)
"""How far a signing time may lie ahead of the time of checking: clocks of agencies differ (QD28 Art. 12)."""


class SealProblem(StrEnum):
    """Why a seal is not good."""

    MALFORMED = "malformed"
    """Not a detached CMS signature of the form that seals have."""
    SUBJECT_CHANGED = "subject-changed"
    """The seal is of other bytes than the subject shown."""
    SIGNATURE_WRONG = "signature-wrong"
    """The signature was not made by the key of the certificate inside."""
    CERTIFICATE_SWAPPED = "certificate-swapped"
    """The signed attributes name another certificate."""
    UNKNOWN_ISSUER = "unknown-issuer"
    """No chain leads from the signer's certificate to an anchor."""
    NOT_A_SEAL_KEY = "not-a-seal-key"
    """The certificate was issued for something else than sealing."""
    OUTSIDE_VALIDITY = "outside-validity"
    """A certificate was not valid at the time asked for, or the signer's not at the signing time."""
    SIGNED_IN_FUTURE = "signed-in-future"
    """The signing time lies after the time asked for."""


@dataclass(frozen=True)
class SealVerdict:
    """Outcome of a check. ``signer`` and ``signed_at`` are claims unless ``problem`` is None."""

    problem: SealProblem | None
    signer: x509.Certificate | None = None
    signed_at: datetime | None = None

    @property
    def valid(self) -> bool:
        """True when nothing is wrong with the seal."""
        return self.problem is None


class _BadSealError(Exception):
    def __init__(self, problem: SealProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def verify_seal(subject_bytes: bytes, cms_der: bytes, anchors: Sequence[x509.Certificate], at: datetime) -> SealVerdict:
    """Check a seal over exactly ``subject_bytes``; never raises for bad input.

    Args:
        subject_bytes: The canonical subject, as sealed.
        cms_der: The seal.
        anchors: Axis roots that are trusted.
        at: Time for which the chain is judged (aware): now for a fresh seal, the signing time for an
        archived one
            whose certificate has ended since.

    Returns:
        The verdict, with the first problem found.
    """
    signer: x509.Certificate | None = None
    signed_at: datetime | None = None
    try:
        parsed = _parse(cms_der)
        signer, signed_at = parsed.signer, parsed.signed_at
        _check_signature(parsed, subject_bytes)
        _check_purpose(parsed.signer)
        _check_times(parsed, at)
        _check_chain(parsed, anchors, at)
    except _BadSealError as error:
        return SealVerdict(error.problem, signer, signed_at)
    return SealVerdict(None, signer, signed_at)


@dataclass(frozen=True)
class _Parsed:
    signer: x509.Certificate
    others: tuple[x509.Certificate, ...]
    signed_at: datetime
    digest: bytes
    certificate_hash: bytes
    attributes: bytes
    signature: bytes


def _parse(cms_der: bytes) -> _Parsed:
    if len(cms_der) > LARGEST_SEAL:
        raise _BadSealError(SealProblem.MALFORMED)
    try:
        return _read(cms_der)
    except _BadSealError:
        raise
    # asn1crypto and cryptography answer bad DER with whatever broke first: ValueError, TypeError, KeyError
    # and more.
    except Exception as error:
        raise _BadSealError(SealProblem.MALFORMED) from error


def _read(cms_der: bytes) -> _Parsed:
    info = cms.ContentInfo.load(cms_der, strict=True)
    _require(info["content_type"].native == "signed_data")
    data = info["content"]
    _require(len(data["signer_infos"]) == 1 and data["encap_content_info"]["content"].native is None)
    signer_info = data["signer_infos"][0]
    _require(signer_info["digest_algorithm"]["algorithm"].native == "sha256")
    _require(signer_info["signature_algorithm"]["algorithm"].native == "sha256_ecdsa")
    attributes = _attributes(signer_info["signed_attrs"])
    _require(attributes["content_type"].native == "data")
    certificates = [x509.load_der_x509_certificate(choice.chosen.dump()) for choice in data["certificates"]]
    signer = _named_by(signer_info["sid"], certificates)
    return _Parsed(
        signer=signer,
        others=tuple(certificate for certificate in certificates if certificate != signer),
        signed_at=attributes["signing_time"].native,
        digest=attributes["message_digest"].native,
        certificate_hash=_certificate_hash(attributes["signing_certificate_v2"]),
        attributes=signer_info["signed_attrs"].untag().dump(),
        signature=signer_info["signature"].native,
    )


def _require(condition: bool) -> None:  # noqa: FBT001 - reads as a sentence at every call
    if not condition:
        raise _BadSealError(SealProblem.MALFORMED)


def _attributes(attributes: cms.CMSAttributes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for attribute in attributes:
        kind = attribute["type"].native
        # A doubled attribute would let two readers see two different values (RFC 5652 section 11).
        _require(kind not in found and len(attribute["values"]) == 1)
        found[kind] = attribute["values"][0]
    return found


def _certificate_hash(value: tsp.SigningCertificateV2) -> bytes:
    identifier = value["certs"][0]
    _require(identifier["hash_algorithm"]["algorithm"].native == "sha256")
    return bytes(identifier["cert_hash"].native)


def _named_by(sid: cms.SignerIdentifier, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    _require(sid.name == "issuer_and_serial_number")
    issuer, serial = sid.chosen["issuer"].dump(), sid.chosen["serial_number"].native
    for certificate in certificates:
        if certificate.serial_number == serial and certificate.issuer.public_bytes() == issuer:
            return certificate
    raise _BadSealError(SealProblem.MALFORMED)


def _check_signature(parsed: _Parsed, subject_bytes: bytes) -> None:
    if hashlib.sha256(parsed.signer.public_bytes(Encoding.DER)).digest() != parsed.certificate_hash:
        raise _BadSealError(SealProblem.CERTIFICATE_SWAPPED)
    key = parsed.signer.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _BadSealError(SealProblem.NOT_A_SEAL_KEY)
    try:
        key.verify(parsed.signature, parsed.attributes, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise _BadSealError(SealProblem.SIGNATURE_WRONG) from error
    if hashlib.sha256(subject_bytes).digest() != parsed.digest:
        raise _BadSealError(SealProblem.SUBJECT_CHANGED)


def _check_purpose(signer: x509.Certificate) -> None:
    try:
        usage = signer.extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError) as error:
        raise _BadSealError(SealProblem.NOT_A_SEAL_KEY) from error
    if not usage.content_commitment or ExtendedKeyUsageOID.EMAIL_PROTECTION not in purposes:
        raise _BadSealError(SealProblem.NOT_A_SEAL_KEY)


def _check_times(parsed: _Parsed, at: datetime) -> None:
    if parsed.signed_at > at + CLOCK_SKEW:
        raise _BadSealError(SealProblem.SIGNED_IN_FUTURE)
    if not _valid_at(parsed.signer, at) or not _valid_at(parsed.signer, parsed.signed_at):
        raise _BadSealError(SealProblem.OUTSIDE_VALIDITY)


def _valid_at(certificate: x509.Certificate, moment: datetime) -> bool:
    return certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc


def _check_chain(parsed: _Parsed, anchors: Sequence[x509.Certificate], at: datetime) -> None:
    link, expired = parsed.signer, False
    for depth in range(LONGEST_CHAIN):
        for anchor in anchors:
            if _issued(anchor, link, depth):
                if not expired and _valid_at(anchor, at):
                    return
                expired = True
        issuer = next((other for other in parsed.others if _issued(other, link, depth)), None)
        if issuer is None:
            break
        expired = expired or not _valid_at(issuer, at)
        link = issuer
    raise _BadSealError(SealProblem.OUTSIDE_VALIDITY if expired else SealProblem.UNKNOWN_ISSUER)


def _issued(issuer: x509.Certificate, certificate: x509.Certificate, below: int) -> bool:
    """Tell whether ``issuer`` is an authority that signed ``certificate``, ``below`` authorities under it."""
    try:
        certificate.verify_directly_issued_by(issuer)
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    if not constraints.ca or not usage.key_cert_sign:
        return False
    return constraints.path_length is None or below <= constraints.path_length
