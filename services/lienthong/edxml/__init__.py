"""edXML, the message format of QCVN 102:2016/BTTTT: every variant is read, one canonical form is written.

Read a file with `read` or, pushed in pieces, with `Reader`; write with `plan` and `render` (any range,
constant memory), `render_status`, or `write`. Refusals are `EdxmlError`, accepted deviations are `Finding`s.
"""

from lienthong.edxml.findings import Code, EdxmlError, Finding, Problem, Reason
from lienthong.edxml.fingerprint import fingerprint
from lienthong.edxml.limits import Limits
from lienthong.edxml.model import (
    VIETNAM_TIME,
    Attachment,
    Business,
    BusinessKind,
    ContentRef,
    Declared,
    Document,
    DocumentCode,
    DocumentType,
    Message,
    Organization,
    OtherInfo,
    PromulgationInfo,
    Receiver,
    Replacement,
    ResponseFor,
    SignerInfo,
    Staff,
    Status,
    TraceHeader,
)
from lienthong.edxml.names import safe_file_name
from lienthong.edxml.reader import Reader, ReadResult, read
from lienthong.edxml.rendition import Framing, Rendition, Splice, render
from lienthong.edxml.report import Unread
from lienthong.edxml.spools import FileSpools, MemorySpools, Spool, Spools
from lienthong.edxml.writer import UNWRITABLE, plan, render_status, write

__all__ = [
    "UNWRITABLE",
    "VIETNAM_TIME",
    "Attachment",
    "Business",
    "BusinessKind",
    "Code",
    "ContentRef",
    "Declared",
    "Document",
    "DocumentCode",
    "DocumentType",
    "EdxmlError",
    "FileSpools",
    "Finding",
    "Framing",
    "Limits",
    "MemorySpools",
    "Message",
    "Organization",
    "OtherInfo",
    "Problem",
    "PromulgationInfo",
    "ReadResult",
    "Reader",
    "Reason",
    "Receiver",
    "Rendition",
    "Replacement",
    "ResponseFor",
    "SignerInfo",
    "Splice",
    "Spool",
    "Spools",
    "Staff",
    "Status",
    "TraceHeader",
    "Unread",
    "fingerprint",
    "plan",
    "read",
    "render",
    "render_status",
    "safe_file_name",
    "write",
]
