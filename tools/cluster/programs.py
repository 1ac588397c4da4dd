"""Programs of Kubernetes, built from pinned Go modules; and what the node needs from Debian."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tools.cluster.layout import LOCAL, ClusterError

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
    f"-X {_VERSION}.gitVersion=v{_KUBERNETES} -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=34 "
    f"-X {_VERSION}.gitTreeState=clean -X k8s.io/client-go/pkg/version.gitVersion=v{_KUBERNETES}"
)
_BUILDS: Final = (
    # Program, package, folder of its module, stamps of its version.
    ("cluster", ".", SOURCES, _STAMPS),
    ("pause", "./pause", SOURCES, ""),
    ("metrics-server", "sigs.k8s.io/metrics-server/cmd/metrics-server", SOURCES / "metrics-server", ""),
)
_BUILD_SECONDS: Final = 1800.0

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
        ClusterError: Go is missing, or a program cannot be built.
    """
    made_of = [*sorted(SOURCES.rglob("go.*")), *sorted(SOURCES.rglob("*.go")), Path(__file__)]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in made_of))
    digest.update(_run(["go", "version"], "install Go 1.26 or later").encode())
    return cached(f"programs-{digest.hexdigest()[:12]}", _build, shelf="cluster")


def install() -> None:
    """Installs what is missing of the node's Debian packages.

    Raises:
        ClusterError: They cannot be installed.
    """
    missing = [package for program, package in _DEBIAN.items() if shutil.which(program) is None]
    if not missing:
        return
    remedy = f"install them by hand: apt-get install {' '.join(missing)}"
    # A package that starts a service of its own would do so on the machine and not on the node.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    _run(["apt-get", "update", "-q"], remedy, seconds=_INSTALL_SECONDS)
    command = ["apt-get", "install", "-q", "--yes", "--no-install-recommends", *missing]
    _run(command, remedy, seconds=_INSTALL_SECONDS, environment=environment)


def _build(folder: Path) -> None:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false -mod=readonly"}
    for program, package, module, stamps in _BUILDS:
        command = ["go", "build", "-trimpath", "-ldflags", f"-s -w {stamps}", "-o", str(folder / program), package]
        remedy = "its modules are pinned in go.mod; is the module proxy reached?"
        _run(command, remedy, seconds=_BUILD_SECONDS, folder=module, environment=environment)
    for name in NAMES:
        (folder / name).symlink_to("cluster")


def _run(
    command: list[str],
    remedy: str,
    *,
    seconds: float = 60.0,
    folder: Path | None = None,
    environment: dict[str, str] | None = None,
) -> str:
    try:
        done = subprocess.run(  # noqa: S603 -- our own command line
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )
    except FileNotFoundError as error:
        raise ClusterError(f"{command[0]} is missing: {remedy}") from error
    if done.returncode:
        raise ClusterError(f"`{' '.join(command)}` failed: {done.stderr.strip()[-2000:]}\n{remedy}")
    return done.stdout
