"""Topics and rights as the chart of topics reads them, from the one declaration."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from tools.reference.common import COMMAND


def topics_file() -> str:
    """Makes the file: topics with their settings, and for each service what it may do."""
    from lienthong.chassis.topics import CONSUMED, PUBLISHED, TOPICS

    topics = [
        {
            "name": topic.name,
            "partitions": topic.partitions,
            "policy": "compact" if topic.compacted else "delete",
            "retentionMilliseconds": topic.retention_seconds * 1000 or -1,
        }
        for topic in TOPICS
    ]
    services = dict(_rights(PUBLISHED, CONSUMED))
    note = f"# Written by `{COMMAND}` from `lienthong.chassis.topics`. Changes belong there.\n"
    return note + yaml.safe_dump({"topics": topics, "services": services}, sort_keys=False)


def _rights(
    published: Mapping[str, Sequence[str]], consumed: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for service in sorted(published):
        yield service, {"writes": list(published[service]), "reads": list(consumed[service])}
