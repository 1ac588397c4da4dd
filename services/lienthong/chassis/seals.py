"""Seals: what the axis promised (a receipt, a status), signed so that a stranger's tool can check it.

A seal is CMS SignedData (RFC 5652), detached, over the *subject*: a JSON object in the canonical form of
RFC 8785 (members sorted by UTF-16 code units, no white space, UTF-8, numbers as ECMAScript writes them).
The same subject has the same bytes on every machine, so a seal can be checked by whoever holds the subject
as data only.

* one signer, ECDSA on P-256 with SHA-256, certificate profile :func:`lienthong.chassis.profiles.seal`;
* signed attributes: content-type, message-digest, signing-time (as passed in, whole seconds, UTC) and
  signing-certificate-v2 (RFC 5035), so that no other certificate of the same key can be put in its place;
* the signer's certificate and its chain, without the axis root, are inside.

Anybody checks it with the subject, the seal and the root, and no other flag::

    openssl cms -verify -binary -inform DER -in seal.cms -content receipt.json -CAfile axis.pem -out /dev/null

``-binary`` keeps openssl from rewriting line ends before it hashes. The default purpose of that command
(``smimesign``) is met by the seal profile. openssl judges certificates at the present time; to check an old
receipt
after its certificate has ended, add ``-attime`` with the signing time in seconds since 1970.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import rfc8785
from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.chassis.seal_check import SealProblem, SealVerdict, verify_seal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cryptography import x509

__all__ = ["Seal", "SealError", "SealProblem", "SealVerdict", "Sealer", "canonical", "verify_seal"]

_ECDSA_SHA256 = ec.ECDSA(hashes.SHA256())
_UTC_TIME_ENDS = 2050
"""CMS writes years before 2050 as UTCTime and later ones as GeneralizedTime (RFC 5652 section 11.3)."""


class SealError(ValueError):
    """A subject cannot be sealed, or key and certificate do not belong together; the message says which."""


@dataclass(frozen=True)
class Seal:
    """A sealed subject: the very bytes that were signed, and the detached signature over them (CMS, DER)."""

    subject_bytes: bytes
    cms_der: bytes


def canonical(subject: Mapping[str, Any]) -> bytes:
    """Return the byte form of ``subject`` that seals are made over (RFC 8785).

    Raises:
        SealError: A value has no canonical form: a number beyond 2**53, NaN, a lone surrogate, an object of
            another type than JSON knows.
    """
    try:
        if _is_plain(subject):
            # Of texts, truth values and ASCII names the standard encoder makes the same bytes, in a tenth of the time.
            return json.dumps(subject, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        return rfc8785.dumps(dict(subject))
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeError) as error:
        raise SealError(f"subject has no canonical JSON form: {error}; send large numbers as text") from error


def _is_plain(value: object) -> bool:
    if isinstance(value, str | bool | None):
        return True
    if type(value) is dict:
        return all(type(name) is str and name.isascii() and _is_plain(one) for name, one in value.items())
    return type(value) is list and all(map(_is_plain, value))


class Sealer:
    """Seals subjects with one key. Thread-safe: everything it holds is fixed at construction.

    All parts of the CMS that do not change from seal to seal are encoded once, here; a seal costs one
    SHA-256, one P-256 signature and the joining of a few byte strings.

    Args:
        key: P-256 private key.
        certificate: The key's certificate, profile :func:`lienthong.chassis.profiles.seal`.
        chain: Certificates between ``certificate`` and the root, in any order, without the root; often empty.

    Raises:
        SealError: The key is not P-256, or the certificate is of another key.
    """

    def __init__(
        self,
        key: ec.EllipticCurvePrivateKey,
        certificate: x509.Certificate,
        chain: Sequence[x509.Certificate],
    ) -> None:
        if not isinstance(key.curve, ec.SECP256R1):
            raise SealError(f"seal keys are P-256, this one is {key.curve.name}")
        if certificate.public_key() != key.public_key():
            raise SealError("the certificate is of another key than the seal key; certify this key again")
        self._key = key
        self._frame = _Frame.of(certificate, chain)
        self.certificate = certificate

    def seal(self, subject: Mapping[str, Any], at: datetime) -> Seal:
        """Seal ``subject`` as of ``at`` (aware; parts of a second are dropped).

        Raises:
            SealError: The subject has no canonical form, or ``at`` has no zone.
        """
        if at.tzinfo is None:
            raise SealError("a seal needs a signing time with its zone; pass an aware datetime")
        content = canonical(subject)
        attributes = self._frame.attributes(hashlib.sha256(content).digest(), at)
        signature = self._key.sign(_tlv(0x31, attributes), _ECDSA_SHA256)
        return Seal(content, self._frame.assemble(attributes, signature))


@dataclass(frozen=True)
class _Frame:
    """The constant parts of a seal, as DER; ``assemble`` puts the changing ones between them."""

    content_type: bytes
    signing_certificate: bytes
    before_signer: bytes
    signer_head: bytes
    signer_algorithm: bytes

    @classmethod
    def of(cls, certificate: x509.Certificate, chain: Sequence[x509.Certificate]) -> _Frame:
        leaf = certificate.public_bytes(Encoding.DER)
        digest_algorithm = algos.DigestAlgorithm({"algorithm": "sha256"})
        parsed = asn1_x509.Certificate.load(leaf)
        sid = cms.IssuerAndSerialNumber({"issuer": parsed.issuer, "serial_number": parsed.serial_number})
        ders = [leaf, *(link.public_bytes(Encoding.DER) for link in chain)]
        # A SET OF is ordered by its encodings in DER (X.690 section 11.6).
        certificates = _tlv(0xA0, b"".join(sorted(ders)))
        encapsulated = cms.ContentInfo({"content_type": "data"}).dump()
        return cls(
            content_type=cms.CMSAttribute({"type": "content_type", "values": ["data"]}).dump(),
            signing_certificate=_signing_certificate(leaf),
            before_signer=_integer(1) + _tlv(0x31, digest_algorithm.dump()) + encapsulated + certificates,
            signer_head=_integer(1) + sid.dump() + digest_algorithm.dump(),
            signer_algorithm=algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}).dump(),
        )

    def attributes(self, digest: bytes, at: datetime) -> bytes:
        """Return the content of the SET of signed attributes, in DER order."""
        members = (
            self.content_type,
            self.signing_certificate,
            _MESSAGE_DIGEST_HEAD + digest,
            _SIGNING_TIME_HEADS[at.astimezone(UTC).year < _UTC_TIME_ENDS] + _time(at),
        )
        return b"".join(sorted(members))

    def assemble(self, attributes: bytes, signature: bytes) -> bytes:
        signer = self.signer_head + _tlv(0xA0, attributes) + self.signer_algorithm + _tlv(0x04, signature)
        signed_data = _tlv(0x30, self.before_signer + _tlv(0x31, _tlv(0x30, signer)))
        return _tlv(0x30, _SIGNED_DATA_OID + _tlv(0xA0, signed_data))


def _tlv(tag: int, content: bytes) -> bytes:
    """Return one DER element: tag, definite length in its shortest form, content (X.690 section 8.1.3)."""
    length = len(content)
    if length < 0x80:  # noqa: PLR2004 - the short form ends here
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(size))) + size + content


def _integer(value: int) -> bytes:
    return bytes(core.Integer(value).dump())


def _time(at: datetime) -> bytes:
    moment = at.astimezone(UTC)
    pattern = "%y%m%d%H%M%SZ" if moment.year < _UTC_TIME_ENDS else "%Y%m%d%H%M%SZ"
    return moment.strftime(pattern).encode("ascii")


def _signing_certificate(leaf: bytes) -> bytes:
    identifier = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(leaf).digest()})
    value = tsp.SigningCertificateV2({"certs": [identifier]})
    return bytes(cms.CMSAttribute({"type": "signing_certificate_v2", "values": [value]}).dump())


def _head(attribute: cms.CMSAttribute, value_length: int) -> bytes:
    return bytes(attribute.dump()[:-value_length])


_SIGNED_DATA_OID = bytes(cms.ContentType("signed_data").dump())
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_BLANK_DIGEST = bytes(hashlib.sha256().digest_size)


def _attribute(kind: str, value: object) -> cms.CMSAttribute:
    return cms.CMSAttribute({"type": kind, "values": [value]})


# These attributes end in a value of fixed length: a specimen without that value is the head of every other
# one.
_MESSAGE_DIGEST_HEAD = _head(_attribute("message_digest", _BLANK_DIGEST), len(_BLANK_DIGEST))
_SIGNING_TIME_HEADS = {
    True: _head(_attribute("signing_time", cms.Time({"utc_time": _EPOCH})), len("000101000000Z")),
    False: _head(_attribute("signing_time", cms.Time({"generalized_time": _EPOCH})), len("20000101000000Z")),
}
