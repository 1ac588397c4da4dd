"""What signing decides, without engines: whose a document is, which files may be PDFs, what reports amount to."""

from lienthong.signing.domain.conclusion import Conclusion, File, conclude, same_outcome
from lienthong.signing.domain.papers import HEADER_BYTES, Attachment, Parties, SizeClass, may_be_pdf, size_class
from lienthong.signing.domain.patience import delay_seconds

__all__ = [
    "HEADER_BYTES",
    "Attachment",
    "Conclusion",
    "File",
    "Parties",
    "SizeClass",
    "conclude",
    "delay_seconds",
    "may_be_pdf",
    "same_outcome",
    "size_class",
]
