"""What the charts tell people: notes after an install, and examples beside the chart."""

import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from tests.chart.support.rendering import CHART, ENGINES, ROOT, SERVICES, TOPICS_CHART, Values, Wanted, of_kind, render
from tests.chart.support.schemas import problems
from tests.chart.test_configuration import key_files

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
