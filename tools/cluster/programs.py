"""Programs of Kubernetes, built from pinned Go modules; and what the node needs from Debian."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tools.cluster.layout import LOCAL, ClusterError
from tools.kubernetes import golang

from lienthong.dev.cache import cached

SOURCES: Final = LOCAL / "programs"
NAMES: Final = (
    "coredns",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubectl",
    "kubelet",
)
"""Names by which the one program of all components is called."""

_KUBERNETES: Final = "1.34.4"
_VERSION: Final = "k8s.io/component-base/version"
_STAMPS: Final = (
    f"{_VERSION}.gitVersion=v{_KUBERNETES}",
    f"{_VERSION}.gitMajor=1",
    f"{_VERSION}.gitMinor=34",
    f"{_VERSION}.gitTreeState=clean",
    f"k8s.io/client-go/pkg/version.gitVersion=v{_KUBERNETES}",
)
_PACKAGES: Final = (".", "./pause", "sigs.k8s.io/metrics-server/cmd/metrics-server")

_DEBIAN: Final = {
    "containerd": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "ipset": "ipset",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "socat": "socat",
    "ethtool": "ethtool",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
}
"""Programs of the node, and the packages that bring them."""

_INSTALL_SECONDS: Final = 600.0


def fetch() -> Path:
    """Gives the folder of the programs; they are built once for each state of their sources.

    Raises:
        EngineError: Go is missing, or a program cannot be built.
    """
    made_of = [*sorted(SOURCES.rglob("go.*")), *sorted(SOURCES.rglob("*.go")), Path(__file__)]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in made_of))
    digest.update(golang.version().encode())
    return cached(f"programs-{digest.hexdigest()[:12]}", _build, shelf="cluster")


def install() -> None:
    """Installs what is missing of the node's Debian packages.

    Raises:
        ClusterError: They cannot be installed.
    """
    missing = [package for program, package in _DEBIAN.items() if shutil.which(program) is None]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise ClusterError(f"the node needs programs of these packages, and apt-get is missing: {', '.join(missing)}")
    remedy = f"install them by hand: apt-get install {' '.join(missing)}"
    # A package that starts a service of its own would do so on the machine and not on the node.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update", "-q"], ["install", "-q", "--yes", "--no-install-recommends", *missing]):
        done = subprocess.run(  # noqa: S603 -- our own command line
            ["apt-get", *command],  # noqa: S607 -- as the system has it
            env=environment,
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
            check=False,
        )
        if done.returncode:
            raise ClusterError(f"`apt-get {command[0]}` failed: {done.stderr.strip()[-2000:]}\n{remedy}")


def _build(folder: Path) -> None:
    golang.build(_PACKAGES, SOURCES, folder, stamps=_STAMPS)
    for name in NAMES:
        (folder / name).symlink_to("cluster")
