"""A backlog of several topics is read in the order in which it was published, as nearly as can be."""

from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.member import KafkaLogConsumer
from lienthong.chassis.engines.kafka.settings import KafkaSection

from .support import opened, polled_until, record

ROUNDS = 60
"""Batches of documents, each followed by what is said of them."""
BATCH = 100
LONG, SHORT = "x" * 4000, "y"


def test_what_is_said_comes_after_what_it_is_about(log: KafkaEventLog) -> None:
    """Of large and small records that were published in turn none is read long before its turn: it would be parked."""
    for number in range(ROUNDS):
        keys = [f"{number}-{one}" for one in range(BATCH)]
        log.publish([record(key, LONG) for key in keys])
        log.publish([record(key, SHORT, "verdicts") for key in keys])
    reader = log.join("routing", ["verdicts", "documents"])
    records = polled_until([reader], lambda: not waiting(log))
    known, early = set[bytes](), 0
    for one in records:
        if one.topic == "documents":
            known.add(one.key)
        else:
            early += one.key not in known
    assert len(records) == 2 * ROUNDS * BATCH
    # While a member begins, it does not know yet where partitions end.
    assert early <= ROUNDS * BATCH // 10, f"{early} of {ROUNDS * BATCH} would be parked"


def waiting(log: KafkaEventLog) -> int:
    """Tells how many records are left."""
    return sum(lag.records for lag in log.lag("routing", ["verdicts", "documents"]))


def test_what_was_held_back_goes_on_elsewhere_and_here(log: KafkaEventLog, section: KafkaSection) -> None:
    """A partition that a member held back is read by whoever gets it, and by the same member when it comes back."""
    for number in range(ROUNDS):
        keys = [f"{number}-{one}" for one in range(BATCH)]
        log.publish([record(key, LONG) for key in keys])
        log.publish([record(key, SHORT, "verdicts") for key in keys])
    reader = log.join("routing", ["verdicts", "documents"])
    assert isinstance(reader, KafkaLogConsumer)
    polled_until([reader], lambda: bool(reader._ours.even.held))
    held = set(reader._ours.even.held)
    with opened(section) as other:
        second = other.join("routing", ["verdicts", "documents"])
        polled_until([reader, second], lambda: len(reader.assigned) == len(second.assigned) == 4)
        assert held - reader._ours.partitions
    polled_until([reader], lambda: len(reader.assigned) == 8 and not waiting(log))
