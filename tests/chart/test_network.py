"""Who may talk to whom: the rendered policies let through what this table says, and nothing else."""

import pytest
from tests.chart.conftest import Render
from tests.chart.support.policies import Peer, Policies, Port
from tests.chart.support.rendering import SERVICES, Manifest, of_kind

CALLS, METRICS = Port(7443, "grpc"), Port(9443, "metrics")
AGENCY = Peer(namespace="", address="203.0.113.7")
PROMETHEUS = Peer({"app": "prometheus"}, namespace="monitoring")
STRANGER = Peer({"app": "stranger"}, namespace="elsewhere")
NAMES = Peer({"k8s-app": "kube-dns"}, namespace="kube-system")

OUTSIDE = {
    "names": (NAMES, Port(53, protocol="UDP")),
    "kafka": (Peer({"app": "kafka"}, namespace="kafka"), Port(9093)),
    "postgres": (Peer({"app": "postgres"}, namespace="databases"), Port(5432)),
    "objects": (Peer({"app": "objects"}, namespace="storage"), Port(9000)),
    "mail": (Peer(namespace="", address="198.51.100.25"), Port(587)),
    "kubernetes": (Peer(namespace="", address="10.96.0.1"), Port(6443)),
    "the node": (Peer(namespace="", address="169.254.169.254"), Port(80)),
}

REACHES = {
    "intake": {"names", "kafka", "postgres", "objects"},
    "routing": {"names", "kafka", "postgres", "objects"},
    "signing": {"names", "kafka", "postgres", "objects"},
    "workflow": {"names", "kafka", "postgres"},
    "notification": {"names", "kafka", "postgres", "mail"},
    "migrate": {"names", "postgres"},
}


def pod(manifests: list[Manifest], name: str) -> Peer:
    """The pod of a component, or of the migration."""
    kind = "Job" if name == "migrate" else "Deployment"
    return Peer(of_kind(manifests, kind)[name]["spec"]["template"]["metadata"]["labels"])


@pytest.mark.parametrize("name", REACHES)
def test_each_reaches_its_engines_alone(rendered: Render, name: str) -> None:
    """A component that was taken over cannot look around."""
    manifests = rendered()
    policies, own = Policies(manifests), pod(manifests, name)
    assert {what for what, (peer, port) in OUTSIDE.items() if policies.lets(own, peer, port)} == REACHES[name]


def test_components_do_not_talk_to_each_other(rendered: Render) -> None:
    """Events join the services: none needs the port of another."""
    manifests = rendered()
    policies = Policies(manifests)
    peers = {name: pod(manifests, name) for name in (*SERVICES, "migrate")}
    pairs = [(one, other) for one in peers for other in SERVICES]
    assert [(one, other) for one, other in pairs if policies.lets(peers[one], peers[other], CALLS)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_callers_call_and_prometheus_looks(rendered: Render, service: str) -> None:
    """Whoever presents a certificate may call; metrics are for monitoring; no other port is open."""
    manifests = rendered()
    policies, own = Policies(manifests), pod(manifests, service)
    for caller in (AGENCY, STRANGER):
        assert policies.lets(caller, own, CALLS)
        assert not policies.lets(caller, own, METRICS)
    assert policies.lets(PROMETHEUS, own, METRICS)
    assert not policies.lets(PROMETHEUS, own, Port(22))


def test_callers_and_engines_may_be_narrowed(rendered: Render) -> None:
    """Where it is known who calls and where the engines are, nobody else is let through."""
    kafka = {
        "ports": [9093],
        "peers": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kafka"}}}],
    }
    callers = [{"ipBlock": {"cidr": "203.0.113.0/24"}}]
    manifests = rendered({"networkPolicy": {"callers": callers, "engines": {"kafka": kafka}}})
    policies, own = Policies(manifests), pod(manifests, "intake")
    assert policies.lets(AGENCY, own, CALLS)
    assert not policies.lets(STRANGER, own, CALLS)
    assert policies.lets(own, *OUTSIDE["kafka"])
    assert not policies.lets(own, OUTSIDE["postgres"][0], Port(9093))
    assert policies.lets(Peer(of_kind(manifests, "Pod")["test"]["metadata"]["labels"]), own, CALLS)
