"""The seal key of a service, from its files; a renewed certificate is taken up without a restart."""

import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from lienthong.chassis.keyfiles import load_certificates, load_private_key
from lienthong.chassis.seals import Seal, Sealer


class SealKey:
    """Seals with the key and certificate of a service."""

    def __init__(self, folder: Path, service: str) -> None:
        """Names the files `<service>-seal.key` and `<service>-seal.crt`.

        Raises:
            KeyFileError: A file is missing or holds no P-256 key.
            SealError: Key and certificate do not belong together.
        """
        self._key = folder / f"{service}-seal.key"
        self._chain = folder / f"{service}-seal.crt"
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
        if self._chain.stat().st_mtime_ns != self._stamp:
            with self._lock:
                self._sealer = self._load()
        return self._sealer

    def _load(self) -> Sealer:
        self._stamp = self._chain.stat().st_mtime_ns
        leaf, *_issuers = load_certificates(self._chain)
        # The root is left out of seals: whoever checks one has it already.
        return Sealer(load_private_key(self._key, None), leaf, ())
