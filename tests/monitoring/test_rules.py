"""Alerts fire when they should, and stay quiet otherwise: played by promtool with the series of `cases.yaml`."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.monitoring.metrics import RULES, alerts
from tools.kubernetes.prometheus import prometheus

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text("utf-8"))
_SECONDS = 300

pytestmark = pytest.mark.timeout(2100)
"""The first test builds Prometheus."""


def labels_of(names: dict[str, str]) -> str:
    """Labels as PromQL writes them."""
    return ",".join(f'{key}="{value}"' for key, value in names.items())


def played(case: dict[str, Any]) -> dict[str, Any]:
    """A case as promtool reads it."""
    firing = {"alertname": case["alert"], "alertstate": "firing"}
    fired = [{"labels": f"ALERTS{{{labels_of(firing | one)}}}", "value": 1} for one in case["fires"]]
    return {
        "name": f"{case['alert']}: {case['case']}",
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in case["series"].items()],
        "promql_expr_test": [{"expr": f"ALERTS{{{labels_of(firing)}}}", "eval_time": case["at"], "exp_samples": fired}],
    }


def test_cases(tmp_path: Path) -> None:
    """Each case fires what it says, with these labels, and nothing else."""
    file = tmp_path / "cases.yaml"
    tests = {"rule_files": [str(one) for one in RULES], "evaluation_interval": "1m", "tests": [*map(played, CASES)]}
    file.write_text(yaml.safe_dump(tests), "utf-8")
    command = [str(prometheus() / "promtool"), "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 -- as built here
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_both_kinds_of_cases() -> None:
    """Each alert of each severity fires in a case; each name stays quiet in one."""
    fired = {(case["alert"], one["severity"]) for case in CASES for one in case["fires"]}
    assert fired == {(rule["alert"], rule["labels"]["severity"]) for rule in alerts()}
    assert {case["alert"] for case in CASES if not case["fires"]} == {rule["alert"] for rule in alerts()}


def test_words_name_labels_that_are_there() -> None:
    """What an alert says is filled in by labels that it has when it fires."""
    for rule in alerts():
        asked = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        for case in (case for case in CASES if case["alert"] == rule["alert"]):
            assert all(asked <= one.keys() for one in case["fires"]), rule["alert"]


def test_rules_are_well_formed() -> None:
    """There is nothing for promtool to complain about; who is woken knows by whom: each severity is one of two."""
    command = [str(prometheus() / "promtool"), "check", "rules", "--lint=all", "--lint-fatal", *map(str, RULES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 -- as above
    assert done.returncode == 0, done.stdout + done.stderr
    assert {rule["labels"]["severity"] for rule in alerts()} == {"page", "ticket"}
