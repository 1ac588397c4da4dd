"""The keys of a process: made, certified and renewed in its data folder, or handed to it and only used."""

from pathlib import Path

import structlog

from lienthong.chassis.belonging import installation_of
from lienthong.chassis.clock import Clock
from lienthong.chassis.config import ConfigError
from lienthong.chassis.ids import IdSource
from lienthong.chassis.keyring import Keyring, read_passphrase
from lienthong.chassis.periodic import Periodic
from lienthong.chassis.pki import PkiError
from lienthong.settings import Settings
from lienthong.setup import first_start, renew

_log = structlog.get_logger(__name__)

SEALS = {"intake": ("intake-seal",), "workflow": ("workflow-seal",), "signing": ("axis-root",)}
"""Private keys that a service works with, besides the server's."""


def open_keys(settings: Settings, services: tuple[str, ...], clock: Clock, ids: IdSource) -> Keyring:
    """Opens the keys of a process.

    Args:
        settings: All settings.
        services: What runs in it.
        clock: Tells the time.
        ids: Gives the first operator's identifier.

    Raises:
        ConfigError: A key is missing, cannot be opened, is of another certificate, or others may read it.
    """
    ring = keyring_in(settings.keys.dir or settings.data_dir / "keys", settings)
    try:
        if settings.keys.managed:
            _insist_on_earlier(ring, settings.data_dir / "databases")
            first_start(ring, settings.server.names, clock, ids)
        else:
            _insist(ring, services)
    except PkiError as error:
        raise ConfigError([f"keys: {error}"]) from error
    _insist_on_pairs(ring, services)
    return ring


def keyring_in(folder: Path, settings: Settings) -> Keyring:
    """Gives the keys in a folder, and what opens them.

    Raises:
        ConfigError: A passphrase cannot be read, or is too short.
    """
    section = settings.keys
    return Keyring(
        folder,
        read_passphrase("keys.passphrase_file", section.passphrase_file),
        read_passphrase("keys.previous_passphrase_file", section.previous_passphrase_file),
    )


def authority_of(ring: Keyring) -> str:
    """Names the installation that the keys in a folder are of.

    Raises:
        ConfigError: The certificate of the authority cannot be read.
    """
    try:
        return installation_of(ring.certificate("axis-root"))
    except (PkiError, OSError) as error:
        raise ConfigError([f"keys: {error}"]) from error


def _insist_on_earlier(ring: Keyring, databases: Path) -> None:
    """Lets no new authority take the place of one that has certified everybody, and is only away."""
    if any(databases.glob("*.db")) and not any(ring.folder.glob("*.*")):
        text = (
            f"keys: {ring.folder} is empty, and {databases} is not: all credentials and receipts are of keys that were "
            "there. Put them back from the backup. When they are lost for good, `lienthong keys init "
            f"{ring.folder}` makes others, and every credential is issued again"
        )
        raise ConfigError([text])


def _insist(ring: Keyring, services: tuple[str, ...]) -> None:
    wanted = [ring.root.chain, ring.server.key, ring.server.chain]
    for service in services:
        wanted += [file for name in SEALS.get(service, ()) for file in (ring.named(name).key, ring.named(name).chain)]
    if "routing" in services:
        wanted.append(ring.operator_file)
    missing = [file for file in wanted if not file.is_file()]
    if missing:
        names = ", ".join(str(file) for file in missing)
        raise ConfigError([f"keys: {names} missing; `lienthong keys init` makes them, or mount them there"])


def _insist_on_pairs(ring: Keyring, services: tuple[str, ...]) -> None:
    problems = []
    for name in dict.fromkeys(["server", *(name for service in services for name in SEALS.get(service, ()))]):
        try:
            ring.insist_on_pair(name)
        except (PkiError, OSError) as error:
            problems.append(f"keys: {error}")
    if problems:
        raise ConfigError(problems)


def renewal(ring: Keyring, settings: Settings, clock: Clock) -> Periodic:
    """Makes the worker that renews certificates in good time, where this process keeps the keys itself."""

    def look() -> bool:
        for name in renew(ring, settings.server.names, clock) if settings.keys.managed else []:
            ends = ring.certificate(name).not_valid_after_utc
            _log.info("certificate renewed", certificate=name, until=ends.isoformat())
        return False

    return Periodic("certificates", look, settings.keys.renewal_seconds)
