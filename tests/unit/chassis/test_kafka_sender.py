"""What a publisher on Kafka holds while no broker is there."""

import threading
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException, Uuid
from confluent_kafka.admin import TopicDescription
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.waiting import eventually

from lienthong.chassis import pki
from lienthong.chassis.engines.eventlog import NewRecord
from lienthong.chassis.engines.kafka.connection import Trouble, options
from lienthong.chassis.engines.kafka.made import Topics
from lienthong.chassis.engines.kafka.owner import NOBODY
from lienthong.chassis.engines.kafka.publisher import Publisher
from lienthong.chassis.engines.kafka.sender import Sender
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError

RECORD = NewRecord("documents", b"key", b"value", {})


class Cluster(Topics):
    """Brokers that say which topics these are, and nothing else."""

    number = 1

    def ask(self, names: Collection[str]) -> Mapping[str, "Future[Any]"]:
        """Answers the same for each, at once."""
        answer: Future[Any] = Future()
        answer.set_result(TopicDescription("documents", Uuid(0, self.number), is_internal=False, partitions=[]))
        return dict.fromkeys(names, answer)


@pytest.fixture
def section(tmp_path: Path) -> KafkaSection:
    """Where nobody listens, with a password that stands in a file."""
    now = datetime.now(UTC).replace(microsecond=0)
    validity = pki.Validity(now, now + timedelta(days=1))
    authority = pki.make_authority("the test", "Lienthong", validity, x509.random_serial_number())
    (tmp_path / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "password").write_text("old")
    return KafkaSection(
        servers=("127.0.0.1:1",),
        security="scram",
        ca_file=tmp_path / "ca.pem",
        username="intake",
        password_file=tmp_path / "password",
        publish_seconds=0.1,
    )


@pytest.fixture
def publisher(section: KafkaSection) -> Iterator[Publisher]:
    """A publisher that waits for its brokers with a record in hand."""
    with closing(Publisher(section, Trouble(section), NOBODY, Cluster(section, Trouble(section)))) as publisher:
        with pytest.raises(AxisError, match="does not answer"):
            publisher.publish([RECORD])
        yield publisher


def threads() -> int:
    """Counts the connections that this process has for publishing."""
    return sum(thread.name == "kafka-publisher" for thread in threading.enumerate())


def test_a_connection_that_cannot_take_over_is_let_go(publisher: Publisher, section: KafkaSection) -> None:
    """A password changed, and the old connection does not end in time: the new one goes, and the next look tries again.

    It would stay with its thread and its connections, one more at each look.
    """
    assert threads() == 1
    assert section.password_file is not None
    section.password_file.write_text("new")
    for _ in range(3):
        publisher._look(deadline=time.monotonic())
        publisher._look_at = 0.0
    eventually(lambda: threads() == 1, "one connection is left")


@pytest.mark.servers
def test_topics_that_are_other_ones(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another cluster stands at the address: what waits for answers of the old one begins anew.

    The library took it for an older state of the one that it knew, and waited for ever.
    """
    for number, anew in ((1, False), (2, True)):
        monkeypatch.setattr(Cluster, "number", number)
        before = publisher._sender
        for _ in range(3):
            with pytest.raises(AxisError, match="does not answer"):
                publisher.publish([RECORD])
        assert (publisher._sender is not before) == anew


def test_a_record_that_is_not_taken_leaves_nothing(section: KafkaSection) -> None:
    """Nobody waits for its answer."""
    sender = Sender(section, Trouble(section), NOBODY, options(section))
    large = NewRecord("documents", b"key", bytes(section.largest_record_bytes + 1000), {})
    with pytest.raises(KafkaException, match="MSG_SIZE_TOO_LARGE"):
        sender.send(large)
    assert not sender._open
    assert sender.stop(5.0)
