"""Documents as routing knows them, and recalls of whole documents."""

from lienthong.chassis.engines.rows import Kind, Rows
from lienthong.routing.storage.rows import StoredDocument, StoredRecall, StoredRecipients
from lienthong.routing.storage.tables import documents, recalls, recipients

DOCUMENTS = Kind(documents, StoredDocument)
RECIPIENTS = Kind(recipients, StoredRecipients, key="document")
RECALLS = Kind(recalls, StoredRecall, group="document")


def add_document(rows: Rows, document: StoredDocument, named: bytes) -> None:
    """Adds a document and its recipients."""
    rows.of(DOCUMENTS).add(document)
    rows.of(RECIPIENTS).add(StoredRecipients(document.id, named))


def document_by_id(rows: Rows, identifier: str) -> StoredDocument | None:
    """Finds a document; its recipients stay in the database."""
    return rows.of(DOCUMENTS).get(identifier)


def the_document(rows: Rows, identifier: str) -> StoredDocument:
    """Gives a document that is known.

    Raises:
        LookupError: It is not, against the rules of this database.
    """
    document = document_by_id(rows, identifier)
    if document is None:
        raise LookupError(f"document {identifier} is missing")
    return document


def recipients_of(rows: Rows, identifier: str) -> bytes:
    """Gives the recipients of a document that is known."""
    found = rows.of(RECIPIENTS).get(identifier)
    if found is None:
        raise LookupError(f"the recipients of document {identifier} are missing")
    return found.recipients


def save_document(rows: Rows, document: StoredDocument) -> None:
    """Stores what changed of a document."""
    rows.of(DOCUMENTS).save(document)


def keep_recall(rows: Rows, recall: StoredRecall) -> None:
    """Keeps a recall of a document; one that is kept already stays."""
    if rows.of(RECALLS).get(recall.id) is None:
        rows.of(RECALLS).add(recall)


def recall_by_id(rows: Rows, identifier: str) -> StoredRecall:
    """Gives a recall that is kept."""
    found = rows.of(RECALLS).get(identifier)
    if found is None:
        raise LookupError(f"recall {identifier} is missing")
    return found


def recalls_of(rows: Rows, document: str) -> list[StoredRecall]:
    """Gives the recalls of a document, the oldest first."""
    return rows.of(RECALLS).group(document)
