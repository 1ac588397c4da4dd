"""Brings the cluster up, and asks it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tools.cluster import certificates, images, node, programs
from tools.cluster.layout import (
    API_READY,
    CLIENTS,
    CONFIG,
    LOCAL,
    LOGS,
    NODE,
    PROGRAMS,
    STATE,
    ClusterError,
    filled,
    kubeconfig,
)

_API_SECONDS: Final = 120.0
_NODE_SECONDS: Final = 120.0
_IMPORT_SECONDS: Final = 300.0
_ROLLOUT_SECONDS: Final = 120
_TAIL_CHARACTERS: Final = 3000
_FILES: Final = {
    "containerd.toml": "",
    "kubelet.yaml": "",
    "kube-proxy.yaml": "",
    "resolv.conf": "",
    "pods.conflist": "cni",
}
"""Configuration files of the node, and the folders in which they are looked for."""

_SYSTEM: Final = ("coredns", "metrics-server")


def up(tell: Callable[[str], None]) -> None:
    """Brings up an empty cluster; one that is there goes first.

    Args:
        tell: Is told of each step.

    Raises:
        ClusterError: A part does not come up in time.
    """
    programs.install()
    built = programs.fetch()
    tell(f"programs are in {built}")
    own = [images.pause(built), images.addons(built)]
    node.stop()
    _lay_out(built)
    node.start()
    tell("the node is there")
    node.await_that(_runtime_answers, _API_SECONDS, f"containerd does not answer: see {LOGS}/containerd.log")
    for image in own:
        load_image(image)
    node.await_that(_api_is_ready, _API_SECONDS, f"the API server is not ready: see {LOGS}/kube-apiserver.log")
    API_READY.touch()
    tell("the API server is ready")
    node.await_that(_node_is_ready, _NODE_SECONDS, f"the node is not ready: see {LOGS}/kubelet.log")
    # Pods are refused until the account exists under which they run.
    account = ("-n", "default", "get", "serviceaccount", "default")
    node.await_that(lambda: _answers(*account), _NODE_SECONDS, f"no account: see {LOGS}/kube-controller-manager.log")
    tell("the node takes pods")
    for name in _SYSTEM:
        apply(filled(LOCAL / "system" / f"{name}.yaml"))
    await_rollout("kube-system", f"deployment/{_SYSTEM[0]}")
    tell("names are resolved")


def load_image(layout: Path) -> None:
    """Loads an image into the node.

    Raises:
        ClusterError: It cannot be loaded.
    """
    node.run(*node.inside("ctr", "-n", "k8s.io", "images", "import", str(layout)), seconds=_IMPORT_SECONDS)


def kubectl(*arguments: str, given: str | None = None, seconds: float = 60.0) -> str:
    """Asks the cluster; gives what kubectl prints.

    Raises:
        ClusterError: It failed.
    """
    return node.run(*_kubectl(), *arguments, given=given, seconds=seconds)


def get(*arguments: str) -> Any:
    """Asks for objects of the cluster."""
    return json.loads(kubectl("get", *arguments, "-o", "json"))


def apply(manifests: str) -> None:
    """Applies manifests."""
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=manifests)


def await_rollout(namespace: str, name: str, seconds: int = _ROLLOUT_SECONDS) -> None:
    """Waits until a deployment or the like runs as it is declared.

    Raises:
        ClusterError: It does not in time; events of its pods are in the text.
    """
    try:
        kubectl("-n", namespace, "rollout", "status", name, f"--timeout={seconds}s", seconds=seconds + 30)
    except ClusterError as error:
        raise ClusterError(f"{error}\n{situation(namespace)}") from error


def situation(namespace: str) -> str:
    """Tells of the pods of a namespace, what happened there last, and what those that are not ready print."""
    told = [kubectl("-n", namespace, "get", "pods", "-o", "wide")]
    told.append(kubectl("-n", namespace, "get", "events", "--sort-by=.lastTimestamp")[-_TAIL_CHARACTERS:])
    for pod in get("-n", namespace, "pods")["items"]:
        status = pod["status"]
        for one in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
            if not one["ready"]:
                name = pod["metadata"]["name"]
                told.append(f"{name}, {one['name']}:\n{_printed(namespace, name, one['name'])}")
    return "\n".join(told)


def _printed(namespace: str, pod: str, container: str) -> str:
    command = [*_kubectl(), "-n", namespace, "logs", pod, "-c", container, "--tail=20"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)  # noqa: S603 -- our own command line
    return (done.stdout or done.stderr)[-_TAIL_CHARACTERS:]


def _lay_out(built: Path) -> None:
    STATE.mkdir(mode=0o755)
    PROGRAMS.symlink_to(built)
    certificates.make()
    for name, folder in _FILES.items():
        (CONFIG / folder).mkdir(parents=True, exist_ok=True)
        (CONFIG / folder / name).write_text(filled(LOCAL / "node" / name), "utf-8")
    for user in CLIENTS:
        kubeconfig(user).write_text(filled(LOCAL / "node/client.kubeconfig", USER=user), "utf-8")


def _kubectl() -> tuple[str, ...]:
    return (str(PROGRAMS / "kubectl"), f"--kubeconfig={kubeconfig()}", "--request-timeout=60s")


def _answers(*arguments: str) -> bool:
    command = [*_kubectl(), *arguments]
    return subprocess.run(command, capture_output=True, timeout=90, check=False).returncode == 0  # noqa: S603 -- our own command line


def _runtime_answers() -> bool:
    return subprocess.run(node.inside("ctr", "version"), capture_output=True, timeout=30, check=False).returncode == 0  # noqa: S603 -- our own command line


def _api_is_ready() -> bool:
    return _answers("get", "--raw", "/readyz")


def _node_is_ready() -> bool:
    if not _answers("get", "node", NODE):
        return False
    conditions = get("node", NODE)["status"].get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
