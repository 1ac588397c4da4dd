"""Records as the library gives them, whoever wrote them."""

from collections.abc import Mapping
from operator import methodcaller
from typing import Final

from confluent_kafka import Message

from lienthong.chassis.engines.eventlog import Record
from lienthong.chassis.engines.kafka.owner import Owner

# The library fails at names that are no text, and answers all the same. Only calls by way of a function like this one
# always notice: what it answered then must not be touched.
_written: Final = methodcaller("headers")


def record_of(found: Message, prefix: int, owner: Owner) -> Record:
    """Reads a record.

    Args:
        found: As it came.
        prefix: Characters that stand before the name of its topic.
        owner: Whose log it stands in.
    """
    topic, key, value = str(found.topic())[prefix:], _bytes(found.key()), _bytes(found.value())
    number, offset, (_, millis) = int(found.partition() or 0), int(found.offset() or 0), found.timestamp()
    return Record(topic, number, offset, key, value, owner.read(_headers(found)), millis * 1000)


def _headers(found: Message) -> Mapping[str, str]:
    """Reads the headers; other programs write some without a value, and names that are no text."""
    try:
        return {key: _text(value) for key, value in dict(_written(found) or ()).items() if value is not None}
    except (SystemError, UnicodeDecodeError):
        return {}


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
