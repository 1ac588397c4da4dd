"""Records for tests of event logs: made, read until they came, grouped."""

import time
from collections import defaultdict
from collections.abc import Sequence

from lienthong.chassis.engines.eventlog import LogConsumer, NewRecord, Record


def record(key: str, value: str = "x", topic: str = "documents", **headers: str) -> NewRecord:
    """A record."""
    return NewRecord(topic, key.encode(), value.encode(), headers)


def drain(consumer: LogConsumer, count: int) -> list[Record]:
    """Polls until so many records came."""
    found: list[Record] = []
    while len(found) < count:
        records = consumer.poll(100, 5.0)
        assert records, f"{len(found)} of {count} records came"
        found += records
    return found


def drain_all(consumers: Sequence[LogConsumer], count: int) -> list[list[Record]]:
    """Polls all in turn until so many records came; gives those of each."""
    found: list[list[Record]] = [[] for _ in consumers]
    deadline = time.monotonic() + 30
    while sum(map(len, found)) < count:
        assert time.monotonic() < deadline, f"{sum(map(len, found))} of {count} records came"
        for records, consumer in zip(found, consumers, strict=True):
            records.extend(consumer.poll(100, 0.2))
    return found


def by_key(records: Sequence[Record]) -> dict[bytes, list[bytes]]:
    """Groups values by key, in the order read."""
    found: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for one in records:
        found[one.key].append(one.value)
    return dict(found)
