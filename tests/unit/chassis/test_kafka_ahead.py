"""Records of several partitions are given out oldest first; partitions that are behind are waited for, a little."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from confluent_kafka import KafkaException, TopicPartition

from lienthong.chassis.engines.kafka.ahead import Ahead
from lienthong.chassis.engines.kafka.even import Even


@dataclass(frozen=True)
class Found:
    """A record of a partition, as the library gives it."""

    number: int
    of: str
    millis: int

    def topic(self) -> str:
        """Its topic."""
        return self.of

    def partition(self) -> int:
        """Its partition."""
        return 0

    def offset(self) -> int:
        """Its place there."""
        return self.number

    def timestamp(self) -> tuple[int, int]:
        """When it was written."""
        return (2, self.millis)

    def __len__(self) -> int:
        return 10


def over(_: object) -> bool:
    """Nothing more is to come."""
    return False


def kept(ahead: Ahead, *found: Found) -> None:
    """Lets records come."""
    for one in found:
        ahead.came(cast("Any", one))


def test_the_oldest_goes_first() -> None:
    """Over partitions by time; within one as they stand, whatever their time says."""
    ahead = Ahead()
    late, early = Found(0, "documents", 30), Found(1, "documents", 10)
    kept(ahead, late, early, Found(0, "verdicts", 20), Found(1, "verdicts", 40))
    taken = [(one.topic(), one.offset()) for one in ahead.take(3, over)]
    assert taken == [("verdicts", 0), ("documents", 0), ("documents", 1)]
    assert (ahead.count, ahead.bytes) == (1, 10)
    assert [one.offset() for one in ahead.take(3, over)] == [1]
    assert not ahead.partitions


def test_what_may_be_older_is_waited_for() -> None:
    """Nothing is given out behind the last one of a partition of which more is to come: that may be older."""
    ahead = Ahead()
    kept(ahead, Found(0, "documents", 1), *(Found(number, "verdicts", number + 1) for number in range(3)))
    taken = ahead.take(9, lambda one: one == ("documents", 0))
    assert [(one.topic(), one.offset()) for one in taken] == [("documents", 0)]
    assert ahead.count == 3


def test_what_went_is_forgotten() -> None:
    """Nothing is given out of a partition that is another member's."""
    ahead = Ahead()
    kept(ahead, Found(0, "documents", 1), Found(0, "verdicts", 2))
    ahead.drop([("documents", 0), ("progress", 0)])
    assert (ahead.count, ahead.bytes) == (1, 10)
    assert [one.topic() for one in ahead.take(9, over)] == ["verdicts"]


class Library:
    """The library's side: where partitions end, and what comes of them."""

    def __init__(self, ends: dict[str, int], coming: Sequence[Found], most_bytes: int = 10**9) -> None:
        self._ends = ends
        self._coming = list(coming)
        self.paused: set[str] = set()
        self.waited = 0
        self.ahead = Ahead()
        self.even = Even(self.ahead, most_bytes)
        self.even.begin({(topic, 0): 0 for topic in ends}, {})

    def get_watermark_offsets(self, one: TopicPartition, *, cached: bool) -> tuple[int, int]:
        """Tells where a partition ends, without asking the brokers."""
        if not cached:
            raise KafkaException
        return (0, self._ends[one.topic])

    def pause(self, those: Sequence[TopicPartition]) -> None:
        """Holds partitions back."""
        self.paused |= {one.topic for one in those}

    def resume(self, those: Sequence[TopicPartition]) -> None:
        """Lets them go on."""
        self.paused -= {one.topic for one in those}

    def take(self, seconds: float) -> bool:
        """Gives what comes next of those that are not held back."""
        found = next((one for one in self._coming if one.of not in self.paused), None)
        if found is None:
            time.sleep(seconds)
            self.waited += 1
            return False
        self._coming.remove(found)
        self.ahead.came(cast("Any", found))
        self.even.came(cast("Any", found))
        return True

    def catch_up(self) -> None:
        """Lets partitions that are behind catch up."""
        self.even.let_go(cast("Any", self))
        self.even.catch_up(cast("Any", self), self.take)


def records(topic: str, count: int) -> list[Found]:
    """Records of a topic that is on its way."""
    return [Found(number, topic, number) for number in range(count)]


def test_a_partition_that_runs_ahead_is_held_back() -> None:
    """The others need not wait until all of it was read; it goes on once it was given out."""
    library = Library({"documents": 3, "verdicts": 5000}, [*records("verdicts", 5000), *records("documents", 3)])
    library.take(0)
    library.catch_up()
    assert library.paused == {"verdicts"}
    assert library.ahead.count < 1000
    assert {one.topic() for one in library.ahead.take(6, over)} == {"documents", "verdicts"}
    library.ahead.take(10**6, over)
    library.catch_up()
    assert not library.paused


def test_large_records_are_held_back_sooner() -> None:
    """By their bytes: each partition has its share of what is read ahead."""
    library = Library({"documents": 400, "verdicts": 9}, [*records("documents", 400), Found(0, "verdicts", 0)], 2000)
    library.take(0)
    library.catch_up()
    assert library.paused == {"documents"}
    assert library.ahead.partitions == {("documents", 0), ("verdicts", 0)}


def test_what_does_not_come_is_waited_for_once() -> None:
    """A partition may end in what is given to nobody, or have no leader: it holds the others up once, not each time."""
    library = Library({"documents": 1, "verdicts": 9}, records("verdicts", 2))
    library.take(0)
    library.catch_up()
    waited = library.waited
    assert waited
    library.catch_up()
    assert library.waited == waited
    assert library.ahead.count == 2


def test_what_is_read_ahead_is_bounded() -> None:
    """Waiting ends with the bytes that a member may read ahead."""
    library = Library({"documents": 1, "verdicts": 9}, records("verdicts", 9), most_bytes=10)
    library.take(0)
    library.catch_up()
    assert library.ahead.count == 1
