"""The seal key of a service, from its files; a renewed certificate is taken up without a restart."""

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lienthong.chassis.keyfiles import load_certificates
from lienthong.chassis.keyring import Keyring
from lienthong.chassis.seals import Seal, Sealer


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
        self._stamp = 0
        self._sealer = self._load()

    def seal(self, subject: Mapping[str, Any], at: datetime) -> Seal:
        """Seals a subject as of `at`.

        Raises:
            SealError: The subject has no canonical form.
        """
        return self._current().seal(subject, at)

    def _current(self) -> Sealer:
        if self._files.chain.stat().st_mtime_ns != self._stamp:
            with self._lock:
                self._sealer = self._load()
        return self._sealer

    def _load(self) -> Sealer:
        self._stamp = self._files.chain.stat().st_mtime_ns
        leaf, *_issuers = load_certificates(self._files.chain)
        # The root is left out of seals: whoever checks one has it already.
        return Sealer(self._keys.load(self._files.key), leaf, ())
