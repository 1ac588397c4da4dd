"""What every workload of the charts keeps to, in every size and with every option."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.chart.conftest import Render
from tests.chart.support.rendering import TOPICS_CHART, Manifest, Wanted, of_kind, pods, render
from tests.chart.test_rendering import FILES, OPTIONS

WRITABLE = {"/data", "/tmp"}  # noqa: S108 -- the paths of the contract with the image


def breaches(manifests: Sequence[Manifest]) -> list[str]:
    """Tells each rule that is broken, and where."""
    found = [f"{name}: {breach}" for name, pod in pods(manifests) for breach in _of_pod(pod)]
    for name, one in of_kind(manifests, "Deployment").items():
        found += [f"Deployment {name}: {breach}" for breach in _of_deployment(one)]
    return found + list(_of_selectors(manifests))


def _of_pod(pod: Manifest) -> Iterator[str]:
    security = pod["securityContext"]
    if not security.get("runAsNonRoot") or security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "runs as root, or without a seccomp profile"
    if pod.get("automountServiceAccountToken") is not False or pod.get("enableServiceLinks") is not False:
        yield "gets a token or service links, which it need not"
    if any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")):
        yield "shares the node's namespaces"
    if any("hostPath" in volume for volume in pod["volumes"]):
        yield "mounts the node's files"
    yield from _of_container(pod["containers"][0])
    yield from _of_writing(pod)


def _of_container(own: Manifest) -> Iterator[str]:
    wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    if own["securityContext"] != wanted:
        yield "its container may do more than it need"
    if own["image"].endswith(":latest") or ":" not in own["image"]:
        yield f"image {own['image']} is of no version"
    resources = own["resources"]
    if {"cpu", "memory"} - resources["requests"].keys() or "memory" not in resources["limits"]:
        yield "requests nothing, or may take all memory"
    if any("secretKeyRef" in str(variable) for variable in own.get("env", [])):
        yield "gets a secret by its environment"


def _of_writing(pod: Manifest) -> Iterator[str]:
    own = pod["containers"][0]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    writable = {mount["mountPath"] for mount in own["volumeMounts"] if not mount.get("readOnly")}
    if writable - WRITABLE:
        yield f"writes to {writable - WRITABLE}"
    for mount in own["volumeMounts"]:
        if "emptyDir" in volumes[mount["name"]] and not volumes[mount["name"]]["emptyDir"].get("sizeLimit"):
            yield f"{mount['mountPath']} has no bound"


def _of_deployment(one: Manifest) -> Iterator[str]:
    pod = one["spec"]["template"]["spec"]
    own = pod["containers"][0]
    if {"startupProbe", "readinessProbe", "livenessProbe"} - own.keys():
        yield "has not all probes"
    paths = [own[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")]
    if paths != ["/livez", "/readyz", "/livez"]:
        yield f"probes ask {paths}: an engine that is away must not end a process"
    strategy = one["spec"]["strategy"]
    if strategy["type"] == "RollingUpdate" and strategy["rollingUpdate"]["maxUnavailable"] != 0:
        yield "takes pods away before new ones serve"
    if one["spec"].get("replicas", 2) > 1 and any("persistentVolumeClaim" in volume for volume in pod["volumes"]):
        yield "several pods share a folder"


def _of_selectors(manifests: Sequence[Manifest]) -> Iterator[str]:
    templates = [one["spec"]["template"] for one in of_kind(manifests, "Deployment").values()]
    for kind in ("Service", "PodDisruptionBudget"):
        for name, one in of_kind(manifests, kind).items():
            selector = one["spec"]["selector"]
            wanted = selector.get("matchLabels", selector).items()
            found = [template for template in templates if wanted <= template["metadata"]["labels"].items()]
            if len(found) != 1:
                yield f"{kind} {name}: selects {len(found)} components"
            if kind == "Service" and one["spec"]["clusterIP"] != "None":
                yield f"Service {name}: one address ties a client to one pod"
            if kind == "PodDisruptionBudget" and one["spec"]["maxUnavailable"] == 0:
                yield f"PodDisruptionBudget {name}: no node could ever be drained"


@pytest.mark.parametrize("file", FILES)
def test_each_size_keeps_to_the_rules(rendered: Render, file: str) -> None:
    """No size gives up security or bounds."""
    assert breaches(rendered(files=[file])) == []


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_keeps_to_the_rules(rendered: Render, option: str) -> None:
    """No option does so by the way; what an operator adds is the operator's own."""
    manifests = rendered(OPTIONS[option])
    if option == "extras":
        for _, pod in pods(manifests):
            pod["containers"][0]["volumeMounts"] = [
                mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] != "calendar"
            ]
    assert breaches(manifests) == []


def test_the_job_of_topics_keeps_to_the_rules(tmp_path: Path) -> None:
    """It is a pod like all others."""
    values = {"mode": "job", "job": {"servers": ["kafka-0.kafka:9093"]}}
    assert breaches(render(Wanted([values], chart=TOPICS_CHART), tmp_path)) == []


def test_the_rules_see_what_breaks_them(rendered: Render) -> None:
    """Each way to break a rule is told."""
    assert breaches(rendered({"podSecurityContext": {"runAsNonRoot": False}}))
    assert breaches(rendered({"securityContext": {"readOnlyRootFilesystem": False}}))
    assert breaches(rendered({"defaults": {"livenessProbe": {"httpGet": {"path": "/readyz"}}}}))
    assert breaches(rendered({"defaults": {"podDisruptionBudget": {"maxUnavailable": 0}}}))
    assert breaches(rendered({"image": {"tag": "latest"}}))
    mount = [{"name": "tmp", "mountPath": "/etc/lienthong/other"}]
    assert breaches(rendered({"defaults": {"extraVolumeMounts": mount}}))


def test_a_pod_has_time_to_drain(rendered: Render) -> None:
    """The kill comes after callers heard of the end, calls in hand were answered, and workers ended."""
    longer = rendered({"defaults": {"preStopSeconds": 10, "drainSeconds": 60}})
    own = rendered({"components": {"routing": {"config": {"server": {"drain_seconds": 100}}}}})
    seconds = [
        of_kind(manifests, "Deployment")["routing"]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        for manifests in (rendered(), longer, own)
    ]
    assert seconds == [5 + 20 + 30, 10 + 60 + 30, 5 + 100 + 30]
