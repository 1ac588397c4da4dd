"""Groups of consumers, as the brokers know them: how often one shared its partitions anew."""

import struct
import time
from collections.abc import Iterator
from contextlib import closing

from kafka import KafkaConsumer, TopicPartition
from tests.kafka_strangers import settings_of_others
from tools.cluster import engines

_GROUPS = "__consumer_offsets"
_GROUP_KEY = 2
"""What the key of a record begins with that tells of a group, and not of an offset."""

_SECONDS = 30.0


def generations(group: str) -> int:
    """Tells how often a group has shared its partitions since it is there."""
    return max((number for name, number in _written() if name == group), default=0)


def _written() -> Iterator[tuple[str, int]]:
    """Reads groups and their generations out of the topic in which brokers keep them."""
    reader = KafkaConsumer(
        **settings_of_others(engines.kafka()), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    with closing(reader):
        places = [TopicPartition(_GROUPS, number) for number in reader.partitions_for_topic(_GROUPS)]
        reader.assign(places)
        ends = reader.end_offsets(places)
        deadline = time.monotonic() + _SECONDS
        while any(reader.position(place) < ends[place] for place in places):
            assert time.monotonic() < deadline, f"{_GROUPS} was not read within {_SECONDS:g} s"
            for records in reader.poll(timeout_ms=1000).values():
                for record in records:
                    if record.value is not None and struct.unpack_from(">h", record.key) == (_GROUP_KEY,):
                        yield _text(record.key), _generation(record.value)


def _text(written: bytes) -> str:
    """Reads a text that stands behind a version."""
    (length,) = struct.unpack_from(">h", written, 2)
    return written[4 : 4 + length].decode()


def _generation(written: bytes) -> int:
    """Reads a generation, which stands behind the kind of the group."""
    (number,) = struct.unpack_from(">i", written, 4 + len(_text(written).encode()))
    return int(number)
