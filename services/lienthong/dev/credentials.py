"""Certificates and passwords of a secured cluster on loopback."""

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lienthong.chassis import pki

_DAYS: Final = 30
_ORGANISATION: Final = "Lienthong"


class Credentials:
    """A folder with an authority, and for each name a key, a certificate and a password."""

    def __init__(self, folder: Path) -> None:
        """Names the folder; nothing is written yet.

        Args:
            folder: Where the files stand or will stand.
        """
        self.folder = folder
        self.authority = folder / "authority.pem"

    def make(self, names: tuple[str, ...]) -> None:
        """Writes all files; they are for loopback and good for a month."""
        self.folder.mkdir(mode=0o700)
        validity = pki.Validity.starting(datetime.now(UTC), _DAYS)
        authority = pki.make_authority("kafka on loopback", _ORGANISATION, validity, x509.random_serial_number())
        self.authority.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
        for name in names:
            key = pki.new_key()
            profile = pki.tls_server(name, ("localhost", "127.0.0.1"))
            chain = authority.issue(key.public_key(), profile, validity, x509.random_serial_number())
            private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            self.key(name).write_bytes(private)
            self.certificate(name).write_bytes(chain.public_bytes(Encoding.PEM))
            self.store(name).write_bytes(
                private + chain.public_bytes(Encoding.PEM) + authority.certificate.public_bytes(Encoding.PEM)
            )
            self.password(name).write_text(secrets.token_urlsafe(18), "ascii")

    def key(self, name: str) -> Path:
        """The private key."""
        return self.folder / f"{name}.key"

    def certificate(self, name: str) -> Path:
        """The certificate."""
        return self.folder / f"{name}.pem"

    def store(self, name: str) -> Path:
        """Key and certificates in one file, as a broker wants them."""
        return self.folder / f"{name}.store"

    def password(self, name: str) -> Path:
        """The file with the password."""
        return self.folder / f"{name}.password"
