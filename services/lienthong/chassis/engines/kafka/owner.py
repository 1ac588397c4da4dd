"""Whose event log it is: records and commits name the installation that made them.

Two installations that share topics and groups by mistake take each other's events. A group says whose it is by what
stands beside its offsets, a record by a header; older programs write neither, and what says nothing is everybody's.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import Consumer, TopicPartition

from lienthong.chassis.engines.eventlog import INSTALLATION
from lienthong.chassis.engines.kafka.connection import Place, committed, places
from lienthong.chassis.errors import precondition


@dataclass(frozen=True, slots=True)
class Owner:
    """An installation, as its event log names it.

    Attributes:
        name: What tells it from others; empty for one that says nothing, and asks nothing.
        groups: The groups of this process, each with its topics.
    """

    name: str = ""
    groups: Mapping[str, Collection[str]] = field(default_factory=dict)

    def commit(self, place: Place, offset: int) -> TopicPartition:
        """Gives what is committed for a partition."""
        return TopicPartition(*place, offset, self.name) if self.name else TopicPartition(*place, offset)

    def signed(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Gives the headers of a record that is published."""
        return {**headers, INSTALLATION: self.name} if self.name else headers

    def read(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Gives the headers of a record that was read: an installation is named only where it is another one."""
        if not self.name or headers.get(INSTALLATION) == self.name:
            return {key: value for key, value in headers.items() if key != INSTALLATION}
        return headers

    def committed(self, consumer: Consumer, asked: Sequence[Place], seconds: float) -> Mapping[Place, int]:
        """Gives the offsets of a group, and makes sure that it is not another installation's.

        Raises:
            AxisError: FAILED_PRECONDITION when it is.
            KafkaException: The brokers do not say.
        """
        answered = committed(consumer, asked, seconds)
        others = sorted({one.metadata for one in answered if one.metadata and one.metadata != self.name})
        if self.name and others:
            raise precondition(
                "EVENT_LOG_OTHERS",
                f"Topics and groups on the Kafka cluster are of another installation: its authority is {others[0]}, "
                f"ours is {self.name}. Nothing is read or published, so that neither takes events from the other. Name "
                "the brokers of this installation, or an engines.kafka.topic_prefix and group_prefix of its own.",
            )
        return places(answered)


NOBODY: Final = Owner()
"""Of a log that says nothing of whose it is."""
