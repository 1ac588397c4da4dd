"""Certificates of systems, issued by the authority of the axis."""

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from lienthong.chassis import pki, profiles
from lienthong.chassis.directory.messages import system_of
from lienthong.chassis.directory.model import System
from lienthong.chassis.directory.store import load_system
from lienthong.chassis.errors import AxisError, Violation, invalid, precondition, unavailable
from lienthong.chassis.keyfiles import load_certificates, read_request, to_pem
from lienthong.chassis.keyring import Keyring
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.times import to_micros, to_timestamp
from lienthong.chassis.uow import AuditEntry, UnitOfWork
from lienthong.signing import storage
from lienthong.signing.storage import IssuedCertificate
from lienthong.signing.v1 import signing_pb2 as pb

_RETRY = timedelta(seconds=1)
_ORGANISATION_LENGTH = 64
"""Characters of an organisation's name in a certificate (RFC 5280, ub-organization-name)."""


class AxisAuthority:
    """The authority of the axis, from its files; read at each use, so that a renewed one is taken up."""

    def __init__(self, keys: Keyring) -> None:
        self._keys = keys
        self._key, self._chain = keys.root.key, keys.root.chain

    def root(self) -> bytes:
        """Gives its certificate in PEM.

        Raises:
            AxisError: FAILED_PRECONDITION when the file is not there or damaged.
        """
        try:
            return to_pem(load_certificates(self._chain))
        except (OSError, pki.PkiError) as error:
            raise _missing(self._chain, error) from error

    def load(self) -> pki.Authority:
        """Gives it with its key.

        Raises:
            AxisError: FAILED_PRECONDITION when a file is not there or damaged.
        """
        try:
            return pki.Authority(load_certificates(self._chain)[0], self._keys.load(self._key))
        except (OSError, pki.PkiError) as error:
            raise _missing(self._key, error) from error


def issue_certificate(
    work: UnitOfWork, call: Call, request: pb.IssueCertificateRequest, authority: AxisAuthority, days: int
) -> pb.Certificate:
    """Certifies the key of a request for a system; names in the request are ignored.

    Raises:
        AxisError: INVALID_ARGUMENT for a bad request, UNAVAILABLE for a system that is not known yet,
            FAILED_PRECONDITION for one that is revoked, or when the authority cannot certify.
    """
    signing_request = _read_request(request.csr)
    system = _system(work, request.system.removeprefix("systems/"))
    issuer = authority.load()
    certificate = _certify(issuer, signing_request, system, _validity(issuer, work.now, days))
    issued = IssuedCertificate(
        serial=f"{certificate.serial_number:x}",
        system=system.id,
        sha256=certificate.fingerprint(hashes.SHA256()),
        chain=to_pem([certificate, issuer.certificate]),
        issued_at=work.now_micros,
        expires_at=to_micros(certificate.not_valid_after_utc),
        issued_by=call.caller.system.id,
    )
    storage.add_certificate(work.connection, issued)
    work.record(_entry(call, issued))
    return pb.Certificate(
        chain=issued.chain, sha256=issued.sha256, expire_time=to_timestamp(certificate.not_valid_after_utc)
    )


def _read_request(data: bytes) -> x509.CertificateSigningRequest:
    try:
        return read_request(data)
    except pki.PkiError as error:
        raise _bad_request(str(error)) from error


def _system(work: UnitOfWork, identifier: str) -> System:
    message = load_system(work.connection, identifier)
    if message is None:
        raise unavailable(
            "SYSTEM_NOT_KNOWN_YET",
            f"system {identifier!r} is not known here yet; when it is registered, its registration is on the way. "
            "Try again, or register it first.",
            _RETRY,
            system=identifier,
        )
    system = system_of(message)
    if system.revoked is not None and system.revoked <= work.now:
        raise precondition(
            "SYSTEM_REVOKED",
            f"system {system.name!r} was revoked at {system.revoked.isoformat()} and gets no more certificates. "
            "Register a new system.",
            system=identifier,
        )
    return system


def _validity(issuer: pki.Authority, now: datetime, days: int) -> pki.Validity:
    validity = pki.Validity.starting(now, days)
    ends = issuer.certificate.not_valid_after_utc
    if validity.not_after <= ends:
        return validity.within(issuer.certificate)
    raise precondition(
        "AUTHORITY_ENDS",
        f"The authority of the axis ends at {ends.isoformat()}, before a certificate of {days} days would. "
        "Let the operator extend the authority first: `lienthong keys extend`.",
    )


def _certify(
    issuer: pki.Authority, request: x509.CertificateSigningRequest, system: System, validity: pki.Validity
) -> x509.Certificate:
    organisation = (system.name.strip() or system.id)[:_ORGANISATION_LENGTH]
    profile = profiles.system_client(system.id, organisation)
    try:
        return issuer.issue_from_request(request, profile, validity, x509.random_serial_number())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _bad_request(str(error)) from error


def _bad_request(rule: str) -> AxisError:
    remedy = "Make a request (PKCS#10, PEM) with a P-256 key, signed by that key."
    return invalid("CSR_INVALID", f"csr: {rule}. {remedy}", Violation("csr", "CSR_INVALID", rule, remedy))


def _missing(path: Path, error: Exception) -> AxisError:
    return precondition(
        "AUTHORITY_UNUSABLE",
        f"The authority of the axis cannot be used here: {path.name}: {type(error).__name__}. Put its key and "
        "certificate into the folder of keys.",
    )


def _entry(call: Call, issued: IssuedCertificate) -> AuditEntry:
    return AuditEntry(
        call.caller.system.id,
        call.caller.scope,
        "certificate.issue",
        f"systems/{issued.system}",
        person=call.caller.person,
        detail=f"serial {issued.serial}",
    )
