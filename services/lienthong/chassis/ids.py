"""Identity, passed in: identifiers are UUIDv7, so that they sort by time."""

from typing import Protocol

import uuid_utils


class IdSource(Protocol):
    """Where identifiers come from."""

    def new(self) -> str:
        """Makes an identifier that was never given before."""
        ...


class Uuid7Source:
    """Identifiers of RFC 9562 version 7."""

    def new(self) -> str:
        """Makes a UUIDv7 in its text form."""
        return str(uuid_utils.uuid7())
