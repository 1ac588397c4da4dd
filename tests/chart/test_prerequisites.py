"""What stands below the charts: resources that operators take, with the names and bounds that the charts use."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from tests.chart.support.rendering import CHART, ROOT, SERVICES, TOPICS_CHART, Manifest
from tests.chart.support.schemas import VERSIONS, problems

FILES = sorted((ROOT / "k8s").glob("*.yaml"))


def read(name: str) -> list[Manifest]:
    """Reads the resources of a file."""
    return list(yaml.safe_load_all((ROOT / "k8s" / name).read_text("utf-8")))


def one(name: str, kind: str) -> Manifest:
    """Gives the only resource of a kind in a file."""
    (found,) = (manifest for manifest in read(name) if manifest["kind"] == kind)
    return found


@pytest.fixture(scope="module")
def ministry() -> Mapping[str, Any]:
    """The values of a ministry."""
    values: Mapping[str, Any] = yaml.safe_load((CHART / "values-ministry.yaml").read_text("utf-8"))
    return values


@pytest.fixture(scope="module")
def topics() -> Mapping[str, Any]:
    """The values of topics and users."""
    values: Mapping[str, Any] = yaml.safe_load((TOPICS_CHART / "values.yaml").read_text("utf-8"))
    return values


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_resource_is_known(file: Any, version: str) -> None:
    """No field that the API server or an operator does not know."""
    assert problems(read(file.name), version) == []


def test_kafka_is_where_the_charts_look_for_it(ministry: Mapping[str, Any], topics: Mapping[str, Any]) -> None:
    """Strimzi names the service after the cluster; the topics name the cluster."""
    metadata = one("kafka.yaml", "Kafka")["metadata"]
    (listener,) = one("kafka.yaml", "Kafka")["spec"]["kafka"]["listeners"]
    bootstrap = f"{metadata['name']}-kafka-bootstrap.{metadata['namespace']}.svc:{listener['port']}"
    assert ministry["config"]["engines"]["kafka"]["servers"] == [bootstrap]
    assert topics["strimzi"]["cluster"] == metadata["name"]


def test_kafka_carries_the_topics(topics: Mapping[str, Any]) -> None:
    """There are as many nodes as a partition has copies, and one may go without a record refused."""
    nodes = one("kafka.yaml", "KafkaNodePool")["spec"]["replicas"]
    assert nodes >= topics["replicationFactor"] > topics["minInsyncReplicas"] > 1
    config = one("kafka.yaml", "Kafka")["spec"]["kafka"]["config"]
    assert config["min.insync.replicas"] == topics["minInsyncReplicas"]
    assert config["auto.create.topics.enable"] is False


def test_postgres_is_where_the_chart_looks_for_it(ministry: Mapping[str, Any]) -> None:
    """CloudNativePG names the service that takes writes after the cluster."""
    metadata = one("postgres.yaml", "Cluster")["metadata"]
    server = f"{metadata['name']}-rw.{metadata['namespace']}.svc:5432"
    assert ministry["config"]["engines"]["postgres"]["servers"] == [server]
    assert one("postgres.yaml", "ScheduledBackup")["spec"]["cluster"]["name"] == metadata["name"]


def test_postgres_has_connections_for_every_pod(ministry: Mapping[str, Any]) -> None:
    """Each pod may hold as many to read as to write, and during an upgrade each service has one pod more."""
    pods = len(SERVICES) * (ministry["defaults"]["replicas"] + 1)
    wanted = pods * 2 * ministry["config"]["engines"]["postgres"]["connections"]
    assert int(one("postgres.yaml", "Cluster")["spec"]["postgresql"]["parameters"]["max_connections"]) > wanted


def test_a_commit_is_on_two_servers() -> None:
    """What a receipt promises is not lost with one machine."""
    synchronous = one("postgres.yaml", "Cluster")["spec"]["postgresql"]["synchronous"]
    assert (synchronous["number"], synchronous["dataDurability"]) == (1, "required")
