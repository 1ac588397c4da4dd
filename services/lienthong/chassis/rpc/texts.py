"""What texts of requests may hold: what nobody could read again is refused at the door, with its place."""

import re
from collections.abc import Iterator
from dataclasses import replace

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from lienthong.chassis.errors import Violation, invalid
from lienthong.edxml import UNWRITABLE

NUL = re.compile("\0")
"""What neither edXML nor every database keeps."""
TEXT_WITH_NUL = "TEXT_WITH_NUL"
READ_APART = frozenset({"statuses", "items", "document"})
"""Fields whose reader looks at their texts by itself, so that one item or field spoils none of the others."""

_WITH_TEXTS = frozenset({FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_MESSAGE})


def check_texts(message: Message, forbidden: re.Pattern[str] = UNWRITABLE, apart: frozenset[str] = frozenset()) -> None:
    """Refuses a message in which a text holds a character that it may not; fields that stand apart are left out.

    Raises:
        AxisError: INVALID_ARGUMENT with the path of the first such text.
    """
    for violation in spoiled_texts(message, forbidden, apart):
        raise invalid(violation.reason, f"{violation.field}: {violation.rule}. {violation.remedy}", violation)


def spoiled_texts(
    message: Message, forbidden: re.Pattern[str], apart: frozenset[str] = frozenset()
) -> Iterator[Violation]:
    """Finds the texts of a message that hold a character that they may not; arguments as for `check_texts`."""
    for field, value in message.ListFields():
        if field.type not in _WITH_TEXTS or field.name in apart:
            continue
        for place, one in enumerate(value if field.is_repeated else [value]):
            path = f"{field.name}[{place}]" if field.is_repeated else field.name
            if isinstance(one, str):
                if odd := forbidden.search(one):
                    yield _violation(path, odd[0])
            elif isinstance(one, Message):
                for inner in spoiled_texts(one, forbidden):
                    yield replace(inner, field=f"{path}.{inner.field}")


def _violation(field: str, character: str) -> Violation:
    remedy = "Leave it out."
    if character == "\0":
        rule = "a text holds no character U+0000: neither edXML nor a database can keep it"
        return Violation(field, TEXT_WITH_NUL, rule, remedy)
    rule = f"a text holds no character U+{ord(character):04X}: a recipient that reads edXML would never get it"
    return Violation(field, "CHARACTER_ILLEGAL", rule, remedy)
