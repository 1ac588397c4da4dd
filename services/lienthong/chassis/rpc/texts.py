"""What texts of requests may hold: what nobody could read again is refused at the door, with its place."""

import re

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from lienthong.chassis.errors import AxisError, Violation, invalid
from lienthong.edxml import UNWRITABLE

NUL = re.compile("\0")
"""What neither edXML nor every database keeps."""
READ_APART = frozenset({"statuses"})
"""Items whose reader looks at the texts of each by itself, so that one spoils none of the others."""

_WITH_TEXTS = frozenset({FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_MESSAGE})


def check_texts(message: Message, forbidden: re.Pattern[str] = UNWRITABLE, apart: frozenset[str] = frozenset()) -> None:
    """Refuses a message in which a text holds a character that it may not; fields that stand apart are left out.

    Raises:
        AxisError: INVALID_ARGUMENT with the path of the first such text.
    """
    if found := _found(message, forbidden, apart):
        raise _refused(*found)


def _found(message: Message, forbidden: re.Pattern[str], apart: frozenset[str] = frozenset()) -> tuple[str, str] | None:
    for field, value in message.ListFields():
        if field.type not in _WITH_TEXTS or field.name in apart:
            continue
        for place, one in enumerate(value if field.is_repeated else [value]):
            path = f"{field.name}[{place}]" if field.is_repeated else field.name
            if isinstance(one, str):
                if odd := forbidden.search(one):
                    return path, odd[0]
            elif isinstance(one, Message) and (inner := _found(one, forbidden)):
                return f"{path}.{inner[0]}", inner[1]
    return None


def _refused(field: str, character: str) -> AxisError:
    remedy = "Leave it out."
    if character == "\0":
        rule = "a text holds no character U+0000: neither edXML nor a database can keep it"
        return invalid("TEXT_WITH_NUL", f"{field}: {rule}. {remedy}", Violation(field, "TEXT_WITH_NUL", rule, remedy))
    rule = f"a text holds no character U+{ord(character):04X}: a recipient that reads edXML would never get it"
    violation = Violation(field, "CHARACTER_ILLEGAL", rule, remedy)
    return invalid("CHARACTER_ILLEGAL", f"{field}: {rule}. {remedy}", violation)
