"""What intake decides, without engines: who is addressed, what is refused, what a receipt says."""

from lienthong.intake.domain.addressing import Addressed, Addressing, address
from lienthong.intake.domain.fields import field_of
from lienthong.intake.domain.identity import document_id_of, same_code
from lienthong.intake.domain.problems import Problem, from_codec
from lienthong.intake.domain.receipts import ReceiptFacts, receipt_subject
from lienthong.intake.domain.sender import judge_sender

__all__ = [
    "Addressed",
    "Addressing",
    "Problem",
    "ReceiptFacts",
    "address",
    "document_id_of",
    "field_of",
    "from_codec",
    "judge_sender",
    "receipt_subject",
    "same_code",
]
