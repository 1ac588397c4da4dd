"""The chart of topics says what the program's one declaration says, and removing the program removes no data."""

from pathlib import Path

import pytest
import yaml
from tests.chart.conftest import Render
from tests.chart.support.rendering import TOPICS_CHART, Manifest, Values, Wanted, of_kind, render
from tests.chart.support.schemas import VERSIONS, problems

from lienthong.chassis.engines.kafka.rights import rights
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.engines.kafka.topics import topic_settings
from lienthong.chassis.topics import TOPICS

CHOICES: tuple[Values, ...] = (
    {},
    {"topicPrefix": "North_", "groupPrefix": "north.", "replicationFactor": 5, "minInsyncReplicas": 3},
    {"largestRecordBytes": 2097152, "strimzi": {"authentication": "scram-sha-512"}},
)


def topics(values: Values, folder: Path) -> list[Manifest]:
    """What the chart of topics renders."""
    return render(Wanted([values], chart=TOPICS_CHART), folder)


def section(values: Values) -> KafkaSection:
    """The settings of a program on these topics."""
    names = {
        "topicPrefix": "topic_prefix",
        "groupPrefix": "group_prefix",
        "replicationFactor": "replication_factor",
        "minInsyncReplicas": "min_insync_replicas",
        "largestRecordBytes": "largest_record_bytes",
    }
    return KafkaSection.model_validate({names[key]: value for key, value in values.items() if key in names})


@pytest.mark.parametrize("values", CHOICES)
def test_topics_are_as_declared(tmp_path: Path, values: Values) -> None:
    """`lienthong topics diff` finds nothing on a cluster that was made from the chart."""
    found = {one["spec"]["topicName"]: one["spec"] for one in of_kind(topics(values, tmp_path), "KafkaTopic").values()}
    kafka = section(values)
    assert found.keys() == {kafka.topic_prefix + topic.name for topic in TOPICS}
    for topic in TOPICS:
        spec = found[kafka.topic_prefix + topic.name]
        assert (spec["partitions"], spec["replicas"]) == (topic.partitions, kafka.replication_factor)
        assert {key: str(value) for key, value in spec["config"].items()} == topic_settings(kafka, topic)


@pytest.mark.parametrize("values", CHOICES)
def test_users_have_the_rights_of_their_service(tmp_path: Path, values: Values) -> None:
    """What `lienthong topics rights` lists, and no more."""
    found = {
        (name, acl["resource"]["type"], acl["resource"]["name"], operation.lower())
        for name, user in of_kind(topics(values, tmp_path), "KafkaUser").items()
        for acl in user["spec"]["authorization"]["acls"]
        for operation in acl["operations"]
        if operation != "Describe"
    }
    assert found == {(one.principal, one.kind, one.name, one.operation) for one in rights(section(values))}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("values", [*CHOICES, {"mode": "job", "job": {"servers": ["kafka-0.kafka:9093"]}}])
def test_what_is_rendered_is_taken(tmp_path: Path, values: Values, version: str) -> None:
    """By the operators of Strimzi, and by Kubernetes."""
    assert problems(topics(values, tmp_path), version) == []


def test_data_outlives_both_releases(rendered: Render, tmp_path: Path) -> None:
    """Topics stay when their release goes, and are no part of the program's; so does the folder of the one process."""
    found = of_kind(topics({}, tmp_path), "KafkaTopic").values()
    assert {one["metadata"]["annotations"]["helm.sh/resource-policy"] for one in found} == {"keep"}
    assert not of_kind(rendered(), "KafkaTopic")
    (claim,) = of_kind(rendered(files=["values-small.yaml"]), "PersistentVolumeClaim").values()
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_the_job_knows_the_same_topics(tmp_path: Path) -> None:
    """Its settings are those with which the topics were rendered."""
    values = {**CHOICES[1], "mode": "job", "job": {"servers": ["kafka-0.kafka:9093"]}}
    (found,) = of_kind(topics(values, tmp_path), "ConfigMap").values()
    given = KafkaSection.model_validate(yaml.safe_load(found["data"]["config.yaml"])["engines"]["kafka"])
    kafka = section(values)
    for topic in TOPICS:
        assert topic_settings(given, topic) == topic_settings(kafka, topic)
    assert (given.topic_prefix, given.replication_factor) == (kafka.topic_prefix, kafka.replication_factor)
