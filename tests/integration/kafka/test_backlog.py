"""A backlog of several topics is read in the order in which it was published, as nearly as can be."""

from lienthong.chassis.engines.kafka.log import KafkaEventLog

from .support import polled_until, record

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
