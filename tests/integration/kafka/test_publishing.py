"""What may not be published, and what becomes of the rest."""

from contextlib import closing
from pathlib import Path

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from tests.kafka_strangers import settings_of_others
from tests.unit.chassis.stage import Stage

from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.events.event import NewEvent
from lienthong.chassis.events.refused import Refused

from .support import opened, read_all, record, values_by_key


def configure(section: KafkaSection, topic: str, **values: str) -> None:
    """Changes settings of a topic; underscores stand for dots."""
    admin = KafkaAdminClient(**settings_of_others(section))
    named = {name.replace("_", "."): value for name, value in values.items()}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, section.topic_prefix + topic, named)])
    admin.close()


def test_a_record_beyond_the_bound_is_refused_before_anything_is_sent(
    log: KafkaEventLog, section: KafkaSection
) -> None:
    """It is named, the bound too; nothing of the call is published, and the log stays usable."""
    large = record("large", "x" * (section.largest_record_bytes + 1))
    with pytest.raises(AxisError, match=r"'large'.*largest_record_bytes") as refused:
        log.publish([record("a"), large])
    assert (refused.value.code, refused.value.reason) == (Code.INVALID_ARGUMENT, "RECORD_TOO_LARGE")
    log.publish([record("b")])
    assert values_by_key(read_all(section, 1)) == {"b": ["x"]}


def test_the_largest_record_is_taken(log: KafkaEventLog, section: KafkaSection) -> None:
    """What the bound allows passes the brokers as well."""
    overhead = len("full") + len("ce_id") + len("full ") + 20
    log.publish([record("full", "x" * (section.largest_record_bytes - overhead))])
    assert len(read_all(section, 1)) == 1


def test_a_record_that_the_brokers_refuse(log: KafkaEventLog, section: KafkaSection) -> None:
    """It is named; what comes after it waits, and is published in order, once, when it is taken at last.

    The library would refuse all later records of any topic with the old error, for ever.
    """
    configure(section, "documents", max_message_bytes="5000")
    batch = [record("a", "1"), record("a", "2" + "x" * 9000), record("a", "3"), record("b", "1")]
    for _ in range(2):
        with pytest.raises(AxisError, match=r"'a' is too large for topic .*documents") as refused:
            log.publish(batch)
        assert refused.value.reason == "RECORD_TOO_LARGE"
    log.publish([record("c", "1", "verdicts")])
    configure(section, "documents", max_message_bytes="50000")
    log.publish([*batch, record("a", "4")])
    found = values_by_key(read_all(section, 5))
    assert {key: [value[0] for value in values] for key, values in found.items()} == {"a": list("1234"), "b": ["1"]}


def test_a_record_that_a_topic_does_not_want(log: KafkaEventLog, section: KafkaSection) -> None:
    """Whatever else the brokers refuse is told with their reason, and stops nothing else."""
    configure(section, "documents", message_timestamp_type="CreateTime", message_timestamp_before_max_ms="0")

    def publish_until_one_is_late() -> None:
        for number in range(200):
            log.publish([record("late", str(number))])

    with pytest.raises(AxisError, match=r"documents refused the record with key 'late'") as refused:
        publish_until_one_is_late()
    assert refused.value.reason == "RECORD_REFUSED"
    log.publish([record("a", "1", "verdicts")])


def test_a_topic_that_is_missing_on_the_cluster(section: KafkaSection) -> None:
    """It is named with the command that makes it, to whoever publishes and whoever consumes; none is made by itself."""
    with opened(section.model_copy(update={"topic_prefix": "nowhere-"})) as log:
        for ask in (
            lambda: log.publish([record("a")]),
            lambda: log.join("routing", ["documents"]).poll(10, 1.0),
        ):
            with pytest.raises(AxisError, match=r"nowhere-documents.*lienthong topics apply") as refused:
                ask()
            assert (refused.value.code, refused.value.reason) == (Code.FAILED_PRECONDITION, "TOPIC_MISSING")


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_every_codec_is_read(log: KafkaEventLog, section: KafkaSection, codec: str) -> None:
    """An operator may have brokers compress what they keep."""
    configure(section, "documents", compression_type=codec)
    log.publish([record("a", codec * 100)])
    assert [one.value for one in read_all(section, 1)] == [codec.encode() * 100]


def test_an_outbox_with_a_record_that_is_too_large(log: KafkaEventLog, section: KafkaSection, tmp_path: Path) -> None:
    """Whoever lowers the bound of a topic holds back what is told of one document; the others go on."""
    configure(section, "documents", max_message_bytes="5000")
    with closing(Stage(tmp_path)) as stage:
        with stage.units.begin() as work:
            for key, text in (("a", "1"), ("a", "2" * 9000), ("a", "3"), ("b", "4"), ("c", "5")):
                work.emit(NewEvent("documents", key, key, StringValue(value=text)))
        relay = stage.relay(log)
        assert relay.publish_once() == 3
        assert "lienthong topics diff" in relay.refused.reasons["a"]
        configure(section, "documents", max_message_bytes="50000")
        relay.refused = Refused("service")
        assert relay.publish_once() == 2
    told = [(one.key, one.value[-1:]) for one in read_all(section, 5)]
    assert [text for key, text in told if key == b"a"] == [b"1", b"2", b"3"]
    assert {key for key, _ in told} == {b"a", b"b", b"c"}
