"""The rules of Prometheus reach the cluster as they stand in the files, with the address of the runbooks."""

import yaml
from tests.chart.conftest import Render
from tests.chart.support.rendering import CHART, of_kind

FILES = sorted((CHART / "rules").glob("*.yaml"))


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
