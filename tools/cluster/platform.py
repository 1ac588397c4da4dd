"""The platform on the cluster: keys, secrets, the chart, doors for this machine, the story."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import yaml
from rich.console import Console
from tools.cluster import cluster, engines, images, node
from tools.cluster.layout import (
    HOST_ADDRESS,
    INSTALLATION,
    LOCAL,
    NODE_ADDRESS,
    PROGRAMS,
    ROOT,
    VOLUMES,
    ClusterError,
    filled,
    kubeconfig,
)
from tools.image.build import Made
from tools.kubernetes.helm import helm

from lienthong.chassis.clock import SystemClock
from lienthong.chassis.ids import Uuid7Source
from lienthong.chassis.keyring import Keyring
from lienthong.demo.props import Props
from lienthong.demo.story import play
from lienthong.setup import first_start, write_context

NAMESPACE: Final = "lienthong"
RELEASE: Final = "lienthong"
CHART: Final = ROOT / "charts/lienthong"
CONTEXT: Final = INSTALLATION / "contexts/operator.yaml"
"""Reaches every service through the doors of the node."""

DOORS: Final = {service: 30_443 + number for number, service in enumerate(engines.SERVICES)}
"""Ports of the node, by service."""

KEYS: Final = INSTALLATION / "keys"
TRUST: Final = VOLUMES / "stage"
_MAIL_PORT: Final = 30_025
_HOOK_PORTS: Final = (30_081, 30_082)
"""Of this machine, where the story receives what the platform sends; they are bound while it is played."""

_INSTALL_SECONDS: Final = 300


def install(image: Made, tell: Callable[[str], None], values: Mapping[str, Any] | None = None) -> None:
    """Installs engines and the platform on an empty cluster.

    Args:
        image: Of the program.
        tell: Is told of each step.
        values: Of the chart; see `upgrade`.

    Raises:
        ClusterError: A part does not start in time.
    """
    cluster.load_image(images.engines())
    cluster.load_image(image.file)
    tell("images are loaded")
    INSTALLATION.mkdir(mode=0o700)
    engines.start(tell)
    engines.provision()
    tell("database, topics and rights are there")
    make_keys()
    cluster.apply(yaml.safe_dump({"apiVersion": "v1", "kind": "Namespace", "metadata": _labels()}))
    for name, files in engines.client_secrets().items():
        cluster.apply(engines.secret(NAMESPACE, name, files))
    share_keys()
    cluster.apply(filled(LOCAL / "stage.yaml"))
    for service, port in DOORS.items():
        cluster.apply(filled(LOCAL / "doors.yaml", SERVICE=service, PORT=str(port)))
    upgrade(values)
    tell("the platform serves")


def upgrade(values: Mapping[str, Any] | None = None, *options: str) -> None:
    """Installs the chart, or brings the release to what is given; returns when all pods run.

    Args:
        values: Weigh more than those of the local cluster.
        options: Of Helm.

    Raises:
        ClusterError: It does not come up in time; events of its pods are in the text.
    """
    own = INSTALLATION / "own-values.yaml"
    props = _props().config()
    props["signing"]["trust_dir"] = "/etc/lienthong/stage"
    ports = [props["notification"]["smtp_port"], *_HOOK_PORTS, 443]
    stage = {"config": props, "networkPolicy": {"notices": {"ports": ports}}}
    own.write_text(yaml.safe_dump(stage), "utf-8")
    given = INSTALLATION / "given-values.yaml"
    given.write_text(yaml.safe_dump(dict(values or {})), "utf-8")
    files = [f"--values={file}" for file in (LOCAL / "values.yaml", own, given)]
    waits = ("--wait", f"--timeout={_INSTALL_SECONDS}s")
    run_helm(["upgrade", "--install", RELEASE, str(CHART), *files, *waits, *options])


def run_helm(arguments: Sequence[str]) -> str:
    """Runs Helm on the cluster; gives what it prints.

    Raises:
        ClusterError: It failed; pods and events are in the text.
    """
    command = (str(helm()), f"--kubeconfig={kubeconfig()}", f"--namespace={NAMESPACE}", *arguments)
    try:
        return node.run(*command, seconds=_INSTALL_SECONDS + 60)
    except ClusterError as error:
        raise ClusterError(f"{error}\n{cluster.situation(NAMESPACE)}") from error


def make_keys() -> None:
    """Makes the keys of the axis, and the context with which this machine speaks as operator."""
    ring = certify()
    addresses = {service: f"{NODE_ADDRESS}:{port}" for service, port in DOORS.items()}
    write_context(CONTEXT, addresses["intake"], ring.root.chain, ring.operator, addresses=addresses)
    _props().write(INSTALLATION / "stage.yaml")
    for name in ("anchors", "intermediates", "crls"):
        (TRUST / name).mkdir(parents=True)


def certify() -> Keyring:
    """Makes what is missing of the keys of the axis, and certifies it; gives all of them."""
    ring = Keyring(KEYS)
    names = [f"{RELEASE}-{service}" for service in engines.SERVICES]
    inside = [f"{name}.{NAMESPACE}{end}" for name in names for end in ("", ".svc", ".svc.cluster.local")]
    first_start(ring, (NODE_ADDRESS, *names, *inside), SystemClock(), Uuid7Source())
    return ring


def share_keys() -> None:
    """Writes the keys into the secret of which pods get theirs."""
    files = {file.name: file.read_bytes() for file in KEYS.iterdir()}
    cluster.apply(engines.secret(NAMESPACE, "lienthong-keys", files))


def play_story(console: Console) -> None:
    """Plays the story on the platform.

    Raises:
        StoryError: A step was not confirmed.
        AxisCallError: The platform refused a step.
    """
    play(console, None, keep=False, against=CONTEXT)


def addresses() -> str:
    """Tells how the platform is reached from this machine."""
    lines = [f"  {service:13} {NODE_ADDRESS}:{port}" for service, port in DOORS.items()]
    folder = CONTEXT.parent
    return "\n".join(
        [
            *lines,
            f"  speak as operator: LIENTHONG_CONTEXTS={folder} lienthong --help",
            f"  ask the cluster:   {PROGRAMS / 'kubectl'} --kubeconfig={kubeconfig()} get pods -A",
            "  take it down:      make cluster-down",
        ]
    )


def _labels() -> dict[str, Any]:
    """The namespace takes restricted pods only."""
    return {"name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}


def _props() -> Props:
    return Props(TRUST, _MAIL_PORT, _HOOK_PORTS, HOST_ADDRESS)
