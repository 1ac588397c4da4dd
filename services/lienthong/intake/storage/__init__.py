"""Where intake keeps documents, receipts, recalls and uploads."""

from lienthong.intake.storage.documents import (
    NewDocument,
    StoredDocument,
    add_document,
    add_recall,
    document_by_code,
    document_by_id,
    document_by_key,
    document_by_natural_key,
    latest_update,
    list_recalls,
    natural_keys_among,
    receipt_of,
)
from lienthong.intake.storage.lists import list_documents
from lienthong.intake.storage.tables import metadata
from lienthong.intake.storage.uploads import (
    StoredUpload,
    add_upload,
    advance_upload,
    bytes_held,
    count_unfinished,
    expired_uploads,
    held_blobs,
    known_blobs,
    remove_uploads,
    upload_by_id,
    use_upload,
)

__all__ = [
    "NewDocument",
    "StoredDocument",
    "StoredUpload",
    "add_document",
    "add_recall",
    "add_upload",
    "advance_upload",
    "bytes_held",
    "count_unfinished",
    "document_by_code",
    "document_by_id",
    "document_by_key",
    "document_by_natural_key",
    "expired_uploads",
    "held_blobs",
    "known_blobs",
    "latest_update",
    "list_documents",
    "list_recalls",
    "metadata",
    "natural_keys_among",
    "receipt_of",
    "remove_uploads",
    "upload_by_id",
    "use_upload",
]
