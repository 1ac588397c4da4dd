"""Which topics these are: one that was deleted and made again, or stands on another cluster, is another one.

The library takes such a topic for the old one that it knew a newer state of, and neither reads nor writes any more; it
says nothing of it.
"""

import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, Final

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from lienthong.chassis.engines.kafka.connection import Trouble, options
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError

_ASK_SECONDS: Final = 1.0


class Topics:
    """Asks the brokers. Safe for threads."""

    def __init__(self, section: KafkaSection, trouble: Trouble) -> None:
        self._section = section
        self._trouble = trouble
        self._turn = threading.Lock()
        self._settings: Mapping[str, Any] = {}
        self._admin: AdminClient | None = None

    def made(self, names: Collection[str]) -> Mapping[str, str]:
        """Gives the identifiers of topics by their names, as far as the brokers tell them soon."""
        found: dict[str, str] = {}
        with suppress(KafkaException, AxisError):
            asked = self._client().describe_topics(TopicCollection(list(names)), request_timeout=_ASK_SECONDS)
            for name, answer in asked.items():
                with suppress(KafkaException, TimeoutError):
                    found[name] = str(answer.result(2 * _ASK_SECONDS).topic_id)
        return found

    def _client(self) -> AdminClient:
        settings = options(self._section)
        with self._turn:
            if self._admin is None or settings != self._settings:
                self._admin, self._settings = AdminClient(settings | {"error_cb": self._trouble.heard}), settings
            return self._admin


class Standing:
    """The topics that a connection to the brokers was begun with."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._known: dict[str, str] = {}

    def begin(self, names: Collection[str] = ()) -> None:
        """Says that a connection begins, with these topics."""
        self._known = {}
        self.add(names)

    def add(self, names: Collection[str]) -> None:
        """Says that it has to do with these topics as well."""
        unknown = set(names) - self._known.keys()
        if unknown:
            self._known |= self._topics.made(unknown)

    def replaced(self) -> list[str]:
        """Names those that are other ones now."""
        now = self._topics.made(self._known) if self._known else {}
        return sorted(name for name, known in self._known.items() if now.get(name, known) != known)
