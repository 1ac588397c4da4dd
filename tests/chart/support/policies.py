"""What rendered network policies let through: an evaluator of the part of them that the chart uses."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from tests.chart.support.rendering import NAMESPACE, Manifest

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Peer:
    """One end of a connection.

    Attributes:
        labels: Of the pod; empty for what is none of ours.
        namespace: Its namespace; empty outside the cluster.
        address: Its address.
    """

    labels: Labels = field(default_factory=dict)
    namespace: str = NAMESPACE
    address: str = "10.1.2.3"


@dataclass(frozen=True, slots=True)
class Port:
    """The port of a connection.

    Attributes:
        number: Its number.
        name: Its name at the pod that listens; empty where that is none of ours.
        protocol: TCP or UDP.
    """

    number: int
    name: str = ""
    protocol: str = "TCP"


class Policies:
    """The policies of a rendering."""

    def __init__(self, manifests: Sequence[Manifest]) -> None:
        self._policies = [one for one in manifests if one["kind"] == "NetworkPolicy"]

    def lets(self, source: Peer, target: Peer, port: Port) -> bool:
        """Tells whether a connection is let through: out of the one, and into the other."""
        return self._side("egress", source, target, port) and self._side("ingress", target, source, port)

    def _side(self, side: str, own: Peer, other: Peer, port: Port) -> bool:
        policies = [one["spec"] for one in self._policies if self._selects(one, side, own)]
        rules = [rule for spec in policies for rule in spec.get(side, [])]
        return not policies or any(_admits(rule, side, other, port) for rule in rules)

    def _selects(self, policy: Manifest, side: str, own: Peer) -> bool:
        spec = policy["spec"]
        named = spec["podSelector"]["matchLabels"].items() <= own.labels.items()
        return side.capitalize() in spec["policyTypes"] and own.namespace == NAMESPACE and bool(own.labels) and named


def _admits(rule: Manifest, side: str, other: Peer, port: Port) -> bool:
    ports = rule.get("ports")
    fits = ports is None or any(
        one["port"] in (port.number, port.name) and one.get("protocol", "TCP") == port.protocol for one in ports
    )
    peers = rule.get("from" if side == "ingress" else "to")
    return fits and (not peers or any(all(_conditions(peer, other)) for peer in peers))


def _conditions(peer: Mapping[str, Any], other: Peer) -> Iterator[bool]:
    """Gives what must hold of the other end, of labels and address alone: the chart uses no expressions."""
    if "ipBlock" in peer:
        yield ip_address(other.address) in ip_network(peer["ipBlock"]["cidr"])
        return
    if "namespaceSelector" in peer:
        wanted = peer["namespaceSelector"].get("matchLabels", {})
        yield bool(other.namespace) and wanted.items() <= {"kubernetes.io/metadata.name": other.namespace}.items()
    else:
        yield other.namespace == NAMESPACE
    if "podSelector" in peer:
        yield peer["podSelector"].get("matchLabels", {}).items() <= other.labels.items()
