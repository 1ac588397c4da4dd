"""The trust folder: anchors, intermediate certificates and revocation lists that the operator puts there.

::

    trust/
    ├── anchors/          root certificates that are trusted
    ├── intermediates/    certificates that may stand between; not trusted by themselves
    └── crls/             revocation lists, fetched by whatever the operator uses

Each file is PEM (one or several blocks) or DER. Files whose name begins with a dot are passed over, so that a list can
be written beside the old one and renamed over it.

A certificate that cannot be read stops the start, since nobody knows what was meant to be trusted. A revocation list
that cannot be read, such as a page of errors fetched in its place, stops nothing: what its file held before counts on,
and without that the state of the certificates concerned is unknown.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from asn1crypto import crl, pem, x509

from lienthong.chassis.config import ConfigError
from lienthong.signing.config import SigningSection
from lienthong.signing.verification.trust import TrustConfig, TrustStore

_log = structlog.get_logger(__name__)

_LISTS = "crls"
_NEVER = datetime.max.replace(tzinfo=UTC)
_FOLDERS = ("anchors", "intermediates", _LISTS)

State = tuple[tuple[str, int, int], ...]
Ders = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Trust:
    """What is trusted, and its fingerprint.

    Attributes:
        config: For verifiers.
        fingerprint: SHA-256 over all of it, in hexadecimal.
    """

    config: TrustConfig
    fingerprint: str

    @property
    def anchored(self) -> bool:
        """Whether any authority is trusted."""
        return bool(self.config.anchors)


class TrustFolder:
    """Reads the folder, and again when a file in it changed."""

    def __init__(self, folder: Path, section: SigningSection) -> None:
        """Reads the folder for the first time.

        Raises:
            ConfigError: A certificate in it cannot be used.
        """
        self._folder = folder
        self._section = section
        self._state: State = ()
        self._lists: dict[Path, Ders] = {}
        self.unusable: tuple[str, ...] = ()
        """What is wrong with revocation lists that cannot be read."""
        self.trust = self._read()

    def changed(self) -> bool:
        """Takes up what changed; tells whether it makes a difference.

        Raises:
            ConfigError: A certificate cannot be used; what was trusted before stays in force.
        """
        if _state_of(self._folder) == self._state:
            return False
        trust = self._read()
        if trust.fingerprint == self.trust.fingerprint:
            return False
        self.trust = trust
        return True

    def outdated(self, now: datetime) -> list[str]:
        """Names authorities that live and whose newest revocation list has ended: what they signed is undecided."""
        ends: dict[str, tuple[datetime, str]] = {}
        for der in self.trust.config.crls:
            head = crl.CertificateList.load(der)["tbs_cert_list"]
            key, newest = head["issuer"].hashable, (head["next_update"].native or _NEVER, head["issuer"].human_friendly)
            ends[key] = max(newest, ends.get(key, newest))
        ders = (*self.trust.config.anchors, *self.trust.config.intermediates)
        known = [x509.Certificate.load(der) for der in ders]
        over = {one.subject.hashable for one in known}
        over -= {one.subject.hashable for one in known if one.not_valid_after > now}
        return [
            f"the revocation list of {name} ended on {end:%Y-%m-%d}"
            for key, (end, name) in ends.items()
            if end < now and key not in over
        ]

    def _read(self) -> Trust:
        # Noted first: what changes while we read is read again. A damaged file is told once, not at each look.
        self._state = _state_of(self._folder)
        loaded = {name: _load(self._folder / name, _check(name)) for name in _FOLDERS}
        lists, self.unusable = loaded.pop(_LISTS)
        if problems := [problem for _, found in loaded.values() for problem in found]:
            raise ConfigError(problems)
        for problem in self.unusable:
            _log.error("a revocation list cannot be used; what its file held before counts on", reason=problem)
        self._lists = {path: ders or self._lists.get(path, ()) for path, ders in lists.items()}
        section = self._section
        config = TrustConfig(
            anchors=_joined(loaded["anchors"][0]),
            intermediates=_joined(loaded["intermediates"][0]),
            crls=_joined(self._lists),
            revocation_required=section.revocation_required,
            largest_file=section.largest_bytes,
            kind_rules=section.kind_rules(),
        )
        return Trust(config, hashlib.sha256(json.dumps(config.to_json(), sort_keys=True).encode()).hexdigest())


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _state_of(folder: Path) -> State:
    paths: Iterable[Path] = (path for name in _FOLDERS for path in _files(folder / name))
    found = ((path, path.stat()) for path in paths)
    return tuple((str(path), status.st_mtime_ns, status.st_size) for path, status in found)


def _load(folder: Path, check: Callable[[bytes], object]) -> tuple[dict[Path, Ders], tuple[str, ...]]:
    """Reads the files of a folder; those that cannot be used hold nothing, and what is wrong with them is told."""
    found: dict[Path, Ders] = {}
    problems: list[str] = []
    for path in _files(folder):
        found[path] = ()
        try:
            blocks = _blocks(path.read_bytes())
            for der in blocks:
                check(der)
            found[path] = tuple(blocks)
        except (OSError, ValueError, TypeError) as error:
            what = "a revocation list" if folder.name == _LISTS else "a certificate"
            reason = str(error).partition("\n")[0]
            problems.append(f"signing.trust_dir: {path} cannot be used as {what}: {reason}. Replace or remove it.")
    return found, tuple(problems)


def _joined(files: Mapping[Path, Ders]) -> Ders:
    return tuple(dict.fromkeys(der for ders in files.values() for der in ders))


def _blocks(content: bytes) -> Sequence[bytes]:
    if not pem.detect(content):
        return [content]
    return [der for _name, _headers, der in pem.unarmor(content, multiple=True)]


def _check(folder: str) -> Callable[[bytes], object]:
    if folder == _LISTS:
        return lambda der: TrustStore(TrustConfig((), crls=(der,)))
    return lambda der: TrustStore(TrustConfig((der,)))
