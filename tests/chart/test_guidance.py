"""What the charts tell people: notes after an install, and examples beside the chart."""

import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from tests.chart.conftest import Render
from tests.chart.support.kubectl import unknown
from tests.chart.support.rendering import CHART, ENGINES, ROOT, SERVICES, TOPICS_CHART, Values, Wanted, of_kind, render
from tests.chart.support.schemas import problems
from tests.chart.test_configuration import key_files
from tests.commands import PAGES, shown, wrong

EXAMPLES = sorted((CHART / "examples").glob("*.yaml"))


SAID = """
kind: ConfigMap
metadata: {name: notes}
data: {notes: {{ tpl (.Files.Get "NOTES.txt") . | toJson }}}
"""
"""Helm shows notes only where it installs: for the test they become a part of what is rendered."""


def notes(folder: Path, values: Values, files: Sequence[str] = ()) -> str:
    """What Helm says after an install."""
    chart = Path(shutil.copytree(CHART, folder / "chart"))
    (chart / "templates" / "NOTES.txt").rename(chart / "NOTES.txt")
    (chart / "templates" / "notes.yaml").write_text(SAID, "utf-8")
    text: str = of_kind(render(Wanted([values], files, chart=chart), folder), "ConfigMap")["notes"]["data"]["notes"]
    return text


@pytest.mark.parametrize("files", [[], ["values-small.yaml"]])
def test_lines_of_the_notes_are_right(tmp_path: Path, files: list[str]) -> None:
    """The program takes its lines, and the release has what kubectl is asked about."""
    values: Values = {} if files else ENGINES
    text = notes(tmp_path, values, files)
    assert {line: found for line, whole in shown(text, "lienthong") if (found := wrong(line, whole=whole))} == {}
    manifests = render(Wanted([values], files), tmp_path)
    assert {line: more for line, _ in shown(text, "kubectl") if (more := unknown(line, manifests))} == {}


def test_lines_of_pages_ask_about_what_there_is(rendered: Render) -> None:
    """Labels, deployments, containers and secrets that people paste are those of the release `lienthong`."""
    manifests = rendered()
    lines = {line for page in PAGES for line, _ in shown(page.read_text("utf-8"), "kubectl")}
    assert {line: found for line in lines if (found := unknown(line, manifests))} == {}
    assert len(lines) > 30


def test_a_line_about_what_is_not_there_is_seen(rendered: Render) -> None:
    """A kind, a label, a deployment, a container and a secret that no release has are named."""
    lines = {
        "kubectl get podss": "kind podss",
        "kubectl logs -l app.kubernetes.io/component=mailbox": "labels app.kubernetes.io/component=mailbox",
        "kubectl exec deploy/lienthong-mailbox -- lienthong doctor": "deployment lienthong-mailbox",
        "kubectl logs deploy/lienthong-intake -c intake": "container intake",
        "kubectl get secret lienthong-key": "secret lienthong-key",
    }
    manifests = rendered()
    assert {line: unknown(line, manifests) for line in lines} == {line: [found] for line, found in lines.items()}


def test_notes_say_what_to_do_next(tmp_path: Path) -> None:
    """Names, addresses and commands are those of this very release."""
    text = notes(tmp_path, ENGINES)
    for service in SERVICES:
        assert f"lienthong-{service}.axis.svc:7443" in text
        assert f"--host lienthong-{service}.axis.svc" in text
    assert "helm test lienthong -n axis" in text
    assert "kubectl -n axis create secret generic lienthong-keys" in text


def test_notes_of_one_process_lead_into_its_pod(tmp_path: Path) -> None:
    """There is no secret with an operator's key: the pod has it."""
    text = notes(tmp_path, {}, ["values-small.yaml"])
    assert "exec deploy/lienthong-all -- lienthong doctor" in text
    assert "helm test" not in text


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_examples_are_taken(file: Path) -> None:
    """By the definitions of the operators that they are for."""
    assert problems([one for one in yaml.safe_load_all(file.read_text("utf-8")) if one], "1.34.0") == []


def test_examples_have_the_names_that_the_chart_looks_for() -> None:
    """They may be applied as they are."""
    found = {
        one["spec"]["target"]["name"]: one["spec"]
        for one in yaml.safe_load_all((CHART / "examples" / "external-secrets.yaml").read_text("utf-8"))
    }
    secrets = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))["secrets"]
    names = {secrets["keys"]["name"], secrets["postgres"]["name"], secrets["kafka"]["name"].format(component="intake")}
    assert found.keys() == names
    assert {one["secretKey"] for one in found[secrets["postgres"]["name"]]["data"]} == set(SERVICES)
    assert "server.key" in key_files("intake")


def test_charts_have_the_version_of_the_program() -> None:
    """Whoever names no image gets that of the program that the chart was made for."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    charts = [yaml.safe_load((chart / "Chart.yaml").read_text("utf-8")) for chart in (CHART, TOPICS_CHART)]
    assert [one["appVersion"] for one in charts] == [version, version]
    job = yaml.safe_load((TOPICS_CHART / "values.yaml").read_text("utf-8"))["job"]
    assert job["image"] == f"lienthong:{version}"
