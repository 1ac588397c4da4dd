"""Names, addresses and folders of the cluster. They are fixed: there is one cluster on a machine."""

from pathlib import Path
from string import Template
from typing import Final

ROOT: Final = Path(__file__).parents[2]
LOCAL: Final = ROOT / "k8s/local"
"""Manifests and configuration files."""

STATE: Final = Path("/var/lib/lienthong-cluster")
"""Everything that the cluster keeps; removed with it."""

CONFIG: Final = STATE / "config"
KEYS: Final = STATE / "keys"
LOGS: Final = STATE / "logs"
VOLUMES: Final = STATE / "volumes"
INSTALLATION: Final = STATE / "installation"
"""Keys of the axis and passwords of its engines."""

PROGRAMS: Final = STATE / "programs"
"""Link to the programs of Kubernetes."""

API_READY: Final = STATE / "api-is-ready"
"""Made when the API server is ready; some components wait for it."""

NODE: Final = "node1"
LINK: Final = "lienthong0"
"""The machine's end of the cable to the node."""

NODE_LINK: Final = "node0"
HOST_ADDRESS: Final = "10.200.0.1"
NODE_ADDRESS: Final = "10.200.0.2"
POD_RANGE: Final = "10.244.0.0/24"
SERVICE_RANGE: Final = "10.96.0.0/16"
API_ADDRESS: Final = "10.96.0.1"
DNS_ADDRESS: Final = "10.96.0.10"

CGROUP: Final = "lienthong-cluster"
CGROUPS: Final = Path("/sys/fs/cgroup")
CONTROLLERS: Final = ("blkio", "cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids", "systemd", "unified")

MOVED: Final = {"lib/cni": Path("/var/lib/cni"), "lib/kubelet": Path("/var/lib/kubelet"), "log": Path("/var/log")}
"""Folders of the machine in whose place the node sees its own, by their place below `var` of the state."""

CLIENTS: Final = ("admin", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet")
"""Who has a file with which the API server is reached."""


class ClusterError(Exception):
    """The cluster cannot be brought up or taken down; the text says what failed, and what to do."""


def kubeconfig(user: str = "admin") -> Path:
    """Gives the file with which a user reaches the API server."""
    return CONFIG / f"{user}.kubeconfig"


def filled(template: Path, **values: str) -> str:
    """Fills names of this module into a file of `k8s/local`.

    Args:
        template: The file, with `$NAME` for each.
        values: Others.
    """
    names = {name: str(value) for name, value in globals().items() if name.isupper()}
    return Template(template.read_text("utf-8")).substitute(names | values)
