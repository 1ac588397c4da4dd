"""Certificates and key files of the axis."""

from __future__ import annotations

import os
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.chassis import keyfiles, pki, profiles
from lienthong.chassis.pki import PkiError, Validity

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
YEAR = Validity.starting(NOW, 365)


@pytest.fixture(scope="module")
def axis() -> pki.Authority:
    """The root of an axis."""
    return pki.make_authority("Axis root", "Lienthong", Validity.starting(NOW, 3650), 1)


@pytest.mark.parametrize(
    ("profile", "purpose"),
    [
        (profiles.tls_server("intake", ["intake.axis.local", "10.0.0.7"]), "sslserver"),
        (profiles.system_client("hcm-dms", "UBND TP.HCM"), "sslclient"),
        (profiles.operator("an.nguyen", "VPCP"), "sslclient"),
        (profiles.seal("intake"), "smimesign"),
    ],
)
def test_openssl_accepts_each_profile_for_its_purpose(
    axis: pki.Authority, tmp_path: Path, profile: pki.Profile, purpose: str
) -> None:
    """A stranger's tool finds each certificate good for what it was issued for."""
    leaf = axis.issue(pki.new_key().public_key(), profile, YEAR, 77)
    keyfiles.write_certificates(tmp_path / "axis.pem", [axis.certificate])
    keyfiles.write_certificates(tmp_path / "leaf.pem", [leaf])
    at = str(int(NOW.timestamp()) + 60)
    command = f"openssl verify -x509_strict -purpose {purpose} -attime {at} -CAfile axis.pem leaf.pem".split()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    assert done.returncode == 0, done.stderr


def test_a_client_certificate_cannot_serve_and_cannot_seal(axis: pki.Authority) -> None:
    """A certificate is good for its own purpose only."""
    leaf = axis.issue(pki.new_key().public_key(), profiles.system_client("hcm-dms", "UBND"), YEAR, 5)
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [purpose.dotted_string for purpose in purposes] == ["1.3.6.1.5.5.7.3.2"]
    assert pki.identities(leaf) == ("urn:lienthong:system:hcm-dms",)


def test_names_come_from_the_profile_never_from_the_request(axis: pki.Authority) -> None:
    """Whoever asks for another's name in a request still gets the name that the operator chose."""
    request = pki.make_request(pki.new_key(), "urn:lienthong:system:somebody-else")
    received = keyfiles.read_request(keyfiles.request_to_pem(request))
    leaf = axis.issue_from_request(received, profiles.system_client("own", "UBND"), YEAR, 6)
    assert pki.identities(leaf) == ("urn:lienthong:system:own",)
    assert "somebody-else" not in leaf.subject.rfc4514_string()


def test_a_request_without_its_key_is_refused(axis: pki.Authority) -> None:
    """A request proves possession of the key; one whose signature is wrong proves nothing."""
    pem = keyfiles.request_to_pem(pki.make_request(pki.new_key(), "x"))
    request = x509.load_pem_x509_csr(pem)
    der = bytearray(request.public_bytes(Encoding.DER))
    der[-1] ^= 1
    with pytest.raises(PkiError, match="not signed by its own key"):
        axis.issue_from_request(x509.load_der_x509_csr(bytes(der)), profiles.operator("a", "b"), YEAR, 7)


def test_weak_and_wrong_keys_are_refused(axis: pki.Authority) -> None:
    """RSA below 2048 bits is refused everywhere, so are curves that TLS on gRPC does not take; seal keys are P-256."""
    client = profiles.system_client("a", "b")
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505 - too short on purpose
    with pytest.raises(PkiError, match="secp521r1 is not accepted"):
        axis.issue(ec.generate_private_key(ec.SECP521R1()).public_key(), client, YEAR, 9)
    with pytest.raises(PkiError, match="too short"):
        axis.issue(short.public_key(), client, YEAR, 8)
    with pytest.raises(PkiError, match="only on secp256r1"):
        axis.issue(ec.generate_private_key(ec.SECP384R1()).public_key(), profiles.seal("intake"), YEAR, 9)


def test_a_certificate_does_not_outlive_its_authority(axis: pki.Authority) -> None:
    """Validity beyond the authority's is refused with the remedy, not cut silently."""
    with pytest.raises(PkiError, match="renew the authority"):
        axis.issue(pki.new_key().public_key(), profiles.seal("intake"), Validity.starting(NOW, 9999), 10)


@pytest.mark.parametrize("identifier", ["", "a b", "../x", "urn:x", "ủy-ban", "x" * 64])
def test_identifiers_that_could_be_misread_are_refused(identifier: str) -> None:
    """What stands in an identity is plain, so that two readers see the same."""
    with pytest.raises(PkiError):
        profiles.system_client(identifier, "UBND")


def test_a_server_names_its_hosts() -> None:
    """A server certificate without host names would be good for nothing, or for anything."""
    with pytest.raises(PkiError, match="names no host"):
        profiles.tls_server("intake", [])


def test_renewal_is_due_with_a_third_of_life_left(axis: pki.Authority) -> None:
    """Flows section 6: keys are renewed with a third of their life left."""
    leaf = axis.issue(pki.new_key().public_key(), profiles.seal("intake"), Validity(NOW, NOW + timedelta(days=90)), 11)
    assert not pki.needs_renewal(leaf, NOW + timedelta(days=60) - timedelta(seconds=1))
    assert pki.needs_renewal(leaf, NOW + timedelta(days=60))
    assert pki.needs_renewal(leaf, NOW + timedelta(days=365))


def test_a_clock_that_is_behind_takes_a_new_certificate(axis: pki.Authority) -> None:
    """What is certified now is good at once for whoever's clock is behind by up to an hour."""
    leaf = axis.issue(pki.new_key().public_key(), profiles.seal("intake"), Validity.starting(NOW, 90), 12)
    assert leaf.not_valid_before_utc == NOW - timedelta(hours=1)
    assert leaf.not_valid_after_utc == NOW + timedelta(days=90)


def test_key_files_are_private_and_come_back(tmp_path: Path) -> None:
    """A key file has mode 0600 whatever the umask, is whole, and leaves no temporary file behind."""
    key = pki.new_key()
    before = os.umask(0)
    try:
        keyfiles.write_private_key(tmp_path / "seal.key", key, None)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "seal.key").stat().st_mode) == 0o600
    assert keyfiles.load_private_key(tmp_path / "seal.key", None).private_numbers() == key.private_numbers()
    assert [path.name for path in tmp_path.iterdir()] == ["seal.key"]


def test_a_passphrase_protects_a_key(tmp_path: Path) -> None:
    """An encrypted key opens with its passphrase only, and each mistake is told apart."""
    path = tmp_path / "seal.key"
    keyfiles.write_private_key(path, pki.new_key(), b"mat khau")
    assert b"ENCRYPTED" in path.read_bytes()
    keyfiles.load_private_key(path, b"mat khau")
    with pytest.raises(PkiError, match="wrong passphrase"):
        keyfiles.load_private_key(path, b"khac")
    with pytest.raises(PkiError, match="configure its passphrase file"):
        keyfiles.load_private_key(path, None)


def test_a_failed_write_keeps_the_old_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails in the middle leaves the old key in place and nothing else."""
    path = tmp_path / "seal.key"
    keyfiles.write_private_key(path, pki.new_key(), None)
    old = path.read_bytes()

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        keyfiles.write_private_key(path, pki.new_key(), None)
    assert path.read_bytes() == old
    assert [entry.name for entry in tmp_path.iterdir()] == ["seal.key"]


def test_damaged_files_are_told_by_name(tmp_path: Path) -> None:
    """Errors name the file, so that an operator finds it."""
    path = tmp_path / "broken.pem"
    path.write_bytes(b"nothing")
    with pytest.raises(PkiError, match=r"broken\.pem"):
        keyfiles.load_certificates(path)
    with pytest.raises(PkiError, match=r"broken\.pem"):
        keyfiles.load_private_key(path, None)
    with pytest.raises(PkiError, match="signing request"):
        keyfiles.read_request(b"nothing")
    with pytest.raises(PkiError, match=r"no certificate signing request; found PRIVATE KEY$"):
        keyfiles.read_request(b"-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n")
