"""Records of other programs on our topics: each comes as it is, and hides none behind it."""

from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from kafka import KafkaProducer
from tests.kafka_strangers import settings_of_others
from tests.waiting import until

from lienthong.chassis.engines.kafka.connection import options
from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.settings import KafkaSection

from .support import drain, record

LARGE = 12 * 1024 * 1024
"""More than a consumer asks for at once."""


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


def test_a_transaction_of_another_program(log: KafkaEventLog, section: KafkaSection) -> None:
    """While it is open, and for good if it is forgotten, it holds nothing of ours back; its marks wait for nobody."""
    reader = log.join("routing", ["documents"])
    other = Producer(options(section) | {"transactional.id": section.topic_prefix})
    other.init_transactions(10)
    other.begin_transaction()
    for number in range(4):
        other.produce(f"{section.topic_prefix}documents", b"theirs", partition=number)
    other.flush(10)
    log.publish([record(f"key-{number}", "ours") for number in range(8)])
    found = drain(reader, 12)
    assert [one.value for one in found].count(b"ours") == 8
    other.abort_transaction(10)
    reader.commit(found)
    assert sum(one.records for one in log.lag("routing", ["documents"])) == 0


def test_a_record_that_is_larger_than_ours_may_be(log: KafkaEventLog, section: KafkaSection) -> None:
    """Where an operator lets a topic take it, it stops nothing that stands behind it."""
    topic = f"{section.topic_prefix}documents"
    larger = ConfigEntry("max.message.bytes", str(2 * LARGE), incremental_operation=AlterConfigOpType.SET)
    changed = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[larger])
    administrator = AdminClient(options(section))
    administrator.incremental_alter_configs([changed])[changed].result(10)
    other = Producer(options(section) | {"message.max.bytes": 2 * LARGE})

    def taken() -> bool:
        """The brokers learn of the setting a moment after it was made, and refuse the record until then."""
        answers: list[object] = []
        other.produce(topic, bytes(LARGE), partition=0, on_delivery=lambda error, _message: answers.append(error))
        other.flush(10)
        return answers == [None]

    assert until(taken)
    log.publish([record(f"key-{number}", "ours") for number in range(8)])
    assert len(drain(log.join("routing", ["documents"]), 9)) == 9


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
