"""Two installations that share brokers, topics and groups by mistake: neither takes from the other."""

from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from tests.waiting import eventually

from lienthong.chassis.engines.eventlog import INSTALLATION, Lag
from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.owner import NOBODY, Owner
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError, Code
from lienthong.dev.kafka import KafkaCluster

from .support import drain, opened, record, section_of

GROUPS = {"routing": ("documents",)}
OURS, THEIRS = Owner("0a", GROUPS), Owner("0b", GROUPS)


@pytest.fixture
def section(kafka: KafkaCluster) -> KafkaSection:
    """Settings of a log of one's own, on a broker that knows of groups already."""
    made = section_of(kafka)
    with opened(made) as log:
        eventually(lambda: read(log) is not None)
    return made


def read(log: KafkaEventLog) -> Sequence[Lag] | None:
    """Tells how far routing is behind; None while the broker, just started, does not know of its group."""
    with suppress(AxisError):
        return log.lag("routing", ["documents"])
    return None


def taken(log: KafkaEventLog, count: int) -> list[str]:
    """Takes so many records as a service does, and leaves; gives their values."""
    reader = log.join("routing", ["documents"])
    records = drain(reader, count)
    reader.commit(records)
    reader.close()
    return sorted(one.value.decode() for one in records)


@pytest.mark.parametrize(
    "use",
    [
        lambda log: log.publish([record("b", "theirs")]),
        lambda log: log.join("routing", ["documents"]).poll(10, 5.0),
        lambda log: log.lag("routing", ["documents"]),
    ],
    ids=["publish", "poll", "lag"],
)
def test_another_installation_at_our_log(section: KafkaSection, use: Callable[[KafkaEventLog], object]) -> None:
    """Where our services have been, it neither reads nor publishes, and is told why; we go on, and miss nothing."""
    with opened(section, OURS) as ours, opened(section, THEIRS) as theirs:
        ours.publish([record("a", "1")])
        assert taken(ours, 1) == ["1"]
        ours.publish([record("a", "2"), record("b", "3")])
        with pytest.raises(AxisError, match="of another installation: its authority is 0a, ours is 0b") as refused:
            use(theirs)
        assert (refused.value.code, refused.value.reason) == (Code.FAILED_PRECONDITION, "EVENT_LOG_OTHERS")
        assert taken(ours, 2) == ["2", "3"]


def test_a_record_of_another_installation_says_so(section: KafkaSection) -> None:
    """One that reads in groups of its own still writes where we read: each of its records says whose it is."""
    apart = section.model_copy(update={"group_prefix": f"{section.group_prefix}apart-"})
    with opened(section, OURS) as ours, opened(apart, THEIRS) as theirs:
        ours.publish([record("a", "ours")])
        theirs.publish([record("a", "theirs")])
        found = drain(ours.join("routing", ["documents"]), 2)
    assert {one.value: one.headers.get(INSTALLATION) for one in found} == {b"ours": None, b"theirs": "0b"}


def test_a_program_that_says_nothing_of_it(section: KafkaSection) -> None:
    """An older program works beside ours, before and after: neither keeps the other out."""
    with opened(section, OURS) as ours, opened(section, NOBODY) as older:
        for one, other in ((ours, older), (older, ours)):
            one.publish([record("a", "1")])
            assert taken(other, 1) == ["1"]
