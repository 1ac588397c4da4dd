"""Where a document in types has what a rule knows by its place in edXML: who filled fields in is told of fields."""

import re
from collections.abc import Mapping
from typing import Final

_FIELDS: Final[Mapping[str, str]] = {
    "MessageHeader": "document.header",
    "MessageHeader/From/OrganId": "document.header.sender.code",
    "MessageHeader/To/OrganId": "document.header.recipients",
    "MessageHeader/To": "document.header.recipients",
    "MessageHeader/DocumentId": "document.header.document_id",
    "MessageHeader/Code/CodeNumber": "document.header.number",
    "MessageHeader/Code/CodeNotation": "document.header.notation",
    "MessageHeader/ResponseFor": "document.header.response_for",
    "TraceHeaderList/Bussiness": "document.header.targets",
    "TraceHeaderList/Bussiness/BussinessDocType": "document.header.kind",
    "TraceHeaderList/Bussiness/BussinessDocReason": "document.header.reason",
}
_RECIPIENT: Final = re.compile(r"MessageHeader/To\[(\d+)\]/OrganId")


def field_of(path: str) -> str:
    """Gives the field of an element; a path that is no element of edXML stays. Elements count from 1, fields from 0."""
    if recipient := _RECIPIENT.fullmatch(path):
        return f"document.header.recipients[{int(recipient[1]) - 1}].code"
    return _FIELDS.get(path, path)
