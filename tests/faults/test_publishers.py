"""Two relays publish at once, the second just when the first has written and not yet told of it."""

import threading
from pathlib import Path

from tests.waiting import eventually

from lienthong.chassis.clock import SystemClock
from lienthong.chassis.engines.eventlog import NewRecord
from lienthong.chassis.engines.sqlite_log import SqliteEventLog
from lienthong.chassis.topics import TOPICS

SECONDS = 20.0
TURN_SECONDS = 0.5
"""Enough for the second publisher to do wrong what it may not do."""


def test_publishers_at_once_never_share_an_offset(tmp_path: Path) -> None:
    """A publisher takes offsets only when those before it are known; each record gets one of its own."""
    log = SqliteEventLog(tmp_path, TOPICS, SystemClock())
    topic = TOPICS[0].name
    failures: list[Exception] = []

    def publish() -> None:
        try:
            log.publish([NewRecord(topic, b"key", b"value", {})])
        except Exception as error:  # noqa: BLE001 -- told by the test's thread
            failures.append(error)

    def stored() -> int:
        return sum(len(log.fetch((topic, partition), 0, 10)) for partition in range(TOPICS[0].partitions))

    first, second = threading.Thread(target=publish), threading.Thread(target=publish)
    with log.grown:
        first.start()
        eventually(lambda: stored() == 1, "the first has written", SECONDS)
        second.start()
        second.join(TURN_SECONDS)
    first.join(SECONDS)
    second.join(SECONDS)
    found = [log.fetch((topic, partition), 0, 10) for partition in range(TOPICS[0].partitions)]
    heads = [log.head((topic, partition)) for partition in range(TOPICS[0].partitions)]
    log.close()
    assert not failures
    assert sorted(heads) == [0] * (TOPICS[0].partitions - 1) + [2]
    assert [[record.offset for record in records] for records in found] == [list(range(head)) for head in heads]
