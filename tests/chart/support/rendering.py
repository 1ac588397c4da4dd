"""Charts rendered by Helm itself, without a cluster."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tools.kubernetes.helm import helm

ROOT = Path(__file__).parents[3]
CHART = ROOT / "charts" / "lienthong"
TOPICS_CHART = ROOT / "charts" / "lienthong-topics"
SERVICES = ("intake", "notification", "routing", "signing", "workflow")
RELEASE, NAMESPACE = "lienthong", "axis"
KUBERNETES = "1.34.4"
_SECONDS = 60

Manifest = dict[str, Any]
Values = Mapping[str, Any]

ENGINES: Values = {
    "config": {
        "engines": {
            "kafka": {"servers": ["kafka-0.kafka:9093", "kafka-1.kafka:9093"]},
            "postgres": {"servers": ["postgres.databases:5432"]},
            "objects": {"url": "s3://lienthong/axis", "endpoint": "https://objects.objects:9000"},
        }
    }
}
"""The least that services need that are processes of their own."""


class RefusedError(Exception):
    """Helm does not render the chart; the message is what it says."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is rendered.

    Attributes:
        values: Values, weighing more than the files; the later ones most.
        files: Names of files beside the chart's values.
        kubernetes: Version of the cluster.
        chart: The chart.
        release: Name of the release.
        namespace: Where it goes.
    """

    values: Sequence[Values]
    files: Sequence[str] = ()
    kubernetes: str = KUBERNETES
    chart: Path = CHART
    release: str = RELEASE
    namespace: str = NAMESPACE


def render(wanted: Wanted, folder: Path) -> list[Manifest]:
    """Gives what Helm would apply.

    Args:
        wanted: What.
        folder: For files.

    Raises:
        RefusedError: The values or the chart are refused.
    """
    files = [wanted.chart / name for name in wanted.files]
    for number, values in enumerate(wanted.values):
        files.append(folder / f"values-{number}.yaml")
        files[-1].write_text(yaml.safe_dump(dict(values)), "utf-8")
    command = [str(helm()), "template", wanted.release, str(wanted.chart), "--namespace", wanted.namespace]
    command += ["--kube-version", wanted.kubernetes, *(f"--values={file}" for file in files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 -- Helm as built here
    if done.returncode:
        raise RefusedError(done.stderr.strip())
    # The loader in C: the one in Python takes longer than Helm.
    return [one for one in yaml.load_all(done.stdout, yaml.CSafeLoader) if one]


def of_kind(manifests: Sequence[Manifest], kind: str) -> dict[str, Manifest]:
    """Gives those of a kind, by their name without the release."""
    return {one["metadata"]["name"].removeprefix(f"{RELEASE}-"): one for one in manifests if one["kind"] == kind}


def pods(manifests: Sequence[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Gives each pod's specification with its name."""
    for one in manifests:
        spec = one["spec"] if one["kind"] == "Pod" else one.get("spec", {}).get("template", {}).get("spec")
        if spec:
            yield f"{one['kind']} {one['metadata']['name']}", spec


def settings(manifests: Sequence[Manifest], name: str) -> Any:
    """Gives the configuration of a component."""
    return yaml.safe_load(of_kind(manifests, "ConfigMap")[name]["data"]["config.yaml"])


def files(pod: Manifest) -> dict[str, tuple[str, str]]:
    """Gives the files of secrets that a pod sees: path to secret and key."""
    volumes = {one["name"]: one for one in pod["volumes"]}
    found = {}
    for mount in pod["containers"][0]["volumeMounts"]:
        for source in volumes[mount["name"]].get("projected", {}).get("sources", []):
            for item in source["secret"]["items"]:
                found[f"{mount['mountPath']}/{item['path']}"] = (source["secret"]["name"], item["key"])
    return found
