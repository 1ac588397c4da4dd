"""The tables of intake."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

documents = Table(
    "documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sender", Text, nullable=False),
    Column("document_id", Text, nullable=False),
    # Sender and DocumentId for kinds 0 and 3; sender, target and fingerprint do for updates, which may come back.
    Column("natural_key", Text, unique=True),
    Column("kind", Integer, nullable=False),
    Column("target", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("number", Text, nullable=False),
    Column("notation", Text, nullable=False),
    Column("promulgated", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("accepted_at", BigInteger, nullable=False),
    # The event as it was published: everything that there is to know about the document.
    Column("accepted", LargeBinary, nullable=False),
    Column("warnings", LargeBinary, nullable=False),
    # What came in outside the payloads, byte for byte, compressed; empty for a document given in types.
    Column("outside", LargeBinary, nullable=False),
    # Identifiers of documents follow time, so that each list reads its index backwards.
    Index("documents_sent", "sender", "id"),
    Index("documents_code", "sender", "number", "id"),
    Index("documents_notation", "sender", "notation", "id"),
    Index("documents_document_id", "sender", "document_id", "id"),
    Index("documents_promulgated", "sender", "promulgated", "id"),
    Index("documents_target", "target", "accepted_at"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False, index=True),
    Column("recall", Boolean, nullable=False),
    Column("answer", LargeBinary, nullable=False),
)

recalls = Table(
    "recalls",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("agencies", Text, nullable=False),
    Column("requested_at", BigInteger, nullable=False),
)

blobs = Table(
    "document_blobs",
    metadata,
    Column("key", Text, primary_key=True),
    Column("document", Text, nullable=False),
)

words = Table(
    "document_words",
    metadata,
    Column("word", Text, primary_key=True),
    Column("sender", Text, primary_key=True),
    Column("document", Text, primary_key=True),
    sqlite_with_rowid=False,
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("agency", Text, nullable=False),
    Column("blob", Text, nullable=False, unique=True),
    Column("expected", BigInteger, nullable=False),
    Column("committed", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("complete", Boolean, nullable=False),
    # Once a document took the content, it counts no more.
    Column("used", Boolean, nullable=False),
    Column("touched_at", BigInteger, nullable=False),
    Index("uploads_agency", "agency", "complete"),
    Index("uploads_touched", "touched_at"),
)
