"""The keys of an installation: where they stand, and how they are opened.

Private keys are P-256 in PKCS#8. With a passphrase they are encrypted (PBES2) on the disk and opened in memory only: a
key never lies decrypted in a file. Without one they are plain, and only their owner may read them. Files that others
may read are refused, so that a careless copy does not go unseen.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization

from lienthong.chassis.config import ConfigError
from lienthong.chassis.keyfiles import load_certificates, load_private_key, write_private_key
from lienthong.chassis.pki import PkiError

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

SHORTEST_PASSPHRASE = 16
"""Characters."""
_LONGEST = 1024
_OTHERS = 0o077
_OTHERS_OF_MOUNTED = 0o037
_ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """A key and the certificate chain for it."""

    key: Path
    chain: Path


@dataclass(frozen=True, slots=True)
class Keyring:
    """The folder of the keys, and what opens them.

    Attributes:
        folder: Where the files stand.
        passphrase: What encrypts private keys; None leaves them plain.
        previous: What they may be encrypted with still; :meth:`protect` changes them over.
    """

    folder: Path
    passphrase: bytes | None = field(default=None, repr=False)
    previous: bytes | None = field(default=None, repr=False)

    @property
    def root(self) -> KeyFiles:
        """The authority of the axis."""
        return self.named("axis-root")

    @property
    def server(self) -> KeyFiles:
        """The server of all services."""
        return self.named("server")

    @property
    def operator(self) -> KeyFiles:
        """The operator made at first start."""
        return self.named("operator")

    @property
    def operator_file(self) -> Path:
        """Who that operator is in the directory."""
        return self.folder / "operator.json"

    def named(self, name: str) -> KeyFiles:
        """The files of a key."""
        return KeyFiles(self.folder / f"{name}.key", self.folder / f"{name}.crt")

    def key_files(self) -> list[Path]:
        """The private keys that are there."""
        return sorted(self.folder.glob("*.key"))

    def load(self, file: Path) -> ec.EllipticCurvePrivateKey:
        """Open a private key.

        Raises:
            PkiError: It is no key, or the passphrase is missing or wrong.
            OSError: The file cannot be read.
        """
        if not is_encrypted(file):
            return load_private_key(file, None)
        if self.passphrase is None:
            raise PkiError(f"key file {file} is encrypted and no passphrase is configured; set keys.passphrase_file")
        return load_private_key(file, self.passphrase)

    def pem(self, file: Path) -> bytes:
        """Open a private key and give it as plain PEM, for libraries that take nothing else. Never write it down."""
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        return self.load(file).private_bytes(encoding, form, serialization.NoEncryption())

    def write(self, file: Path, key: ec.EllipticCurvePrivateKey) -> None:
        """Write a private key, encrypted when there is a passphrase; atomically, mode 0600."""
        write_private_key(file, key, self.passphrase)

    def certificate(self, name: str) -> x509.Certificate:
        """Read the certificate of a key."""
        return load_certificates(self.named(name).chain)[0]

    def insist_on_pair(self, name: str) -> None:
        """Make sure that a key and the certificate beside it belong together.

        Raises:
            PkiError: They do not, or one of them cannot be read.
            OSError: A file is missing.
        """
        files = self.named(name)
        if self.certificate(name).public_key() != self.load(files.key).public_key():
            raise PkiError(f"{files.chain} is of another key than {files.key}; put the pair back from the backup")

    def protect(self) -> list[Path]:
        """Bring all private keys under the passphrase; give those that were changed.

        Raises:
            ConfigError: Files that others may read, and keys that cannot be opened, all at once.
        """
        problems: list[str] = []
        changed: list[Path] = []
        for file in self.key_files():
            if open_to_others(file):
                problems.append(
                    f"keys: {file} may be read by others; private keys are for their owner: chmod 600 {file}"
                )
                continue
            try:
                if self._protect(file):
                    changed.append(file)
            except PkiError as error:
                problems.append(f"keys.passphrase_file: {error}")
        if problems:
            raise ConfigError(problems)
        return changed

    def _protect(self, file: Path) -> bool:
        if not is_encrypted(file):
            if self.passphrase is None:
                return False
            self.write(file, load_private_key(file, None))
            return True
        try:
            self.load(file)
        except PkiError:
            if self.passphrase is None or self.previous is None:
                raise
            self.write(file, load_private_key(file, self.previous))
            return True
        return False


def open_to_others(file: Path) -> bool:
    """Tell whether others than its owner may read a file; see `for_one`."""
    found = file.stat()
    return not for_one(found.st_mode, found.st_uid, os.geteuid())


def for_one(mode: int, owner: int, reader: int) -> bool:
    """Tell whether a file is for one reader alone.

    A secret that root mounts for a program of another user is given to it by the group, which nobody else is in; so
    does a cluster, and so PostgreSQL has it with its keys.
    """
    mounted = owner == 0 != reader
    return not mode & (_OTHERS_OF_MOUNTED if mounted else _OTHERS)


def is_encrypted(file: Path) -> bool:
    """Tell whether a key file is encrypted, by its first line."""
    with file.open("rb") as stream:
        return stream.read(len(_ENCRYPTED)) == _ENCRYPTED


def read_passphrase(setting: str, file: Path | None) -> bytes | None:
    """Read a passphrase: the first line of a file that only its owner may read.

    Raises:
        ConfigError: The file cannot be read, may be read by others, or the passphrase is too short.
    """
    if file is None:
        return None
    try:
        open_, content = open_to_others(file), file.read_bytes()[: _LONGEST + 1]
    except OSError as error:
        raise ConfigError([f"{setting}: {file} cannot be read: {error.strerror}"]) from error
    if open_:
        raise ConfigError([f"{setting}: {file} may be read by others; it opens the keys: chmod 600 {file}"])
    passphrase = content.splitlines()[0] if content.strip() else b""
    if not SHORTEST_PASSPHRASE <= len(passphrase.decode("utf-8", "replace")) <= _LONGEST:
        rule = f"the first line must have {SHORTEST_PASSPHRASE} to {_LONGEST} characters"
        raise ConfigError([f"{setting}: {file}: {rule}; make one with: openssl rand -base64 32"])
    return passphrase
