"""Certificates of the axis: who may serve, who may call, which key may seal.

One authority (``axis root``) certifies every key inside the axis; what a certificate says of its holder is its
profile (:mod:`lienthong.chassis.profiles`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

SMALLEST_RSA_BITS = 2048
LONGEST_LIFE = timedelta(days=3650)
"""What an authority is given at a time; one that was extended began long before."""
CLOCKS_DIFFER = timedelta(hours=1)
"""Whose clock is behind by less takes a certificate from its first moment on."""

_CURVES = ("secp256r1", "secp384r1")  # not P-521: TLS of gRPC ends such a handshake without a word


class PkiError(ValueError):
    """A key, request or certificate cannot be used; the message names it, the rule and the remedy."""


@dataclass(frozen=True)
class Validity:
    """Span of time in which a certificate is good, both ends included, in whole seconds of UTC."""

    not_before: datetime
    not_after: datetime

    @classmethod
    def starting(cls, now: datetime, days: int) -> Validity:
        """Return the span of ``days`` days from ``now`` (aware), and :data:`CLOCKS_DIFFER` before it.

        Raises:
            PkiError: The time is naive.
        """
        if now.tzinfo is None:
            raise PkiError("validity needs a time with its zone; pass an aware datetime")
        start = now.astimezone(UTC).replace(microsecond=0)
        return cls(start - CLOCKS_DIFFER, start + timedelta(days=days))

    def within(self, issuer: x509.Certificate) -> Validity:
        """Return what of the span lies in the life of the authority that certifies."""
        begin = max(self.not_before, issuer.not_valid_before_utc)
        return Validity(begin, min(self.not_after, issuer.not_valid_after_utc))


@dataclass(frozen=True)
class Profile:
    """What a certificate says of its holder: subject, alternative names, key usages."""

    subject: x509.Name
    names: tuple[x509.GeneralName, ...]
    purposes: tuple[ObjectIdentifier, ...]
    commits: bool = False
    """True when signatures by this key bind the axis (nonRepudiation)."""


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a fresh P-256 key, the only kind the axis makes for itself."""
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Authority:
    """A certificate authority: its certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def issue(
        self, public_key: CertificatePublicKeyTypes, profile: Profile, validity: Validity, serial: int
    ) -> x509.Certificate:
        """Certify ``public_key`` under ``profile``.

        Args:
            public_key: RSA of 2048 bits or more, or EC on P-256 or P-384; a seal key must be P-256.
            profile: What the certificate says; see :mod:`lienthong.chassis.profiles`.
            validity: Must lie within this authority's own.
            serial: Positive, unique per authority, at most 159 bits (RFC 5280 4.1.2.2);
                ``x509.random_serial_number()`` gives one.

        Raises:
            PkiError: The key is too weak, or the validity exceeds the authority's.
        """
        _check_key(public_key, commits=profile.commits)
        _check_within(validity, self.certificate)
        builder = _builder(profile.subject, self.certificate.subject, public_key, validity, serial)
        for extension, critical in _leaf_extensions(profile, public_key, self.certificate):
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, hashes.SHA256())

    def issue_from_request(
        self, request: x509.CertificateSigningRequest, profile: Profile, validity: Validity, serial: int
    ) -> x509.Certificate:
        """Certify the key of ``request`` after checking that its sender holds it; names in it are ignored.

        Raises:
            PkiError: The request is not signed by its own key, or as :meth:`issue`.
        """
        check_request(request)
        return self.issue(request.public_key(), profile, validity, serial)


def subject_of(common_name: str, organisation: str) -> x509.Name:
    """Return the name of a certificate's holder; a PkiError says what of it does not fit."""
    try:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )
    except ValueError as error:
        raise PkiError(f"name {common_name!r} of {organisation!r} does not fit: {error}") from error


def make_authority(common_name: str, organisation: str, validity: Validity, serial: int) -> Authority:
    """Make a self-signed authority with a fresh P-256 key; it certifies end entities only (path length 0)."""
    return _self_signed(new_key(), subject_of(common_name, organisation), validity, serial)


def extend_authority(authority: Authority, until: datetime, serial: int) -> Authority:
    """Certify an authority anew with the same name, key and begin, so that whatever it certified stays good."""
    current = authority.certificate
    return _self_signed(authority.key, current.subject, Validity(current.not_valid_before_utc, until), serial)


def _self_signed(key: ec.EllipticCurvePrivateKey, subject: x509.Name, validity: Validity, serial: int) -> Authority:
    public_key = key.public_key()
    identifier = x509.SubjectKeyIdentifier.from_public_key(public_key)
    certificate = (
        _builder(subject, subject, public_key, validity, serial)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def make_request(key: ec.EllipticCurvePrivateKey, common_name: str) -> x509.CertificateSigningRequest:
    """Return a request that proves possession of ``key``; the name is for the operator's eyes only."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())


def check_request(request: x509.CertificateSigningRequest) -> None:
    """Refuse a request that is not signed by its own key, or whose key is too weak, with a PkiError."""
    if not request.is_signature_valid:
        raise PkiError("the certificate signing request is not signed by its own key; make a new one with that key")
    _check_key(request.public_key())


def needs_renewal(certificate: x509.Certificate, now: datetime) -> bool:
    """Tell whether a third or less of the certificate's life is left at ``now``, all of it is over, or none has begun.

    One that has not begun was made while the clock was ahead.
    """
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return now < begins or now >= ends - min(ends - begins, LONGEST_LIFE) / 3


def identities(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the URIs a certificate carries, such as ``urn:lienthong:system:hcm-dms``; empty when none."""
    return tuple(name.value for name in names_of(certificate) if isinstance(name, x509.UniformResourceIdentifier))


def names_of(certificate: x509.Certificate) -> tuple[x509.GeneralName, ...]:
    """Return the alternative names of a certificate in their order; empty when there are none."""
    try:
        return tuple(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return ()


def _check_key(public_key: CertificatePublicKeyTypes, *, commits: bool = False) -> None:
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        curves = _CURVES[:1] if commits else _CURVES
        if public_key.curve.name in curves:
            return
        raise PkiError(f"a key on {public_key.curve.name} is not accepted here, only on {' or '.join(curves)}")
    if commits or not isinstance(public_key, rsa.RSAPublicKey):
        raise PkiError("this kind of key is not accepted here; make a P-256 key")
    if public_key.key_size < SMALLEST_RSA_BITS:
        raise PkiError(f"RSA key of {public_key.key_size} bits is too short; {SMALLEST_RSA_BITS} or P-256 will do")


def _check_within(validity: Validity, issuer: x509.Certificate) -> None:
    if validity.not_before < issuer.not_valid_before_utc or validity.not_after > issuer.not_valid_after_utc:
        raise PkiError(
            f"validity {validity.not_before} to {validity.not_after} exceeds the authority's, which ends "
            f"{issuer.not_valid_after_utc}; shorten it or renew the authority"
        )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: CertificatePublicKeyTypes,
    validity: Validity,
    serial: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(validity.not_before)
        .not_valid_after(validity.not_after)
    )


def _leaf_extensions(
    profile: Profile, public_key: CertificatePublicKeyTypes, issuer: x509.Certificate
) -> list[tuple[x509.ExtensionType, bool]]:
    issuer_key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(commits=profile.commits), True),
        (x509.ExtendedKeyUsage(profile.purposes), False),
        (x509.SubjectAlternativeName(profile.names), False),
        (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key), False),
    ]


def _key_usage(*, authority: bool = False, commits: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=commits,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
