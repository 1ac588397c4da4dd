"""A signing authority made at run time: for tests, demonstrations and load, never for real documents.

It looks like the special-purpose authority of the State (QD28 Art. 18): a root, an intermediate, certificates of
persons (``UID=CCCD:…``, a title, the agency as organisation) and of agencies (``UID=MST:…``, the agency as common
name), revocation lists of both authorities, and a time-stamp authority. Keys are RSA-2048, as in the field.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.x509.oid import ObjectIdentifier

CRL_LIFE = timedelta(days=30)
_KEY_BITS = 2048


@dataclass(frozen=True)
class Identity:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def asn1(self) -> asn1_x509.Certificate:
        """The certificate as pyHanko takes it."""
        return asn1_x509.Certificate.load(self.der)


@dataclass
class DemoAuthority:
    """Root, intermediate and what they issued; make one with :meth:`create`."""

    now: datetime
    root: Identity
    intermediate: Identity
    responder_url: str = ""
    """Where certificates say that they can be asked about (OCSP); verification never asks there."""
    _serial: int = 1000
    _revoked: dict[int, tuple[datetime, x509.ReasonFlags]] = field(default_factory=dict)

    @classmethod
    def create(cls, now: datetime) -> DemoAuthority:
        """Make an authority whose certificates are good from a year before ``now`` to nine years after."""
        root_key, key = _key(), _key()
        root_name = _name({NameOID.COMMON_NAME: "CA gốc trình diễn", NameOID.ORGANIZATION_NAME: "Trình diễn"})
        name = _name({NameOID.COMMON_NAME: "CA chuyên dùng trình diễn", NameOID.ORGANIZATION_NAME: "Trình diễn"})
        root = _authority(root_name, root_name, root_key, root_key, now, 1)
        return cls(now, Identity(root, root_key), Identity(_authority(name, root_name, key, root_key, now, 2), key))

    def person(
        self, common_name: str, organisation: str, title: str, citizen_id: str, until: datetime | None = None
    ) -> Identity:
        """Issue a certificate of a person who signs for an agency (``UID=CCCD:<citizen id>``), good till ``until``."""
        subject = {
            NameOID.COMMON_NAME: common_name,
            NameOID.ORGANIZATION_NAME: organisation,
            NameOID.TITLE: title,
            NameOID.USER_ID: f"CCCD:{citizen_id}",
        }
        return self._issue(subject, until=until)

    def agency(self, name: str, tax_code: str) -> Identity:
        """Issue a certificate of an agency (``UID=MST:<tax code>``), the electronic form of its seal."""
        subject = {
            NameOID.COMMON_NAME: name,
            NameOID.ORGANIZATION_NAME: name,
            NameOID.USER_ID: f"MST:{tax_code}",
        }
        return self._issue(subject)

    def time_stamper(self) -> Identity:
        """Issue a certificate for time stamps (RFC 3161)."""
        return self._issue({NameOID.COMMON_NAME: "TSA trình diễn"}, purpose=ExtendedKeyUsageOID.TIME_STAMPING)

    def responder(self) -> Identity:
        """Issue a certificate for answers about certificates (OCSP, RFC 6960)."""
        return self._issue({NameOID.COMMON_NAME: "OCSP trình diễn"}, purpose=ExtendedKeyUsageOID.OCSP_SIGNING)

    def revoke(
        self,
        identity: Identity,
        at: datetime,
        reason: x509.ReasonFlags = x509.ReasonFlags.cessation_of_operation,
    ) -> None:
        """Put ``identity`` on the revocation lists made from now on, revoked at ``at``."""
        self._revoked[identity.certificate.serial_number] = (at, reason)

    def revocation_lists(self, at: datetime) -> tuple[bytes, bytes]:
        """Return the lists of root and intermediate (DER), issued at ``at``, good for 30 days."""
        return (
            _revocation_list(self.root, {}, at),
            _revocation_list(self.intermediate, self._revoked, at),
        )

    def _issue(
        self,
        subject: Mapping[ObjectIdentifier, str],
        purpose: ObjectIdentifier | None = None,
        until: datetime | None = None,
    ) -> Identity:
        self._serial += 1
        key = _key()
        issuer = self.intermediate
        builder = _certificate(_name(subject), issuer.certificate.subject, key, self.now, self._serial, until)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(commits=purpose is None), critical=True)
        if purpose is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
        if purpose == ExtendedKeyUsageOID.OCSP_SIGNING:
            builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
        elif self.responder_url:
            where = x509.UniformResourceIdentifier(self.responder_url)
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, where)
            builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        return Identity(_sign(builder, key, issuer.key), key)


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, _KEY_BITS)


def _name(parts: Mapping[ObjectIdentifier, str]) -> x509.Name:
    country = x509.NameAttribute(NameOID.COUNTRY_NAME, "VN")
    return x509.Name([country, *(x509.NameAttribute(kind, text) for kind, text in parts.items())])


def _authority(
    subject: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPrivateKey,
    issuer_key: rsa.RSAPrivateKey,
    now: datetime,
    serial: int,
) -> x509.Certificate:
    builder = _certificate(subject, issuer, key, now, serial)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_usage(authority=True), critical=True)
    return _sign(builder, key, issuer_key)


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPrivateKey,
    now: datetime,
    serial: int,
    until: datetime | None = None,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - timedelta(days=365))
        .not_valid_after(until or now + timedelta(days=9 * 365))
    )


def _sign(builder: x509.CertificateBuilder, key: rsa.RSAPrivateKey, issuer_key: rsa.RSAPrivateKey) -> x509.Certificate:
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuers = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = builder.add_extension(own, critical=False).add_extension(issuers, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _usage(*, authority: bool = False, commits: bool = False) -> x509.KeyUsage:
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


def _revocation_list(issuer: Identity, revoked: Mapping[int, tuple[datetime, x509.ReasonFlags]], at: datetime) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(at)
        .next_update(at + CRL_LIFE)
        .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    )
    for serial, (moment, reason) in revoked.items():
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment)
        builder = builder.add_revoked_certificate(entry.add_extension(x509.CRLReason(reason), critical=False).build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)
