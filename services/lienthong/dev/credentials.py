"""Certificates and passwords of secured servers."""

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from lienthong.chassis import pki, profiles

_DAYS: Final = 397
_ORGANISATION: Final = "Lienthong"


class Credentials:
    """A folder with an authority, and for each name a key, a certificate and a password."""

    def __init__(self, folder: Path, hosts: tuple[str, ...] = ("localhost", "127.0.0.1")) -> None:
        """Names the folder; nothing is written yet.

        Args:
            folder: Where the files stand or will stand.
            hosts: Names and addresses of the servers.
        """
        self.folder = folder
        self._hosts = hosts
        self.authority = folder / "authority.pem"

    def make(self, names: tuple[str, ...]) -> None:
        """Writes all files; they are good for a year."""
        self.folder.mkdir(mode=0o700, parents=True)
        validity = pki.Validity.starting(datetime.now(UTC), _DAYS)
        authority = pki.make_authority("engines", _ORGANISATION, validity, x509.random_serial_number())
        self.authority.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
        for name in names:
            self.password(name).write_text(secrets.token_urlsafe(18), "ascii")
            self._certify(name, authority, validity)

    def _certify(self, name: str, authority: pki.Authority, validity: pki.Validity) -> None:
        key = pki.new_key()
        profile = profiles.tls_server(name, self._hosts)
        leaf = authority.issue(key.public_key(), profile, validity, x509.random_serial_number())
        chain = [one.public_bytes(Encoding.PEM) for one in (leaf, authority.certificate)]
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        sealed = BestAvailableEncryption(self.password(name).read_bytes())
        self.key(name).touch(0o600)
        self.key(name).write_bytes(private)
        self.certificate(name).write_bytes(chain[0])
        self.store(name).write_bytes(private + chain[0] + chain[1])
        self.keystore(name).write_bytes(
            serialize_key_and_certificates(name.encode(), key, leaf, [authority.certificate], sealed)
        )

    def key(self, name: str) -> Path:
        """The private key."""
        return self.folder / f"{name}.key"

    def certificate(self, name: str) -> Path:
        """The certificate."""
        return self.folder / f"{name}.pem"

    def store(self, name: str) -> Path:
        """Key and certificates in one file, as a broker wants them."""
        return self.folder / f"{name}.store"

    def keystore(self, name: str) -> Path:
        """The same as PKCS#12 under the password, as Java wants it."""
        return self.folder / f"{name}.p12"

    def password(self, name: str) -> Path:
        """The file with the password."""
        return self.folder / f"{name}.password"
