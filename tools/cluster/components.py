"""The components of the node: what each is called with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.cluster.layout import (
    API_READY,
    CONFIG,
    KEYS,
    NODE,
    NODE_ADDRESS,
    POD_RANGE,
    PROGRAMS,
    SERVICE_RANGE,
    STATE,
    kubeconfig,
)

_ETCD: Final = "http://127.0.0.1:2379"
_PEER: Final = "http://127.0.0.1:2380"


@dataclass(frozen=True, slots=True)
class Component:
    """One program of the node.

    Attributes:
        name: Its name, also that of its log.
        arguments: Its command line.
        after: File that must be there before it starts; None when it starts at once.
    """

    name: str
    arguments: tuple[str, ...]
    after: Path | None = None


def components() -> tuple[Component, ...]:
    """Gives all components, in the order in which they start."""
    # Before its first rules of access are there, the API server refuses what these ask first.
    return (
        _component("etcd", _etcd()),
        Component("containerd", ("containerd", "--config", str(CONFIG / "containerd.toml"))),
        _component("kube-apiserver", _api_server()),
        _component("kubelet", _kubelet(), API_READY),
        _component("kube-controller-manager", _controller_manager(), API_READY),
        _component("kube-scheduler", (*_as_client("kube-scheduler"), "--leader-elect=false"), API_READY),
        _component("kube-proxy", (f"--config={CONFIG / 'kube-proxy.yaml'}",), API_READY),
    )


def _component(name: str, options: tuple[str, ...], after: Path | None = None) -> Component:
    return Component(name, (str(PROGRAMS / name), *options), after)


def _etcd() -> tuple[str, ...]:
    return (
        f"--name={NODE}",
        f"--data-dir={STATE / 'etcd'}",
        # The cluster is not older than the machine's last start: nothing is to be saved from a power cut.
        "--unsafe-no-fsync=true",
        f"--listen-client-urls={_ETCD}",
        f"--advertise-client-urls={_ETCD}",
        f"--listen-peer-urls={_PEER}",
        f"--initial-advertise-peer-urls={_PEER}",
        f"--initial-cluster={NODE}={_PEER}",
    )


def _api_server() -> tuple[str, ...]:
    return (
        f"--etcd-servers={_ETCD}",
        f"--advertise-address={NODE_ADDRESS}",
        "--bind-address=0.0.0.0",
        "--secure-port=6443",
        "--allow-privileged=true",
        "--anonymous-auth=false",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--client-ca-file={KEYS / 'cluster.crt'}",
        *_pair("tls", "cert-file", "private-key-file", "kube-apiserver"),
        *_pair("kubelet-client", "certificate", "key", "kube-apiserver-kubelet"),
        f"--kubelet-certificate-authority={KEYS / 'cluster.crt'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={KEYS / 'service-accounts.pub'}",
        f"--service-account-signing-key-file={KEYS / 'service-accounts.key'}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        f"--requestheader-client-ca-file={KEYS / 'front-proxy.crt'}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        *_pair("proxy-client", "cert-file", "key-file", "front-proxy-client"),
        # Metrics are asked of pods directly: the API server has no kube-proxy beside it that it could rely on.
        "--enable-aggregator-routing=true",
        "--profiling=false",
    )


def _controller_manager() -> tuple[str, ...]:
    return (
        *_as_client("kube-controller-manager"),
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--root-ca-file={KEYS / 'cluster.crt'}",
        f"--service-account-private-key-file={KEYS / 'service-accounts.key'}",
        f"--cluster-cidr={POD_RANGE}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--allocate-node-cidrs=false",
        # Scaling is to be seen within seconds.
        "--horizontal-pod-autoscaler-sync-period=5s",
        "--horizontal-pod-autoscaler-downscale-stabilization=20s",
        "--horizontal-pod-autoscaler-cpu-initialization-period=20s",
    )


def _kubelet() -> tuple[str, ...]:
    return (
        f"--config={CONFIG / 'kubelet.yaml'}",
        f"--kubeconfig={kubeconfig('kubelet')}",
        f"--root-dir={STATE / 'kubelet'}",
        f"--hostname-override={NODE}",
        f"--node-ip={NODE_ADDRESS}",
    )


def _as_client(name: str) -> tuple[str, ...]:
    file = kubeconfig(name)
    return (
        f"--kubeconfig={file}",
        f"--authentication-kubeconfig={file}",
        f"--authorization-kubeconfig={file}",
        "--bind-address=127.0.0.1",
    )


def _pair(prefix: str, certificate: str, key: str, name: str) -> tuple[str, str]:
    return f"--{prefix}-{certificate}={KEYS / f'{name}.crt'}", f"--{prefix}-{key}={KEYS / f'{name}.key'}"
