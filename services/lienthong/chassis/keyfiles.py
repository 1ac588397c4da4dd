"""Keys and certificates as files: written whole or not at all, readable by their owner alone.

A key file appears under its name only when it is complete and on the disk: it is written under a temporary
name in the same directory with mode 0600, synced, and renamed. A crash leaves the old file, or none, never
half of one.
"""

from __future__ import annotations

import os
import re
import secrets
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lienthong.chassis.pki import PkiError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_DER = b"\x30"
"""What a certificate signing request in DER begins with; PEM is letters."""
_PEM_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")


def write_private_key(path: Path, key: ec.EllipticCurvePrivateKey, passphrase: bytes | None) -> None:
    """Write ``key`` as PKCS#8 PEM, mode 0600, atomically; encrypted when a passphrase is given.

    Raises:
        OSError: The directory is missing, full or not writable; nothing is left behind.
    """
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        protection = serialization.BestAvailableEncryption(passphrase)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    _write_atomically(path, pem, 0o600)


def load_private_key(path: Path, passphrase: bytes | None) -> ec.EllipticCurvePrivateKey:
    """Read a key written by :func:`write_private_key`.

    Raises:
        PkiError: The file is not a key, is not an EC key, or the passphrase is missing, superfluous or wrong.
        OSError: The file cannot be read.
    """
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), passphrase)
    except TypeError as error:
        remedy = "configure its passphrase file" if passphrase is None else "configure no passphrase file"
        raise PkiError(f"key file {path}: {error}; {remedy}") from error
    except ValueError as error:
        raise PkiError(f"key file {path} cannot be read: wrong passphrase or damaged file") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise PkiError(f"key file {path} holds a {type(key).__name__}; the axis uses P-256 keys")
    return key


def write_certificates(path: Path, certificates: Sequence[x509.Certificate]) -> None:
    """Write certificates as one PEM file, leaf first, mode 0644, atomically."""
    _write_atomically(path, to_pem(certificates), 0o644)


def load_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Read all certificates of a PEM file in order; raises PkiError when there is none or one is damaged."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except ValueError as error:
        raise PkiError(f"certificate file {path} must hold PEM certificates: {error}") from error


def to_pem(certificates: Sequence[x509.Certificate]) -> bytes:
    """Return the certificates as PEM, one after the other."""
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


def read_request(data: bytes) -> x509.CertificateSigningRequest:
    """Read a certificate signing request, PEM or DER; raises PkiError when the bytes are not one."""
    try:
        return x509.load_der_x509_csr(data) if data.startswith(_DER) else x509.load_pem_x509_csr(data)
    except ValueError as error:
        found = _PEM_LABEL.search(data)
        told = f"; found {found[1].decode()}" if found else ""
        raise PkiError(f"this is no certificate signing request{told}") from error


def request_to_pem(request: x509.CertificateSigningRequest) -> bytes:
    """Return a certificate signing request as PEM."""
    return request.public_bytes(serialization.Encoding.PEM)


def _write_atomically(path: Path, content: bytes, mode: int) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    # Without this the rename itself may be lost when the power goes.
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
