"""Each component is scaled by its own signal, within bounds that a rebalance cannot break."""

from typing import Any

import pytest
import yaml
from tests.chart.conftest import Render
from tests.chart.support.rendering import ROOT, SERVICES, Manifest, of_kind

from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.topics import TOPICS

CALLED, CONSUMING = {"intake", "routing"}, {"signing", "workflow", "notification"}
ON = {"defaults": {"autoscaling": {"enabled": True}}}
PARTITIONS = max(topic.partitions for topic in TOPICS)


def lag(source: str) -> dict[str, Any]:
    """Values with which lag is told by somebody."""
    return {"defaults": {"autoscaling": {"enabled": True, "lag": {"source": source}}}}


def behavior(one: Manifest) -> Any:
    """How fast a resource scales."""
    if one["kind"] == "ScaledObject":
        return one["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    return one["spec"]["behavior"]


def test_each_has_its_own_signal(rendered: Render) -> None:
    """Services that are called look at processor time, those that consume at the age of events; none at both."""
    manifests = rendered(ON)
    assert set(of_kind(manifests, "HorizontalPodAutoscaler")) == CALLED
    assert set(of_kind(manifests, "ScaledObject")) == CONSUMING
    plain = rendered(lag("external"))
    assert set(of_kind(plain, "HorizontalPodAutoscaler")) == set(SERVICES)
    assert not of_kind(plain, "ScaledObject")


def test_who_is_scaled_has_no_number(rendered: Render) -> None:
    """An upgrade must not set back what the autoscaler has chosen."""
    assert all("replicas" not in one["spec"] for one in of_kind(rendered(ON), "Deployment").values())
    assert all(one["spec"]["replicas"] == 2 for one in of_kind(rendered(), "Deployment").values())


@pytest.mark.parametrize("source", ["keda-prometheus", "keda-kafka", "external"])
def test_who_is_stopped_is_not_scaled(rendered: Render, source: str) -> None:
    """No autoscaler brings back the pods of a service that was told to have none."""
    manifests = rendered(lag(source) | {"components": {"workflow": {"replicas": 0}, "intake": {"replicas": 0}}})
    stopped = {name for name, one in of_kind(manifests, "Deployment").items() if one["spec"].get("replicas") == 0}
    assert stopped == {"workflow", "intake"}
    assert not stopped & {*of_kind(manifests, "ScaledObject"), *of_kind(manifests, "HorizontalPodAutoscaler")}


@pytest.mark.parametrize("source", ["keda-prometheus", "keda-kafka", "external"])
def test_a_rebalance_storm_cannot_start(rendered: Render, source: str) -> None:
    """Pods come one at a time, further apart than a group needs to share its partitions, and leave slower still."""
    manifests = rendered(lag(source))
    scaled = of_kind(manifests, "ScaledObject") | of_kind(manifests, "HorizontalPodAutoscaler")
    settled = KafkaSection().session_seconds * 3
    for name in CONSUMING:
        up, down = behavior(scaled[name])["scaleUp"], behavior(scaled[name])["scaleDown"]
        for rule in (up, down):
            assert [policy["value"] for policy in rule["policies"] if policy["type"] == "Pods"] == [1]
            assert len(rule["policies"]) == 1
        assert down["policies"][0]["periodSeconds"] > up["policies"][0]["periodSeconds"] > settled
        assert down["stabilizationWindowSeconds"] > up["stabilizationWindowSeconds"] >= settled


def test_more_pods_than_partitions_are_not_asked_for(rendered: Render) -> None:
    """In the largest size too: a member without a partition would only wait."""
    manifests = rendered(files=["values-nation.yaml"])
    found = {name: one["spec"]["maxReplicaCount"] for name, one in of_kind(manifests, "ScaledObject").items()}
    assert found.keys() == CONSUMING
    assert max(found.values()) <= PARTITIONS


@pytest.mark.parametrize("source", ["keda-prometheus", "external"])
def test_the_metrics_exist(rendered: Render, source: str) -> None:
    """What is asked for is exposed by the program, under that name."""
    known = {
        one["name"] for one in yaml.safe_load((ROOT / "docs/reference/telemetry.yaml").read_text("utf-8"))["metrics"]
    }
    manifests = rendered(lag(source))
    asked = set()
    for one in of_kind(manifests, "ScaledObject").values():
        asked |= {
            trigger["metadata"]["query"].partition("(")[2].partition("{")[0] for trigger in one["spec"]["triggers"]
        }
    for one in of_kind(manifests, "HorizontalPodAutoscaler").values():
        asked |= {metric["external"]["metric"]["name"] for metric in one["spec"]["metrics"] if "external" in metric}
    assert asked == {"lienthong_lag_seconds", "lienthong_signing_oldest_job_seconds"}
    assert asked <= known


def test_kafka_is_asked_as_the_service_asks_it(rendered: Render) -> None:
    """Its group with its prefix, over TLS, with the certificate that the service has anyway."""
    values = lag("keda-kafka") | {"config": {"engines": {"kafka": {"group_prefix": "north-"}}}}
    manifests = rendered(values)
    (trigger,) = of_kind(manifests, "ScaledObject")["workflow"]["spec"]["triggers"]
    assert trigger["metadata"]["consumerGroup"] == "north-workflow"
    assert trigger["metadata"]["bootstrapServers"] == "kafka-0.kafka:9093,kafka-1.kafka:9093"
    assert trigger["metadata"]["tls"] == "enable"
    given = of_kind(manifests, "TriggerAuthentication")["workflow"]["spec"]["secretTargetRef"]
    assert {one["parameter"]: (one["name"], one["key"]) for one in given} == {
        "ca": ("lienthong-kafka-ca", "ca.crt"),
        "cert": ("lienthong-kafka-workflow", "user.crt"),
        "key": ("lienthong-kafka-workflow", "user.key"),
    }
