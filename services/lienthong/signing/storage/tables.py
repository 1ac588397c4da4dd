"""The tables of signing.

`due_at` compares with the database's clock, all other times are domain time; both are microseconds since 1970.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

documents = Table(
    "documents",
    metadata,
    Column("id", Text, primary_key=True),
    # Whose it is and where its attachments stand, as JSON: read together, never searched.
    Column("parties", Text, nullable=False),
    Column("attachments", Text, nullable=False),
    Column("size_class", Integer, nullable=False),
    Column("accepted_at", BigInteger, nullable=False),
    # The newest report: its number (0 for none), its verdict, and under which trust it was made.
    Column("version", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("trust", Text, nullable=False),
    Column("verified_at", BigInteger, nullable=False),
    Index("documents_verdict", "verdict", "verified_at"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("document", Text, primary_key=True),
    Column("size_class", Integer, nullable=False),
    # Whose document; empty for what is verified again. Senders share the verification.
    Column("sender", Text, nullable=False, server_default=""),
    # When it may be claimed; a claim moves it to the end of the lease.
    Column("due_at", BigInteger, nullable=False),
    # Who holds it, empty for nobody.
    Column("lease", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("delays", Integer, nullable=False),
    Column("queued_at", BigInteger, nullable=False),
    Column("traceparent", Text, nullable=False),
    Index("jobs_due", "size_class", "due_at"),
    Index("jobs_lines", "size_class", "sender", "due_at"),
    Index("jobs_lease", "lease"),
)

reports = Table(
    "reports",
    metadata,
    Column("document", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("verified_at", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
)

certificates = Table(
    "certificates",
    metadata,
    Column("serial", Text, primary_key=True),
    Column("system", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("chain", LargeBinary, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("issued_by", Text, nullable=False),
    Index("certificates_system", "system", "issued_at"),
)
