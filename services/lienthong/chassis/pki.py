"""Certificates of the axis: who may serve, who may call, which key may seal.

One authority (``axis root``) certifies every key inside the axis. The name a certificate carries comes
from the profile that the operator chose, never from the certificate signing request: a request proves
possession of a key and nothing else.

======================  ==================================  =============================================
profile                 subject alternative name            key usage / extended key usage
======================  ==================================  =============================================
:func:`tls_server`      host names and addresses            digitalSignature / serverAuth, clientAuth
:func:`system_client`   ``urn:lienthong:system:<id>``       digitalSignature / clientAuth
:func:`operator`        ``urn:lienthong:operator:<id>``     digitalSignature / clientAuth
:func:`seal`            ``urn:lienthong:seal:<service>``    digitalSignature, nonRepudiation /
                                                            emailProtection, documentSigning (RFC 9336)
======================  ==================================  =============================================

Services call each other with the certificate they serve with, hence clientAuth in :func:`tls_server`. A
seal needs emailProtection because ``openssl cms -verify`` judges signers by its purpose ``smimesign``
unless told otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""Extended key usage id-kp-documentSigning (RFC 9336)."""

SMALLEST_RSA_BITS = 2048
LONGEST_LIFE = timedelta(days=3650)
"""What an authority is given at a time; one that was extended began long before."""
CLOCKS_DIFFER = timedelta(hours=1)
"""Whose clock is behind by less takes a certificate from its first moment on."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
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


def tls_server(common_name: str, hosts: Sequence[str], organisation: str = "Lienthong") -> Profile:
    """Profile of a server; ``hosts`` are DNS names and IP addresses and must not be empty (RFC 9525)."""
    if not hosts:
        raise PkiError(f"server certificate {common_name!r} names no host; pass its DNS names or addresses")
    purposes = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
    return Profile(_subject(common_name, organisation), tuple(_host(host) for host in hosts), purposes)


def system_client(system_id: str, organisation: str) -> Profile:
    """Profile of a connected system (a DMS, a hub), known to the axis by ``urn:lienthong:system:<id>``."""
    return _caller("system", system_id, organisation)


def operator(operator_id: str, organisation: str) -> Profile:
    """Profile of a person who operates the axis, known to it by ``urn:lienthong:operator:<id>``."""
    return _caller("operator", operator_id, organisation)


def seal(service: str, organisation: str = "Lienthong") -> Profile:
    """Profile of the key with which ``service`` seals receipts and statuses (P-256 only)."""
    uri = x509.UniformResourceIdentifier(f"urn:lienthong:seal:{_identifier(service)}")
    subject = _subject(f"Lienthong seal: {service}", organisation)
    return Profile(subject, (uri,), (ExtendedKeyUsageOID.EMAIL_PROTECTION, DOCUMENT_SIGNING), commits=True)


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
            profile: What the certificate says; see the table of this module.
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


def make_authority(common_name: str, organisation: str, validity: Validity, serial: int) -> Authority:
    """Make a self-signed authority with a fresh P-256 key; it certifies end entities only (path length 0)."""
    return _self_signed(new_key(), _subject(common_name, organisation), validity, serial)


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


def _caller(role: str, identifier: str, organisation: str) -> Profile:
    uri = x509.UniformResourceIdentifier(f"urn:lienthong:{role}:{_identifier(identifier)}")
    return Profile(_subject(identifier, organisation), (uri,), (ExtendedKeyUsageOID.CLIENT_AUTH,))


def _identifier(text: str) -> str:
    if not _IDENTIFIER.fullmatch(text):
        raise PkiError(
            f"{text!r} cannot stand in a certificate: use 1 to 63 letters, digits, dots, dashes, underscores"
        )
    return text


def _subject(common_name: str, organisation: str) -> x509.Name:
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


_DNS_NAME = re.compile(r"[A-Za-z0-9*_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?", re.ASCII)


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        if not _DNS_NAME.fullmatch(host):
            rule = "is no DNS name or address; others than English letters are written as xn--..."
            raise PkiError(f"host {host!r} {rule}") from None
        return x509.DNSName(host)


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
