"""Certificates of systems: only for systems of the directory, only for keys that their holder has."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from lienthong.chassis import pki
from lienthong.chassis.auth.caller import credential_of
from lienthong.chassis.directory.messages import system_message
from lienthong.chassis.directory.model import Role, System
from lienthong.chassis.directory.store import save_system
from lienthong.chassis.errors import Code
from lienthong.chassis.events.tables import audit
from lienthong.chassis.keyfiles import request_to_pem
from lienthong.signing import storage
from lienthong.signing.v1 import signing_pb2 as pb
from lienthong.testing.service import HCMC, system_id

from .desk import Desk, desk_in

METHOD = "lienthong.signing.v1.Signing/IssueCertificate"
SYSTEM = system_id(HCMC)
KEY = pki.new_key()
CSR = request_to_pem(pki.make_request(KEY, "whoever"))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Signing on the bench; no worker runs."""
    return desk_in(tmp_path)


def asked(system: str = SYSTEM, csr: bytes = CSR, key: str = "a") -> pb.IssueCertificateRequest:
    """Makes a request."""
    return pb.IssueCertificateRequest(system=f"systems/{system}", csr=csr, request_id=key)


def issue(desk: Desk, request: pb.IssueCertificateRequest) -> pb.Certificate:
    """Calls as an operator."""
    answer = desk.api.issue_certificate(request, desk.bench.call(None, METHOD))
    assert isinstance(answer, pb.Certificate)
    return answer


def know(desk: Desk, system: System) -> None:
    """Puts a system into the service's copy of the directory."""
    with desk.bench.context.units.begin() as work:
        save_system(work.rows, system_message(system))


def test_a_system_gets_a_certificate_for_its_key(desk: Desk) -> None:
    """The certificate names the system, not what the request says, holds its key, and leads to the axis root."""
    answer = issue(desk, asked())
    leaf, root = x509.load_pem_x509_certificates(answer.chain)
    authority = desk.api.get_authority(pb.GetAuthorityRequest(), desk.bench.call(HCMC))
    credential = credential_of(leaf.public_bytes(Encoding.PEM))
    assert credential is not None
    assert credential.system == SYSTEM
    assert answer.sha256 == leaf.fingerprint(hashes.SHA256()) == credential.fingerprint
    assert leaf.public_key() == KEY.public_key()
    assert leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "DMS UBND TP.HCM"
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days == 397
    leaf.verify_directly_issued_by(root)
    assert authority.root == root.public_bytes(Encoding.PEM)


def test_a_repeat_gets_the_same_certificate(desk: Desk) -> None:
    """A repeat by request_id answers byte for byte the same; one certificate was issued, one line audited."""
    first = issue(desk, asked())
    assert issue(desk, asked()) == first
    other = issue(desk, asked(key="b"))
    assert other.sha256 != first.sha256
    with desk.bench.context.database.read() as connection:
        issued = storage.certificates_of(connection, SYSTEM)
        lines = connection.execute(select(audit.c.action, audit.c.resource, audit.c.system)).all()
    assert [one.sha256 for one in issued] == [first.sha256, other.sha256]
    assert [tuple(line) for line in lines] == [("certificate.issue", f"systems/{SYSTEM}", "op")] * 2


def weak() -> bytes:
    """Makes a request with a key that is too short."""
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 -- the weakness is what is tested
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM)


def forged() -> bytes:
    """Makes a request for a key that its maker does not have."""
    request = pki.make_request(KEY, "x").public_bytes(Encoding.DER)
    mine = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    other = pki.new_key().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return x509.load_der_x509_csr(request.replace(mine, other)).public_bytes(Encoding.PEM)


@pytest.mark.parametrize("csr", [b"nonsense", weak(), forged()], ids=["not a request", "weak key", "foreign key"])
def test_a_bad_request_is_refused_with_its_remedy(desk: Desk, csr: bytes) -> None:
    """What is no request, asks for a weak key or for somebody else's is INVALID_ARGUMENT; nothing is issued."""
    refusal = desk.refused(lambda: issue(desk, asked(csr=csr)))
    assert (refusal.code, refusal.reason) == (Code.INVALID_ARGUMENT, "CSR_INVALID")
    assert "P-256" in refusal.violations[0].remedy
    with desk.bench.context.database.read() as connection:
        assert storage.certificates_of(connection, SYSTEM) == []


def test_a_request_in_der_is_one_too(desk: Desk) -> None:
    """Tools write requests in either form; both are certified."""
    assert issue(desk, asked(csr=pki.make_request(KEY, "x").public_bytes(Encoding.DER))).chain


def test_an_unknown_system_is_asked_for_again(desk: Desk) -> None:
    """A system that this copy of the directory does not know yet is UNAVAILABLE with a time to retry."""
    refusal = desk.refused(lambda: issue(desk, asked("new-dms")))
    assert refusal.code is Code.UNAVAILABLE
    assert refusal.retry_after is not None
    know(desk, System("new-dms", "", Role.AGENCY_SYSTEM, version=1))
    assert issue(desk, asked("new-dms")).chain


def test_a_revoked_system_gets_none(desk: Desk) -> None:
    """A revoked system is FAILED_PRECONDITION."""
    know(desk, System("old-dms", "DMS cũ", Role.AGENCY_SYSTEM, revoked=desk.bench.clock.now(), version=1))
    refusal = desk.refused(lambda: issue(desk, asked("old-dms")))
    assert (refusal.code, refusal.reason) == (Code.FAILED_PRECONDITION, "SYSTEM_REVOKED")


def test_nothing_outlives_the_authority(desk: Desk) -> None:
    """A certificate that would end after the root is refused: the authority has to be renewed first."""
    desk.bench.clock.advance(days=3600)
    refusal = desk.refused(lambda: issue(desk, asked()))
    assert (refusal.code, refusal.reason) == (Code.FAILED_PRECONDITION, "AUTHORITY_ENDS")


def test_without_its_key_nothing_is_certified(desk: Desk) -> None:
    """Where the authority's files are not, the answer says which one is missing."""
    desk.bench.context.base.keys.root.key.unlink()
    refusal = desk.refused(lambda: issue(desk, asked()))
    assert (refusal.code, refusal.reason) == (Code.FAILED_PRECONDITION, "AUTHORITY_UNUSABLE")
    assert "axis-root.key" in refusal.message
