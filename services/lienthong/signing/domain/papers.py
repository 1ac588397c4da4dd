"""What signing knows of a document: whose it is, and where its attachments stand."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class SizeClass(IntEnum):
    """Documents of one class never wait behind documents of another."""

    SMALL = 0
    LARGE = 1


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attachment and where its content stands.

    Attributes:
        ordinal: Position in the document, from 0.
        name: Name as sent.
        blob: Key in the blob store.
        size: Length in bytes.
        sha256: Hash of the content, 32 bytes.
    """

    ordinal: int
    name: str
    blob: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Parties:
    """Who may see what was found out about a document.

    Attributes:
        sender: Agency that sent it.
        recipients: Agencies that it is for.
        unresolved: Codes of recipients that intake did not know; the directory may know them by now.
    """

    sender: str
    recipients: tuple[str, ...]
    unresolved: tuple[str, ...] = ()

    def include(self, agencies: Iterable[str]) -> bool:
        """Tells whether one of these agencies sent it or is to receive it."""
        known = {self.sender, *self.recipients}
        return any(agency in known for agency in agencies)


def size_class(attachments: Iterable[Attachment], small_bytes: int) -> SizeClass:
    """Tells which class a document belongs to, by all that may have to be read of it."""
    total = sum(attachment.size for attachment in attachments)
    return SizeClass.SMALL if total <= small_bytes else SizeClass.LARGE
