"""What signing decides, without engines: whose a document is, which files may be PDFs, what reports amount to."""

from lienthong.signing.domain.conclusion import Conclusion, File, conclude, same_outcome
from lienthong.signing.domain.papers import Attachment, Parties, SizeClass, size_class
from lienthong.signing.domain.patience import LONGEST_DELAY_SECONDS, delay_seconds

__all__ = [
    "LONGEST_DELAY_SECONDS",
    "Attachment",
    "Conclusion",
    "File",
    "Parties",
    "SizeClass",
    "conclude",
    "delay_seconds",
    "same_outcome",
    "size_class",
]
