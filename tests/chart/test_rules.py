"""Rules of Prometheus and dashboards of Grafana reach the cluster as they stand in the files."""

import json

import yaml
from tests.chart.conftest import Render
from tests.chart.support.rendering import CHART, of_kind

FILES = sorted((CHART / "rules").glob("*.yaml"))
DASHBOARDS = sorted((CHART / "dashboards").glob("*.json"))


def test_rules_are_those_of_the_files(rendered: Render) -> None:
    """What promtool has tested is what is installed, templates of alerts included."""
    manifests = rendered({"monitoring": {"rules": {"enabled": True}}})
    groups = of_kind(manifests, "PrometheusRule")["lienthong"]["spec"]["groups"]
    assert groups == [group for file in FILES for group in yaml.safe_load(file.read_text("utf-8"))["groups"]]


def test_alerts_name_runbooks_where_they_are_read(rendered: Render) -> None:
    """The address stands before the page and its section, with one slash between."""
    manifests = rendered({"monitoring": {"rules": {"enabled": True, "runbooks": "https://wiki.example.vn/axis/"}}})
    groups = of_kind(manifests, "PrometheusRule")["lienthong"]["spec"]["groups"]
    urls = {rule["annotations"]["runbook_url"] for group in groups for rule in group["rules"] if "alert" in rule}
    assert "https://wiki.example.vn/axis/causes.md#lienthonglag" in urls
    assert all(url.startswith("https://wiki.example.vn/axis/") and "//" not in url[8:] for url in urls)
    assert not of_kind(rendered(), "PrometheusRule")


def test_dashboards_are_those_of_the_files(rendered: Render) -> None:
    """What was tried on a Prometheus is what Grafana's sidecar finds, by its label."""
    manifests = rendered({"monitoring": {"dashboards": {"enabled": True}}})
    made = {name: one for name, one in of_kind(manifests, "ConfigMap").items() if name.startswith("dashboard-")}
    found = {key: json.loads(text) for one in made.values() for key, text in one["data"].items()}
    assert found == {f"lienthong-{file.name}": json.loads(file.read_text("utf-8")) for file in DASHBOARDS}
    assert all(one["metadata"]["labels"]["grafana_dashboard"] == "1" for one in made.values())
