"""Which topics these are: one that was deleted and made again, or stands on another cluster, is another one.

The library takes such a topic for the old one that it knew a newer state of, and neither reads nor writes any more; it
says nothing of it.
"""

import threading
from collections.abc import Collection, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from lienthong.chassis.engines.kafka.connection import Trouble, code_of, options
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError

_ANSWER_SECONDS: Final = 4.0


class Topics:
    """Asks the brokers. Safe for threads."""

    def __init__(self, section: KafkaSection, trouble: Trouble) -> None:
        self._section = section
        self._trouble = trouble
        self._turn = threading.Lock()
        self._settings: Mapping[str, Any] = {}
        self._admin: AdminClient | None = None

    def ask(self, names: Collection[str]) -> Mapping[str, "Future[Any]"]:
        """Asks which topics there are under some names, and waits for nothing: each answer has a `topic_id`."""
        with suppress(KafkaException, AxisError):
            return self._client().describe_topics(TopicCollection(sorted(names)), request_timeout=_ANSWER_SECONDS)
        return {}

    def _client(self) -> AdminClient:
        settings = options(self._section)
        with self._turn:
            if self._admin is None or settings != self._settings:
                self._admin, self._settings = AdminClient(settings | {"error_cb": self._trouble.heard}), settings
            return self._admin


class Standing:
    """The topics that a connection to the brokers began with."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._known: dict[str, str] = {}
        self._asked: dict[str, Future[Any]] = {}
        self._absent: frozenset[str] = frozenset()

    def begin(self, names: Collection[str] = ()) -> None:
        """Says that a connection begins, with these topics."""
        self._known, self._asked, self._absent = {}, {}, frozenset()
        self.add(names)

    def add(self, names: Collection[str]) -> None:
        """Says that it has to do with these topics as well."""
        unknown = set(names) - self._asked.keys()
        if unknown:
            self._asked |= self._topics.ask(unknown)

    def absent(self) -> list[str]:
        """Names those that were answered to be missing at this look and at the one before.

        A broker that starts knows of no topic for a moment.
        """
        now = frozenset(
            name
            for name, answer in self._asked.items()
            if answer.done() and code_of(answer.exception()) == KafkaError.UNKNOWN_TOPIC_OR_PART
        )
        missing, self._absent = sorted(now & self._absent), now
        return missing

    def replaced(self) -> list[str]:
        """Names those that are other ones, by what was answered since the last look, and asks for the next."""
        gone = []
        for name, answer in self._asked.items():
            if answer.done() and answer.exception() is None:
                now = str(answer.result().topic_id)
                if self._known.setdefault(name, now) != now:
                    gone.append(name)
        if self._asked:
            self._asked |= self._topics.ask(self._asked)
        return gone
