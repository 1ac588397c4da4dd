"""Records of other programs on our topics: each comes as it is, and hides none behind it."""

from typing import Any

import pytest
from confluent_kafka import Producer
from kafka import KafkaProducer
from tests.kafka_strangers import settings_of_others

from lienthong.chassis.engines.kafka.connection import options
from lienthong.chassis.engines.kafka.log import KafkaEventLog
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
    producer = KafkaProducer(**settings_of_others(section))
    producer.send(f"{section.topic_prefix}documents", partition=0, **foreign).get(10)
    producer.close()
    log.publish([record(f"key-{number}", "ours") for number in range(8)])
    found = drain(log.join("routing", ["documents"]), 9)
    (strange,) = (one for one in found if one.value != b"ours")
    assert set(strange.headers) == {name for name, _ in foreign.get("headers", [])}


class Garbled(str):
    """A name of a header that is no text on the wire."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        """Gives what is no UTF-8."""
        return b"ce_\xff"


def test_headers_as_other_libraries_may_write_them(log: KafkaEventLog, section: KafkaSection) -> None:
    """One without a value is read as one that is not there; one whose name is no text hides nothing behind it."""
    others = Producer(options(section))
    others.produce(f"{section.topic_prefix}documents", b"none", headers=[("ce_id", None), ("ce_type", b"x")])
    others.flush(10)
    garbled = KafkaProducer(**settings_of_others(section))
    garbled.send(f"{section.topic_prefix}documents", b"garbled", headers=[(Garbled(), b"x"), ("ce_type", b"x")]).get(10)
    garbled.close()
    log.publish([record("a", "ours")])
    found = {one.value: one.headers for one in drain(log.join("routing", ["documents"]), 3)}
    assert found[b"none"] == {"ce_type": "x"}
    assert set(found) == {b"none", b"garbled", b"ours"}
