"""Network policies enforced on the node, which no program of the cluster does: rules for the pods there are now."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations
from typing import Any

from tests.chart.support.policies import Peer, Policies, Port
from tests.chart.support.rendering import NAMESPACE
from tools.cluster import cluster, node, platform
from tools.cluster.layout import HOST_ADDRESS

_CHAIN = "LIENTHONG-POLICIES"
_PORTS = (
    Port(53),
    Port(53, protocol="UDP"),
    Port(5432),
    Port(7443, "grpc"),
    Port(9000),
    Port(9093),
    Port(9443, "metrics"),
)
"""All on which pods of the cluster listen for each other."""


@contextmanager
def enforced() -> Iterator[None]:
    """Lets through what the policies of the release say, and refuses everything else from and to its pods."""
    rules = [f":{_CHAIN} -", *_rules(), f"-I FORWARD -j {_CHAIN}"]
    node.run(*node.inside("iptables-restore", "--noflush"), given="\n".join(["*filter", *rules, "COMMIT", ""]))
    try:
        yield
    finally:
        for change in (("-D", "FORWARD", "-j", _CHAIN), ("-F", _CHAIN), ("-X", _CHAIN)):
            node.run(*node.inside("iptables", "-w", *change))


def _rules() -> Iterator[str]:
    policies = Policies(cluster.get("-n", platform.NAMESPACE, "networkpolicies")["items"])
    pods = [_peer(pod) for pod in cluster.get("-A", "pods")["items"] if pod["status"]["phase"] == "Running"]
    machine = Peer(namespace="", address=HOST_ADDRESS)
    yield f"-A {_CHAIN} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
    for source, target in permutations([*pods, machine], 2):
        for port in _PORTS:
            if NAMESPACE in (source.namespace, target.namespace) and policies.lets(source, target, port):
                ends = f"-s {source.address} -d {target.address}"
                yield f"-A {_CHAIN} {ends} -p {port.protocol.lower()} --dport {port.number} -j ACCEPT"
    for own in (pod for pod in pods if pod.namespace == NAMESPACE):
        yield f"-A {_CHAIN} -s {own.address} -j REJECT"
        yield f"-A {_CHAIN} -d {own.address} -j REJECT"


def _peer(pod: Any) -> Peer:
    """Describes a pod; the evaluator knows the release by the namespace in which it is rendered."""
    metadata = pod["metadata"]
    namespace = NAMESPACE if metadata["namespace"] == platform.NAMESPACE else metadata["namespace"]
    return Peer(metadata.get("labels", {}), namespace, pod["status"]["podIP"])
