"""The topics of the house: keys, partitions, retention. Declared here once, for every engine."""

from collections.abc import Mapping

from lienthong.chassis.engines.eventlog import Topic
from lienthong.chassis.events.event import DELIVERIES, DIRECTORY, DOCUMENTS, PROGRESS, VERDICTS

_WEEK = 7 * 24 * 3600

TOPICS = (
    Topic(DOCUMENTS, partitions=4, retention_seconds=_WEEK),
    Topic(VERDICTS, partitions=4, retention_seconds=_WEEK),
    Topic(DIRECTORY, partitions=1, retention_seconds=0, compacted=True),
    Topic(DELIVERIES, partitions=4, retention_seconds=_WEEK),
    Topic(PROGRESS, partitions=4, retention_seconds=_WEEK),
)
"""All topics. The directory keeps the last state of each agency and system for ever."""

PUBLISHED: Mapping[str, tuple[str, ...]] = {
    "intake": (DOCUMENTS,),
    "routing": (DIRECTORY, DELIVERIES),
    "workflow": (PROGRESS,),
    "signing": (VERDICTS,),
    "notification": (),
}
"""Topics that each service publishes to: it alone owns what is told there."""

CONSUMED: Mapping[str, tuple[str, ...]] = {
    "intake": (DIRECTORY,),
    "routing": (DOCUMENTS, VERDICTS, PROGRESS),
    "workflow": (DOCUMENTS, VERDICTS, DELIVERIES, DIRECTORY),
    "signing": (DOCUMENTS, DIRECTORY),
    "notification": (DOCUMENTS, VERDICTS, DELIVERIES, PROGRESS, DIRECTORY),
}
"""Topics that each service consumes, in a consumer group of the service's name."""
