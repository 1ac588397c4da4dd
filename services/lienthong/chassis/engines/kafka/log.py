"""The event log on Apache Kafka. See `EventLog`.

Making one needs no broker, and neither does being alive: each call connects when it must, says UNAVAILABLE while the
brokers are away, and works again when they are back.
"""

import threading
from collections.abc import Sequence

from lienthong.chassis.engines.eventlog import Lag, NewRecord, Topic
from lienthong.chassis.engines.kafka.backlog import Backlog
from lienthong.chassis.engines.kafka.connection import Trouble
from lienthong.chassis.engines.kafka.made import Topics
from lienthong.chassis.engines.kafka.member import KafkaLogConsumer
from lienthong.chassis.engines.kafka.owner import NOBODY, Owner
from lienthong.chassis.engines.kafka.publisher import Publisher
from lienthong.chassis.engines.kafka.settings import KafkaSection


class KafkaEventLog:
    """A log shared by many processes."""

    def __init__(self, section: KafkaSection, topics: Sequence[Topic], owner: Owner = NOBODY) -> None:
        """Connects to nothing yet.

        Args:
            section: How the brokers are reached.
            topics: The topics of the house; `lienthong topics apply` makes them.
            owner: Whose log it is.
        """
        self._section = section
        self._owner = owner
        self._is_ours = not owner.name
        self._topics = {topic.name: topic for topic in topics}
        self._trouble = Trouble(section)
        self._made = Topics(section, self._trouble)
        self._publisher = Publisher(section, self._trouble, owner, self._made)
        self._turn = threading.Lock()
        self._members: list[KafkaLogConsumer] = []
        self._backlogs: dict[str, Backlog] = {}

    def publish(self, records: Sequence[NewRecord]) -> None:
        """Appends records. See `EventLog.publish`."""
        self._known([record.topic for record in records])
        if records:
            self._insist_on_ours()
            self._publisher.publish(records)

    def join(self, group: str, topics: Sequence[str]) -> KafkaLogConsumer:
        """Becomes a member of a group, at its first poll. See `EventLog.join`."""
        self._known(topics)
        member = KafkaLogConsumer(self._section, self._trouble, self._owner, self._made, group, topics, self._forget)
        with self._turn:
            self._members.append(member)
        return member

    def lag(self, group: str, topics: Sequence[str]) -> Sequence[Lag]:
        """Tells how far a group is behind. See `EventLog.lag`."""
        self._known(topics)
        return self._backlog(group).lag([self._topics[name] for name in topics])

    def trim(self, now_micros: int) -> int:  # noqa: ARG002 -- the contract names it
        """Removes nothing: the brokers do so by the settings of each topic."""
        return 0

    def close(self) -> None:
        """Gives everything back."""
        with self._turn:
            members, backlogs = list(self._members), list(self._backlogs.values())
        for member in members:
            member.close()
        for backlog in backlogs:
            backlog.close()
        self._publisher.close()

    def _insist_on_ours(self) -> None:
        """Publishes nothing into the topics of another installation."""
        if not self._is_ours:
            for group, topics in self._owner.groups.items():
                self._backlog(group).insist_on_ours(topics)
            self._is_ours = True

    def _backlog(self, group: str) -> Backlog:
        with self._turn:
            if group not in self._backlogs:
                self._backlogs[group] = Backlog(self._section, self._trouble, self._owner, group)
            return self._backlogs[group]

    def _known(self, topics: Sequence[str]) -> None:
        missing = sorted({name for name in topics if name not in self._topics})
        if missing:
            raise ValueError(f"topics do not exist: {', '.join(missing)}")

    def _forget(self, member: KafkaLogConsumer) -> None:
        with self._turn:
            if member in self._members:
                self._members.remove(member)
