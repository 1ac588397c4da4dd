"""Identity of documents: the sender's DocumentId is an opaque key; number, notation and date are the fallback."""

from datetime import date
from unicodedata import normalize

from lienthong import edxml


def document_id_of(document: edxml.Document, sender_code: str, today: date) -> str:
    """Makes a DocumentId in the comma form, the de-facto standard with the Government Office (QD28 Art. 10)."""
    day = document.promulgation.promulgation_date or today
    return f"{sender_code},{day:%Y/%m/%d},{document.code}"


def same_code(first: edxml.DocumentCode, second: str) -> bool:
    """Tells whether a code in one string, as ResponseFor writes it, is a document's."""
    return normalize("NFC", str(first)).casefold() == normalize("NFC", second.strip()).casefold()
