"""The topics on a cluster, compared with those declared, and made so. Nothing is ever removed."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    TopicMetadata,
)

from lienthong.chassis.engines.eventlog import Topic
from lienthong.chassis.engines.kafka.connection import Trouble, code_of, options
from lienthong.chassis.engines.kafka.settings import KafkaSection

_LOOK_SECONDS: Final = 0.05
_BATCH_OVERHEAD: Final = 1024
_SETTINGS: Final = "settings, which are for an operator's user"
"""Of what topics are about that no single one is named for."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which a topic differs from its declaration.

    Attributes:
        topic: Its name on the cluster.
        kind: `missing`: the topic; `partitions` and `replication_factor`: how many; `setting`: one of its settings.
        name: Name of the setting; else empty.
        found: What the cluster has; empty when the topic is missing.
        wanted: What is declared.
    """

    topic: str
    kind: Literal["missing", "partitions", "replication_factor", "setting"]
    name: str
    found: str
    wanted: str


def topic_settings(section: KafkaSection, topic: Topic) -> Mapping[str, str]:
    """Gives the settings that a topic has on a cluster."""
    return {
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "retention.ms": str(topic.retention_seconds * 1000 or -1),
        "min.insync.replicas": str(section.min_insync_replicas),
        "max.message.bytes": str(section.largest_record_bytes + _BATCH_OVERHEAD),
        # The brokers' clock: a service whose own is wrong can neither have its events refused nor kept for too long.
        "message.timestamp.type": "LogAppendTime",
    }


def diff(section: KafkaSection, topics: Sequence[Topic]) -> Sequence[Difference]:
    """Compares the cluster with the declaration.

    Raises:
        AxisError: UNAVAILABLE, PERMISSION_DENIED.
    """
    with _admin(section) as admin:
        return list(_differences(admin, section, topics))


def seen(section: KafkaSection, topics: Sequence[Topic]) -> Sequence[Difference]:
    """Compares what every service may see of its topics: whether they are there, and how many partitions they have.

    Raises:
        AxisError: UNAVAILABLE, PERMISSION_DENIED.
    """
    with _admin(section) as admin:
        declared, described = _described(admin, section, topics)
        return [one for name, topic in declared.items() for one in _counted(name, topic, described[name])]


def apply(section: KafkaSection, topics: Sequence[Topic], *, more_partitions: bool = False) -> Sequence[Difference]:
    """Makes what is missing, and changes settings.

    Args:
        section: How the cluster is reached, and what its topics shall have.
        topics: The declaration.
        more_partitions: Whether partitions may be added. Keys move then, and the order of an aggregate's events is kept
            only if all services are stopped and have consumed everything.

    Returns:
        What was changed; `diff` tells what remains: fewer partitions and other replication are not made so here.

    Raises:
        AxisError: UNAVAILABLE, PERMISSION_DENIED.
    """
    declared = {section.topic_prefix + topic.name: topic for topic in topics}
    with _admin(section) as admin:
        found = list(_differences(admin, section, topics))
        done = [one for one in found if _can_change(one, more_partitions=more_partitions)]
        _create(admin, section, [declared[one.topic] for one in done if one.kind == "missing"])
        more = [NewPartitions(one.topic, int(one.wanted)) for one in done if one.kind == "partitions"]
        _await(admin.create_partitions(more) if more else {}, section)
        _set_up(admin, section, [one for one in done if one.kind == "setting"])
        _await_seen(admin, section, topics, more=more_partitions)
    return done


def _set_up(admin: AdminClient, section: KafkaSection, changes: Sequence[Difference]) -> None:
    wanted: dict[str, list[ConfigEntry]] = {}
    for one in changes:
        entry = ConfigEntry(one.name, one.wanted, incremental_operation=AlterConfigOpType.SET)
        wanted.setdefault(one.topic, []).append(entry)
    resources = [
        ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
        for topic, entries in wanted.items()
    ]
    _await(admin.incremental_alter_configs(resources) if resources else {}, section)


def _await(asked: Mapping[Any, Future[Any]], section: KafkaSection) -> Mapping[Any, Any]:
    """Waits for the answers to all that was asked at once."""
    return {what: answer.result(2 * section.answer_seconds) for what, answer in asked.items()}


def _set_now(answer: Future[Any], section: KafkaSection) -> Mapping[str, ConfigEntry]:
    """Gives the settings of a topic; a broker that was not told of it yet knows none."""
    try:
        return dict(answer.result(2 * section.answer_seconds))
    except KafkaException as error:
        if code_of(error) != KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise
        return {}


def _await_seen(admin: AdminClient, section: KafkaSection, topics: Sequence[Topic], *, more: bool) -> None:
    """Waits until the brokers that we ask know what the controller accepted."""
    deadline = time.monotonic() + section.answer_seconds
    while time.monotonic() < deadline:
        if not any(_can_change(one, more_partitions=more) for one in _differences(admin, section, topics)):
            return
        time.sleep(_LOOK_SECONDS)


def _differences(admin: AdminClient, section: KafkaSection, topics: Sequence[Topic]) -> Iterator[Difference]:
    declared, described = _described(admin, section, topics)
    there = {name: ConfigResource(ConfigResource.Type.TOPIC, name) for name, one in described.items() if not one.error}
    asked = admin.describe_configs(list(there.values())) if there else {}
    for name, topic in declared.items():
        yield from _counted(name, topic, described[name])
        if name in there:
            yield from _set(section, topic, described[name], _set_now(asked[there[name]], section))


def _described(
    admin: AdminClient, section: KafkaSection, topics: Sequence[Topic]
) -> tuple[Mapping[str, Topic], Mapping[str, TopicMetadata]]:
    """Gives the declared topics, and what the cluster knows of them, by their names there."""
    declared = {section.topic_prefix + topic.name: topic for topic in topics}
    described = {name: admin.list_topics(name, timeout=section.answer_seconds).topics[name] for name in declared}
    for name, one in described.items():
        if one.error is not None and one.error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise Trouble(section).told(KafkaException(one.error), name)
    return declared, described


def _counted(name: str, topic: Topic, found: TopicMetadata) -> Iterator[Difference]:
    count = len(found.partitions)
    if found.error:
        yield Difference(name, "missing", "", "", f"{topic.partitions} partitions")
    elif count != topic.partitions:
        yield Difference(name, "partitions", "", str(count), str(topic.partitions))


def _set(
    section: KafkaSection, topic: Topic, found: TopicMetadata, config: Mapping[str, ConfigEntry]
) -> Iterator[Difference]:
    name = str(found.topic)
    copies = min(len(one.replicas) for one in found.partitions.values())
    if copies != section.replication_factor:
        yield Difference(name, "replication_factor", "", str(copies), str(section.replication_factor))
    for key, wanted in topic_settings(section, topic).items():
        # A broker that was not told of a topic yet knows none of its settings.
        value = str(config[key].value) if key in config else ""
        if value != wanted:
            yield Difference(name, "setting", key, value, wanted)


def _can_change(one: Difference, *, more_partitions: bool) -> bool:
    if one.kind == "partitions":
        return more_partitions and int(one.wanted) > int(one.found)
    return one.kind != "replication_factor"


def _create(admin: AdminClient, section: KafkaSection, topics: Sequence[Topic]) -> None:
    wanted = [
        NewTopic(
            section.topic_prefix + topic.name,
            topic.partitions,
            section.replication_factor,
            config=dict(topic_settings(section, topic)),
        )
        for topic in topics
    ]
    _await(admin.create_topics(wanted) if wanted else {}, section)


@contextmanager
def _admin(section: KafkaSection) -> Iterator[AdminClient]:
    trouble = Trouble(section)
    try:
        admin = AdminClient(options(section) | {"error_cb": trouble.heard})
    except KafkaException as error:
        raise trouble.told(error, _SETTINGS) from error
    try:
        yield admin
    except (KafkaException, TimeoutError) as error:
        # Why connections failed is told to whoever polls.
        admin.poll(0)
        raise trouble.told(error, _SETTINGS) from error
