"""Where signing keeps documents, jobs, reports and issued certificates."""

from lienthong.signing.storage.certificates import IssuedCertificate, add_certificate, certificates_end, certificates_of
from lienthong.signing.storage.documents import (
    NewReport,
    StoredDocument,
    add_document,
    add_reports,
    confirm_reports,
    document_by_id,
    documents_by_id,
    newest_report,
)
from lienthong.signing.storage.jobs import (
    StoredJob,
    add_job,
    any_due,
    claim_jobs,
    delay_job,
    held_jobs,
    release_jobs,
    remove_jobs,
    renew_leases,
    reopen_documents,
    waiting_jobs,
)
from lienthong.signing.storage.tables import metadata

__all__ = [
    "IssuedCertificate",
    "NewReport",
    "StoredDocument",
    "StoredJob",
    "add_certificate",
    "add_document",
    "add_job",
    "add_reports",
    "any_due",
    "certificates_end",
    "certificates_of",
    "claim_jobs",
    "confirm_reports",
    "delay_job",
    "document_by_id",
    "documents_by_id",
    "held_jobs",
    "metadata",
    "newest_report",
    "release_jobs",
    "remove_jobs",
    "renew_leases",
    "reopen_documents",
    "waiting_jobs",
]
