"""First start: the authority of the axis, server and seal certificates, the operator's credentials.

Everything lies under `keys/` of the data folder. What exists is kept; certificates with a third of their life left are
renewed, whatever the service is that uses them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography import x509

from lienthong.chassis import pki
from lienthong.chassis.clock import Clock
from lienthong.chassis.ids import IdSource
from lienthong.chassis.keyfiles import load_certificates, load_private_key, write_certificates, write_private_key

ROOT_DAYS = 3650
SERVER_DAYS = 397
SEAL_DAYS = 730
OPERATOR_DAYS = 397

SEALING_SERVICES = ("intake", "workflow")
"""Services that seal: receipts and accepted statuses."""


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """A key and the certificate chain for it."""

    key: Path
    chain: Path


@dataclass(frozen=True, slots=True)
class Keyring:
    """Where the keys of an installation stand."""

    folder: Path

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


def first_start(folder: Path, hosts: Sequence[str], clock: Clock, ids: IdSource) -> Keyring:
    """Makes what is missing, renews what is old.

    Args:
        folder: Folder of the keys; made when absent.
        hosts: Names and addresses of the server.
        clock: Tells the time.
        ids: Gives the operator's identifier.

    Raises:
        PkiError: A host name or an existing certificate cannot be used.
        OSError: The folder cannot be written.
    """
    ring = Keyring(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = _authority(ring, clock)
    _certify(ring.server, authority, pki.tls_server("lienthong", hosts), SERVER_DAYS, clock)
    for service in SEALING_SERVICES:
        _certify(ring.named(f"{service}-seal"), authority, pki.seal(service), SEAL_DAYS, clock)
    operator = _operator(ring, ids)
    _certify(ring.operator, authority, pki.system_client(operator, "operator"), OPERATOR_DAYS, clock)
    return ring


def write_context(file: Path, address: str, authority: Path, files: KeyFiles) -> None:
    """Writes a context with which the command line and the client library reach this installation."""
    file.parent.mkdir(parents=True, exist_ok=True)
    context = {
        "address": address,
        "authority": str(authority.resolve()),
        "certificate": str(files.chain.resolve()),
        "key": str(files.key.resolve()),
    }
    _write(file, yaml.safe_dump(context, sort_keys=True).encode())


def _authority(ring: Keyring, clock: Clock) -> pki.Authority:
    files = ring.root
    if files.key.exists() and files.chain.exists():
        return pki.Authority(load_certificates(files.chain)[0], load_private_key(files.key, None))
    validity = pki.Validity.starting(clock.now(), ROOT_DAYS)
    authority = pki.make_authority("Lienthong axis root", "Lienthong", validity, x509.random_serial_number())
    write_private_key(files.key, authority.key, None)
    write_certificates(files.chain, [authority.certificate])
    return authority


def _certify(files: KeyFiles, authority: pki.Authority, profile: pki.Profile, days: int, clock: Clock) -> None:
    if files.chain.exists() and files.key.exists():
        current = load_certificates(files.chain)[0]
        if not pki.needs_renewal(current, clock.now()):
            return
    if not files.key.exists():
        write_private_key(files.key, pki.new_key(), None)
    validity = pki.Validity.starting(clock.now(), days)
    public_key = load_private_key(files.key, None).public_key()
    certificate = authority.issue(public_key, profile, validity, x509.random_serial_number())
    write_certificates(files.chain, [certificate, authority.certificate])


def _operator(ring: Keyring, ids: IdSource) -> str:
    if ring.operator_file.exists():
        return str(json.loads(ring.operator_file.read_text("utf-8"))["system"])
    operator = ids.new()
    _write(ring.operator_file, json.dumps({"system": operator, "name": "operator"}).encode())
    return operator


def _write(file: Path, data: bytes) -> None:
    unfinished = file.with_suffix(file.suffix + ".new")
    unfinished.write_bytes(data)
    unfinished.rename(file)
