"""First start: the authority of the axis, server and seal certificates, the operator's credentials.

Everything lies under `keys/` of the data folder. What exists is kept; certificates with a third of their life left are
renewed, whatever the service is that uses them.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import structlog
import yaml
from cryptography import x509

from lienthong.chassis import pki, profiles
from lienthong.chassis.clock import Clock
from lienthong.chassis.ids import IdSource
from lienthong.chassis.keyfiles import load_certificates, write_certificates
from lienthong.chassis.keyring import KeyFiles, Keyring

_log = structlog.get_logger(__name__)

ROOT_DAYS = 3650
SERVER_DAYS = 397
SEAL_DAYS = 730
OPERATOR_DAYS = 397

SEALING_SERVICES = ("intake", "workflow")
"""Services that seal: receipts and accepted statuses."""

CERTIFIED = ("server", *(f"{service}-seal" for service in SEALING_SERVICES), "operator")
"""Keys that the authority certifies by itself."""


def first_start(ring: Keyring, hosts: Sequence[str], clock: Clock, ids: IdSource) -> None:
    """Makes what is missing, renews what is old, and brings keys under the passphrase.

    Args:
        ring: The keys; their folder is made when absent.
        hosts: Names and addresses of the server.
        clock: Tells the time.
        ids: Gives the operator's identifier.

    Raises:
        ConfigError: A key cannot be opened, or others may read it.
        PkiError: A host name or an existing certificate cannot be used.
        OSError: The folder cannot be written.
    """
    ring.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in ring.protect():
        _log.info("private key encrypted under the configured passphrase", file=file.name)
    _authority(ring, clock)
    _operator(ring, ids)
    renew(ring, hosts, clock)


def renew(ring: Keyring, hosts: Sequence[str], clock: Clock) -> list[str]:
    """Certifies keys without a certificate, with other names, or with a third of its life left; gives their names.

    Keys stay as they are, so what was sealed before stays verifiable, and connections are not cut.

    Raises:
        PkiError: A host name, a key or a certificate cannot be used, or the authority is not in force.
        OSError: The folder cannot be written.
    """
    authority = _authority(ring, clock)
    _insist_in_force(ring, authority.certificate, clock.now())
    operator = _operator_in(ring.operator_file)
    wanted = {
        "server": (profiles.tls_server("lienthong", hosts), SERVER_DAYS),
        **{f"{service}-seal": (profiles.seal(service), SEAL_DAYS) for service in SEALING_SERVICES},
        "operator": (profiles.system_client(operator, "operator"), OPERATOR_DAYS),
    }
    return [name for name, (profile, days) in wanted.items() if _certify(ring, name, authority, profile, days, clock)]


def extend(ring: Keyring, clock: Clock) -> x509.Certificate:
    """Gives the authority a whole life from now on, with the same key; what it certified follows at the next renewal.

    Raises:
        PkiError: Its key or certificate cannot be used, or is not there.
        OSError: The folder cannot be written.
    """
    if not ring.root.chain.exists():
        raise pki.PkiError(f"{ring.root.chain} is missing; `lienthong keys init` makes an authority")
    until = pki.Validity.starting(clock.now(), ROOT_DAYS).not_after
    authority = pki.extend_authority(_authority(ring, clock), until, x509.random_serial_number())
    write_certificates(ring.root.chain, [authority.certificate])
    return authority.certificate


def write_context(
    file: Path,
    address: str,
    authority: Path,
    files: KeyFiles,
    passphrase_file: Path | None = None,
    addresses: Mapping[str, str] | None = None,
) -> None:
    """Writes a context with which the command line and the client library reach this installation.

    Args:
        file: Where to.
        address: Host and port of everything not named in `addresses`.
        authority: Certificate of the authority.
        files: Key and certificate of whoever speaks.
        passphrase_file: What opens that key.
        addresses: Host and port by service, where each is a process of its own.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    context: dict[str, object] = {
        "address": address,
        "authority": str(authority.resolve()),
        "certificate": str(files.chain.resolve()),
        "key": str(files.key.resolve()),
    }
    if addresses:
        context["addresses"] = dict(addresses)
    if passphrase_file is not None:
        context["passphrase_file"] = str(passphrase_file.resolve())
    _write(file, yaml.safe_dump(context, sort_keys=True).encode())


def _authority(ring: Keyring, clock: Clock) -> pki.Authority:
    files = ring.root
    if files.key.exists() and files.chain.exists():
        ring.insist_on_pair("axis-root")
        return pki.Authority(load_certificates(files.chain)[0], ring.load(files.key))
    _insist_on_a_first_start(ring)
    validity = pki.Validity.starting(clock.now(), ROOT_DAYS)
    authority = pki.make_authority("Lienthong axis root", "Lienthong", validity, x509.random_serial_number())
    ring.write(files.key, authority.key)
    write_certificates(files.chain, [authority.certificate])
    return authority


def _insist_on_a_first_start(ring: Keyring) -> None:
    """Refuses to make another authority where one has certified: whatever it certified would be worth nothing."""
    certified = [file for file in (ring.named(name).chain for name in ("axis-root", *CERTIFIED)) if file.exists()]
    if certified:
        missing = next(file for file in (ring.root.key, ring.root.chain) if not file.exists())
        raise pki.PkiError(
            f"{missing} is missing, and {certified[0]} is of its authority; put it back from the backup. A new "
            f"authority makes every certificate and credential worthless: to begin with one, move {ring.folder} away"
        )


def _insist_in_force(ring: Keyring, root: x509.Certificate, now: datetime) -> None:
    begins, ends = root.not_valid_before_utc, root.not_valid_after_utc
    if now < begins:
        remedy = f"Where it was wrong at the first start, and nobody has credentials yet, move {ring.folder} away"
        found = f"{ring.root.chain} begins at {begins.isoformat()}, and by the clock it is {now.isoformat()}"
        raise pki.PkiError(f"{found}: set the clock. {remedy}")
    if now >= ends:
        remedy = f"`lienthong keys extend {ring.folder}`, then give every system the new {ring.root.chain.name}"
        raise pki.PkiError(f"{ring.root.chain} ended at {ends.isoformat()}: {remedy}")


def _certify(ring: Keyring, name: str, authority: pki.Authority, profile: pki.Profile, days: int, clock: Clock) -> bool:
    files = ring.named(name)
    if files.chain.exists() and files.key.exists():
        current, *issuers = load_certificates(files.chain)
        good = not pki.needs_renewal(current, clock.now()) and pki.names_of(current) == profile.names
        if good and issuers == [authority.certificate]:
            return False
    if not files.key.exists():
        ring.write(files.key, pki.new_key())
    # Towards its end the authority certifies for as long as it lives itself; `doctor` asks in time to extend it.
    validity = pki.Validity.starting(clock.now(), days).within(authority.certificate)
    public_key = ring.load(files.key).public_key()
    certificate = authority.issue(public_key, profile, validity, x509.random_serial_number())
    write_certificates(files.chain, [certificate, authority.certificate])
    return True


def _operator(ring: Keyring, ids: IdSource) -> str:
    if ring.operator_file.exists():
        return _operator_in(ring.operator_file)
    operator = ids.new()
    _write(ring.operator_file, json.dumps({"system": operator, "name": "operator"}).encode())
    return operator


def _operator_in(file: Path) -> str:
    try:
        return str(json.loads(file.read_bytes())["system"])
    except (ValueError, LookupError, TypeError) as error:
        raise pki.PkiError(f"{file} must name the first operator's system; put it back from the backup") from error


def _write(file: Path, data: bytes) -> None:
    unfinished = file.with_suffix(file.suffix + ".new")
    unfinished.write_bytes(data)
    unfinished.rename(file)
