"""A place of its own on the real engines of this run, for a whole platform."""

from typing import Any
from uuid import uuid4

from tests.engines import fresh_schemas, open_postgres

from lienthong.chassis import migrations
from lienthong.chassis.engines.kafka import topics
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.topics import TOPICS
from lienthong.dev.kafka import KafkaCluster
from lienthong.dev.objects import ObjectServer
from lienthong.dev.platform import SERVICES


def engine_settings(kafka: KafkaCluster, objects: ObjectServer) -> dict[str, Any]:
    """Makes schemas, topics and a place for contents; gives the section `engines` of a platform on them."""
    mark = uuid4().hex[:8]
    names = {"topic_prefix": f"{mark}-", "group_prefix": f"{mark}-"}
    log = KafkaSection.model_validate({**kafka.settings(), **names})
    topics.apply(log, TOPICS)
    database = fresh_schemas(*SERVICES)
    for service in SERVICES:
        migrations.upgrade(open_postgres(database, service, owner=True), service)
    contents = objects.settings()
    return {
        "kafka": log.model_dump(),
        "postgres": database.model_dump(),
        "objects": {**contents, "url": f"{contents['url']}-{mark}"},
    }
