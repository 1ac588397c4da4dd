"""Values: what the chart does not know, or cannot work with, is refused with a word that helps."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.chart.conftest import Render
from tests.chart.support.rendering import (
    CHART,
    ENGINES,
    SERVICES,
    TOPICS_CHART,
    Manifest,
    RefusedError,
    Wanted,
    of_kind,
    render,
)
from tests.chart.support.schemas import problems
from tools.reference.values import Value, values_of


def nested(path: str, value: object) -> dict[str, Any]:
    """Values with one at a path."""
    for key in reversed(path.split(".")):
        value = {key: value}
    assert isinstance(value, dict)
    return value


LEVELS = (
    "",
    "global",
    "image",
    "config",
    "config.engines",
    "config.engines.kafka",
    "config.signing",
    "secrets",
    "secrets.kafka",
    "trust",
    "podSecurityContext",
    "defaults",
    "defaults.autoscaling",
    "defaults.autoscaling.lag",
    "defaults.autoscaling.behavior.scaleUp",
    "defaults.resources",
    "defaults.readinessProbe.httpGet",
    "defaults.affinity.nodeAffinity",
    "components",
    "components.intake",
    "components.intake.persistence",
    "components.intake.config.intake",
    "migrations",
    "networkPolicy",
    "networkPolicy.engines",
    "networkPolicy.engines.kafka",
    "monitoring",
    "monitoring.rules",
    "monitoring.dashboards",
    "route",
    "test",
    "test.agencies",
)


@pytest.mark.parametrize("level", LEVELS)
def test_an_unknown_value_is_refused_at_every_level(rendered: Render, level: str) -> None:
    """A key with a typing error does not pass for one that is not set."""
    with pytest.raises(RefusedError, match="'replcas' not allowed"):
        rendered(nested(f"{level}.replcas".lstrip("."), {}))


def test_unknown_values_in_lists_are_refused(rendered: Render) -> None:
    """Containers, volumes and peers that are handed through are held against the API too."""
    for path in ("defaults.sidecars", "defaults.extraVolumes", "networkPolicy.callers", "defaults.tolerations"):
        with pytest.raises(RefusedError, match="additional properties 'replcas'"):
            rendered(nested(path, [{"replcas": 1}]))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("defaults.replicas", "two", "got string, want integer"),
        ("defaults.autoscaling.signal", "memory", "value must be one of 'cpu', 'lag'"),
        ("defaults.scratch.tmp", "much", "does not match pattern"),
        ("defaults.podDisruptionBudget.maxUnavailable", "half", "does not match pattern"),
        ("config.server.threads", 0, "minimum: got 0, want 1"),
        ("config.log.level", "LOUD", "value must be one of"),
        ("route.kind", "Ingress", "value must be one of 'TLSRoute', 'GRPCRoute'"),
        ("config.engines.objects.url", "", "config.engines.objects.url: intake is a process of its own"),
        ("components.all", {"enabled": True}, "disable the others"),
        ("config", None, "config: has no value"),
        ("defaults", None, "defaults: has no value"),
        ("components", None, "components: has no value"),
        ("components.intake", None, "components.intake: has no value"),
        ("secrets.kafka", None, "secrets.kafka: has no value; give it one, or take the line away"),
        ("secrets.kafka.ca", None, "secrets.kafka.ca: has no value"),
        ("image.repository", None, "image.repository: has no value"),
        ("monitoring.rules", None, "monitoring.rules: has no value"),
        ("networkPolicy.engines.kafka", None, "networkPolicy.engines.kafka: has no value"),
        ("defaults.config", None, "defaults.config: has no value"),
        ("image.digest", "0" * 64, "/image/digest"),
        ("image.digest", "sha256:abc", "/image/digest"),
        ("image.tag", "a b", "/image/tag"),
        ("image.registry", 'mirror"', "/image/registry"),
        ("secrets.keys.name", "keys\nname: other", "/secrets/keys/name"),
        ("secrets.keys.name", "", "/secrets/keys/name"),
        ("secrets.postgres.key", "{{ .x }}", "/secrets/postgres/key"),
        ("test.operator", "{component}", "/test/operator"),
        ("trust.anchors", "a" * 254, "/trust/anchors"),
        ("fullnameOverride", "2026", "fullnameOverride: names of services begin with a letter"),
        ("fullnameOverride", "axis.vn", "fullnameOverride: names of services begin with a letter"),
        ("global.labels", {"app.kubernetes.io/name": "x"}, "global.labels: app.kubernetes.io/name is the chart's own"),
        ("components.intake.podLabels", {"helm.sh/chart": "x"}, "components.intake.podLabels: helm.sh/chart is"),
        ("defaults.podLabels", {"team": "a b"}, "/defaults/podLabels/team"),
        ("defaults.hostnames", ["Axis_1"], "/defaults/hostnames/0"),
        ("defaults.autoscaling", {"enabled": True, "minReplicas": 5}, "autoscaling.maxReplicas of intake: 4 pods"),
        (
            "components.signing.autoscaling",
            {"enabled": True, "lag": {"metrics": []}},
            "lag.metrics of signing: names no",
        ),
        ("defaults.autoscaling.cpuPercent", 0, "minimum: got 0, want 1"),
        ("defaults.drainSeconds", 601, "maximum: got 601, want 600"),
        ("defaults.extraVolumes", [{"name": "data"}], "extraVolumes of intake: data is a volume of the chart"),
        ("defaults.sidecars", [{"name": "lienthong"}], "sidecars of intake: lienthong is the program's own container"),
        ("defaults.persistence", {"enabled": True}, "persistence of intake: only the component `all` keeps"),
        ("defaults.scratch.tmp", -1, "minimum: got -1, want 0"),
        ("networkPolicy.dns.ports", [70000], "maximum: got 70,000, want 65,535"),
        ("monitoring.interval", "30", "/monitoring/interval"),
        ("monitoring.rules.runbooks", "a: b", "/monitoring/rules/runbooks"),
        ("route", {"enabled": True}, "route.parentRefs: names no gateway"),
        ("route", {"enabled": True, "parentRefs": [{"name": "gw"}]}, "route.enabled: no component has a name"),
        ("defaults.enabled", False, "components: none is enabled"),
        (
            "config.server.listen",
            "0.0.0.0:9999",
            "config.server.listen: the chart's services and probes reach port 7443",
        ),
        ("components.intake.config.server.metrics", "", "config.server.metrics: the chart's services and probes reach"),
    ],
)
def test_a_wrong_value_is_refused(rendered: Render, path: str, value: object, said: str) -> None:
    """The message names the value and the rule."""
    with pytest.raises(RefusedError) as caught:
        rendered(nested(path, value))
    assert said in str(caught.value)


def test_lists_and_parts_of_kubernetes_may_be_none(rendered: Render) -> None:
    """`null` takes the chart's own away where there may be none: security on other platforms, probes, labels."""
    forms = ("list of ", "map of ", "labels", "k8s ")
    given: dict[str, Any] = {"defaults": {"autoscaling": {"enabled": True}}, "monitoring": {"enabled": True}}
    for one in _leaves(values_of("lienthong")):
        if one.form.startswith(forms) and one.path[-1] not in ("metrics", "parentRefs"):
            place = given
            for key in one.path[:-1]:
                place = place.setdefault(key, {})
            place[one.path[-1]] = None
    assert problems(rendered(given), "1.34.0") == []


def _leaves(values: Sequence[Value]) -> Iterator[Value]:
    for one in values:
        yield from _leaves(one.parts) if one.parts else [one]


@pytest.mark.parametrize("word", ["123", "true", "null"])
def test_a_name_stays_a_word(tmp_path: Path, word: str) -> None:
    """What YAML would take for a number, for yes or for nothing is a name like any other."""
    given: dict[str, Any] = {
        "fullnameOverride": "axis",
        "nameOverride": word,
        "global": {"imagePullSecrets": [word]},
        "image": {"tag": word},
        "secrets": {"keys": {"name": word}, "passphrase": {"name": word, "key": word}, "objects": {"name": word}},
        "trust": {"anchors": word},
        "defaults": {"priorityClassName": word, "serviceAccount": {"name": word}, "autoscaling": {"enabled": True}},
        "monitoring": {"enabled": True, "rules": {"enabled": True}, "dashboards": {"enabled": True}},
    }
    assert problems(render(Wanted([ENGINES, given], release=word, namespace=word), tmp_path), "1.34.0") == []


def test_two_releases_in_one_namespace_are_apart(tmp_path: Path) -> None:
    """No name is in both, no selector finds the other's pods, though one is called as a service of the other."""
    scaled = {"defaults": {"autoscaling": {"enabled": True}}}
    first = render(Wanted([ENGINES, scaled]), tmp_path)
    second = render(Wanted([ENGINES, scaled], release="lienthong-signing"), tmp_path)
    names = [{(one["kind"], one["metadata"]["name"]) for one in each} for each in (first, second)]
    assert not names[0] & names[1]
    labels = [pod["spec"]["template"]["metadata"]["labels"] for pod in of_kind(second, "Deployment").values()]
    for one in of_kind(first, "Deployment").values():
        assert not any(one["spec"]["selector"]["matchLabels"].items() <= other.items() for other in labels)
    (query,) = {
        one["metadata"]["query"] for one in _triggers(first, "lienthong-signing") if "lag" in one["metadata"]["query"]
    }
    pods = re.search(r'pod=~"([^"]+)"', query)
    assert pods
    assert re.fullmatch(pods[1], "lienthong-signing-7d9f8b6c5d-x2v4z")
    assert not re.fullmatch(pods[1], "lienthong-signing-intake-7d9f8b6c5d-x2v4z")


@pytest.mark.parametrize("service", ["workflow", "signing", "notification"])
def test_a_long_name_hides_no_pod(tmp_path: Path, service: str) -> None:
    """KEDA finds a component's pods by their names, which Kubernetes cuts, also under the longest name of a release."""
    release = "a" * 53
    manifests = render(Wanted([ENGINES, {"defaults": {"autoscaling": {"enabled": True}}}], release=release), tmp_path)
    (name,) = (one for one in of_kind(manifests, "Deployment") if one.endswith(f"-{service}"))
    found = re.search(r'pod=~"([^"]+)"', next(_triggers(manifests, name))["metadata"]["query"])
    assert found
    assert re.fullmatch(found[1], f"{name}-7d9f8b6c5d-"[:58] + "x2v4z")


def _triggers(manifests: Sequence[Manifest], name: str) -> Iterator[Manifest]:
    for one in manifests:
        if one["kind"] == "ScaledObject" and one["metadata"]["name"] == name:
            yield from one["spec"]["triggers"]


def test_one_process_with_engines_is_refused(rendered: Render) -> None:
    """The process that is every service keeps its state in its folder; named engines would be passed over."""
    only = {name: {"enabled": False} for name in SERVICES} | {"all": {"enabled": True}}
    with pytest.raises(RefusedError, match="keeps its state in its own folder"):
        rendered({"components": only})


def test_two_of_the_process_that_is_everything_are_refused(tmp_path: Path) -> None:
    """One process at a time has the folder with all engines: a second pod would never start."""
    with pytest.raises(RefusedError, match=r"components\.all\.replicas: 1 or 0"):
        render(Wanted([nested("components.all.replicas", 2)], ["values-small.yaml"]), tmp_path)


@pytest.mark.parametrize("given", [{"nameOverride": "n" * 80}, {"image": {"tag": f"{'t' * 62}-{'t' * 60}"}}])
def test_labels_are_as_long_as_they_may_be(rendered: Render, given: dict[str, Any]) -> None:
    """A long name or tag is cut where a label ends, with a letter or digit last."""
    for manifest in rendered(given):
        for label in manifest["metadata"]["labels"].values():
            assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", label), label


@pytest.mark.parametrize("switch", ["false", "zero", "empty"])
def test_a_block_may_say_no(rendered: Render, switch: str) -> None:
    """False, zero and an empty list of a component weigh as much as any other word of it."""
    block = {
        "false": {"podDisruptionBudget": {"enabled": False}},
        "zero": {"preStopSeconds": 0},
        "empty": {"topologySpreadConstraints": []},
    }[switch]
    before, after = rendered(), rendered({"components": {"intake": block}})
    assert before != after
    others = [one for one in before if not one["metadata"]["name"].endswith("-intake")]
    assert others == [one for one in after if not one["metadata"]["name"].endswith("-intake")]


def test_a_component_may_rest(rendered: Render) -> None:
    """No pods is a number too: a service is stopped without taking its block away."""
    deployments = of_kind(rendered({"components": {"notification": {"replicas": 0}}}), "Deployment")
    assert {name: one["spec"]["replicas"] for name, one in deployments.items()} == {
        **dict.fromkeys(SERVICES, 2),
        "notification": 0,
    }


@pytest.mark.parametrize("chart", [CHART, TOPICS_CHART], ids=lambda chart: chart.name)
def test_the_schema_names_every_object(chart: Path) -> None:
    """No part of the schema lets any key pass, but what only the API server writes."""
    schema = json.loads((chart / "values.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    assert sorted(_open(schema, "")) == sorted(_EXPECTED_OPEN[chart.name])


_EXPECTED_OPEN = {
    "lienthong": ["/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1"],
    "lienthong-topics": [],
}


def _open(schema: Any, path: str) -> list[str]:
    """Places of the schema at which any key is taken."""
    found = []
    if isinstance(schema, dict):
        if schema.get("type") in ("object", ["object", "null"]) and "additionalProperties" not in schema:
            found.append(path)
        for key, value in schema.items():
            found += _open(value, f"{path}/{key}")
    return found


def test_the_job_of_topics_needs_brokers(tmp_path: Path) -> None:
    """Without an address the job could only fail on the cluster."""
    with pytest.raises(RefusedError, match=r"job\.servers: names no broker"):
        render(Wanted([{"mode": "job"}], chart=TOPICS_CHART), tmp_path)
