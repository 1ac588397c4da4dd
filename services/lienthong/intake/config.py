"""Settings of intake."""

from pydantic import Field

from lienthong.chassis.config import Section

_MIB = 1024 * 1024
RECIPIENTS_AT_MOST = 2000
"""No setting allows a document more."""


class IntakeSection(Section):
    """Accepting documents."""

    inline_bytes: int = Field(
        _MIB, ge=1024, le=_MIB, description="Content that a call may carry itself, in bytes; more goes by upload."
    )
    recipients: int = Field(
        RECIPIENTS_AT_MOST,
        ge=1,
        le=RECIPIENTS_AT_MOST,
        description="Recipients of one document after groups are expanded.",
    )
    attachments: int = Field(100, ge=1, le=1000, description="Attachments of one document.")
    attachment_bytes: int = Field(4 * 1024 * _MIB, ge=1, description="Length of one attachment, unpacked, in bytes.")
    upload_bytes: int = Field(8 * 1024 * _MIB, ge=1, description="Length of one upload in bytes.")
    upload_seconds: int = Field(
        86_400, ge=60, description="An upload without new bytes for so long expires; its bytes are removed."
    )
    uploads_per_agency: int = Field(64, ge=1, description="Unfinished uploads of one agency at once.")
    parse_inline_bytes: int = Field(
        4 * _MIB, ge=0, description="edXML files up to this size are read in the call itself, larger ones in children."
    )
    readers: int = Field(1, ge=1, le=64, description="Child processes that read large edXML files.")
    readers_waiting: int = Field(4, ge=1, le=1000, description="Large files that may wait; more are refused.")
    reader_memory_bytes: int = Field(
        512 * _MIB, ge=256 * _MIB, description="Address space of a child that reads, its libraries included, in bytes."
    )
    reader_seconds: float = Field(600.0, gt=0, le=86_400, description="Longest reading of one large file, in seconds.")
    upload_bytes_per_agency: int = Field(
        64 * 1024 * _MIB, ge=1, description="Bytes of one agency's uploads that no document holds yet."
    )
    sweep_seconds: float = Field(60.0, gt=0, description="Pause between two sweeps of expired uploads and orphans.")
