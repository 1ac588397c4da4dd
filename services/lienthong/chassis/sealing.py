"""The seal key of a service, from its files; a renewed certificate is taken up without a restart."""

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from lienthong.chassis.keyfiles import load_certificates
from lienthong.chassis.keyring import Keyring
from lienthong.chassis.pki import PkiError
from lienthong.chassis.seals import Seal, Sealer, SealError

_log = structlog.get_logger(__name__)


class SealKey:
    """Seals with the key and certificate of a service."""

    def __init__(self, keys: Keyring, service: str) -> None:
        """Takes the key `<service>-seal`.

        Raises:
            PkiError: A file holds no P-256 key, or cannot be opened.
            SealError: Key and certificate do not belong together.
            OSError: A file is missing.
        """
        self._keys = keys
        self._files = keys.named(f"{service}-seal")
        self._lock = threading.Lock()
        self._seen = self._stamps()
        self._sealer = self._load()

    def seal(self, subject: Mapping[str, Any], at: datetime) -> Seal:
        """Seals a subject as of `at`.

        Raises:
            SealError: The subject has no canonical form.
        """
        return self._current().seal(subject, at)

    def _current(self) -> Sealer:
        try:
            stamps = self._stamps()
            if stamps != self._seen:
                with self._lock:
                    self._seen = stamps
                    self._sealer = self._load()
        except (PkiError, SealError, OSError) as error:
            # One file of a new pair stands there without the other: the pair before it is good until both do.
            _log.warning("seal key not taken up", certificate=self._files.chain.name, reason=str(error))
        return self._sealer

    def _stamps(self) -> tuple[int, ...]:
        return tuple(file.stat().st_mtime_ns for file in (self._files.key, self._files.chain))

    def _load(self) -> Sealer:
        leaf, *_issuers = load_certificates(self._files.chain)
        # The root is left out of seals: whoever checks one has it already.
        return Sealer(self._keys.load(self._files.key), leaf, ())
