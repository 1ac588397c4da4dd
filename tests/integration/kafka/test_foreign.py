"""Records of other programs on our topics: each comes as it is, and hides none behind it."""

from typing import Any

import pytest
from kafka import KafkaProducer
from kafka.consumer.fetcher import ConsumerRecord

from lienthong.chassis.engines.kafka.connection import options
from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.member import KafkaLogConsumer
from lienthong.chassis.engines.kafka.settings import KafkaSection

from .support import drain, record


@pytest.mark.parametrize(
    "foreign",
    [
        {"value": None, "key": b"key"},
        {"value": b"{}", "headers": [("ce_type", b"\xff")]},
        {"value": b"{}", "headers": [("ce_id", b"1"), ("ce_id", b"2")]},
        {"value": b"{}", "headers": [(f"x{number}", b"y" * 1000) for number in range(100)]},
    ],
    ids=["nothing", "no text", "twice", "much"],
)
def test_a_record_of_another_program(log: KafkaEventLog, section: KafkaSection, foreign: dict[str, Any]) -> None:
    """It is read like any other, without the headers that have no value."""
    producer = KafkaProducer(**options(section))
    producer.send(f"{section.topic_prefix}documents", partition=0, **foreign).get(10)
    producer.close()
    log.publish([record(f"key-{number}", "ours") for number in range(8)])
    found = drain(log.join("routing", ["documents"]), 9)
    (strange,) = (one for one in found if one.value != b"ours")
    assert set(strange.headers) == {name for name, _ in foreign.get("headers", [])}


def test_a_header_without_a_value(log: KafkaEventLog) -> None:
    """Other libraries write such; it is read as one that is not there."""
    member = log.join("routing", ["documents"])
    assert isinstance(member, KafkaLogConsumer)
    headers = [("ce_id", None), ("ce_type", b"x")]
    found = ConsumerRecord("documents", 0, -1, 7, 5, 1, None, None, headers, None, -1, -1, -1)
    assert member._record(found).headers == {"ce_type": "x"}
