"""The library stops to fetch, without a word: the member notices, and begins anew."""

import pytest
from tests.waiting import eventually

from lienthong.chassis.engines.kafka import silence
from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.member import KafkaLogConsumer
from lienthong.chassis.errors import AxisError, Code

from .support import drain, record


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members look soon."""
    monkeypatch.setattr(silence, "SECONDS", 0.3)


def test_a_member_that_is_given_nothing_any_more(log: KafkaEventLog) -> None:
    """It says so once, and then has everything that came meanwhile."""
    member = log.join("routing", ["documents"])
    assert isinstance(member, KafkaLogConsumer)
    log.publish([record("a", "0")])
    member.commit(drain(member, 1))
    assert member._consumer is not None
    member._consumer.pause(*member._ours.partitions)
    log.publish([record("a", "1"), record("b", "2")])
    with pytest.raises(AxisError, match="no longer read") as told:
        drain(member, 1)
    assert told.value.code is Code.UNAVAILABLE
    assert sorted(one.value for one in drain(member, 2)) == [b"1", b"2"]


def test_one_partition_beside_others_that_are_read(log: KafkaEventLog) -> None:
    """What comes of other partitions does not hide it; nothing of those is lost."""
    member = log.join("routing", ["documents"])
    assert isinstance(member, KafkaLogConsumer)
    log.publish([record(key, "0") for key in "abcdef"])
    known = drain(member, 6)
    member.commit(known)
    still, *_, flowing = sorted(known, key=lambda one: one.partition)
    assert still.partition != flowing.partition
    assert member._consumer is not None
    member._consumer.pause(*(one for one in member._ours.partitions if one.partition == still.partition))
    log.publish([record(still.key.decode(), "behind")])

    def goes_on() -> bool:
        log.publish([record(flowing.key.decode(), "more")])
        member.commit(found := member.poll(10, 0.1))
        return any(one.value == b"behind" for one in found)

    with pytest.raises(AxisError, match="no longer read"):
        eventually(goes_on, "the member says that a partition is no longer read", 30.0)
    eventually(goes_on, "what was behind comes", 30.0)


def test_silence_alone_is_nothing(log: KafkaEventLog) -> None:
    """A member to whom nothing is published waits on."""
    member = log.join("routing", ["documents"])
    log.publish([record("a", "0")])
    member.commit(drain(member, 1))
    assert member.poll(10, 3.0) == []
    log.publish([record("a", "1")])
    assert [one.value for one in drain(member, 1)] == [b"1"]
