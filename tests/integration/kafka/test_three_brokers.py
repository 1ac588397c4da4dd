"""Three brokers: leaders change, one may be lost, two not."""

from collections.abc import Iterator

import pytest
from tests.waiting import eventually

from lienthong.chassis.errors import AxisError, Code
from lienthong.dev.kafka import KafkaCluster

from .support import Load, complete_and_in_order, drain, opened, read_all, record, section_of


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """Three brokers that a test may kill."""
    cluster = KafkaCluster(tmp_path_factory.mktemp("three"), brokers=3)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.kill()


@pytest.fixture
def three(brokers: KafkaCluster) -> KafkaCluster:
    """The same, all up."""
    brokers.start()
    return brokers


def test_a_leader_is_killed(three: KafkaCluster) -> None:
    """Publishing and consuming go on without it; nothing acknowledged is missing or doubled, each key is in order."""
    # A broker that is killed is known to be away after three seconds only; its groups move to another one then.
    section = section_of(three, publish_seconds=20.0, answer_seconds=15.0)
    with opened(section) as log, opened(section) as other:
        reader = other.join("routing", ["documents"])
        with Load(log) as load:
            load.await_more(200)
            three.nodes[0].kill()
            before = load.acknowledged
            load.await_more(400)
            records = drain(reader, before + 400)
            three.nodes[0].start()
        found = read_all(section, load.acknowledged)
        assert complete_and_in_order(found, load.acknowledged)
        assert len(found) == len({one.value for one in found})
        assert len(records) >= before + 400


def test_fewer_copies_than_must_be(three: KafkaCluster) -> None:
    """The operator is told what is missing: the library says nothing, and tries again and again."""
    section = section_of(three, publish_seconds=3.0, replication_factor=2, min_insync_replicas=2)
    with opened(section) as log:
        batch = [record(str(number)) for number in range(20)]
        log.publish(batch)
        three.nodes[2].kill()
        told: list[str] = []

        def named() -> bool:
            try:
                log.publish(batch)
            except AxisError as error:
                told.append(error.message)
            return any("fewer brokers than min.insync.replicas keep up (1 of 2)" in one for one in told)

        eventually(named, "the number of copies is told")


def test_two_of_three_are_away(three: KafkaCluster) -> None:
    """One copy alone is not durable: nothing is acknowledged until a second one is there."""
    section = section_of(three, publish_seconds=3.0, answer_seconds=2.0)
    with opened(section) as log:
        log.publish([record("a", "0")])
        for node in three.nodes[1:]:
            node.kill()
        batch = [record("a", "1"), record("a", "2")]
        with pytest.raises(AxisError) as away:
            log.publish(batch)
        assert away.value.code is Code.UNAVAILABLE
        three.start()

        def taken() -> bool:
            try:
                log.publish(batch)
            except AxisError:
                return False
            return True

        eventually(taken, seconds=60)
        assert [one.value for one in read_all(section, 3)] == [b"0", b"1", b"2"]
