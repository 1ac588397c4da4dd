"""Names of metrics, as the program exposes them, as rules record them, and as queries ask for them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "charts" / "lienthong" / "rules").glob("*.yaml"))
RUNBOOKS = ROOT / "docs" / "runbooks"
_NAME = re.compile(r"\blienthong[_:]\w+(?::\w+)*")


def rules() -> list[dict[str, Any]]:
    """All rules, those that record and those that alert."""
    groups = [group for file in RULES for group in yaml.safe_load(file.read_text("utf-8"))["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def pasted() -> list[str]:
    """Every query that a page of the runbooks tells to paste."""
    pages = [file.read_text("utf-8") for file in sorted(RUNBOOKS.glob("*.md"))]
    blocks = [block for page in pages for block in queries_of(page)]
    return [line for block in blocks for line in block.splitlines()]


def queries_of(page: str) -> list[str]:
    """The blocks of a page that are queries."""
    return re.findall(r"^```promql\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def alerts() -> list[dict[str, Any]]:
    """All rules that alert."""
    return [rule for rule in rules() if "alert" in rule]


def exposed() -> set[str]:
    """What a query may ask for: the registry, which is held against an assembled platform, and what rules record."""
    registry = yaml.safe_load((ROOT / "docs" / "reference" / "telemetry.yaml").read_text("utf-8"))["metrics"]
    return {name for one in registry for name in _series(one)} | {
        rule["record"] for rule in rules() if "record" in rule
    }


def _series(one: dict[str, Any]) -> Iterator[str]:
    parts = ("_bucket", "_count", "_sum") if one["kind"] == "histogram" else ("",)
    return (one["name"] + part for part in parts)


def asked(text: str) -> set[str]:
    """What a text names."""
    return set(_NAME.findall(text))


def labels_asked(text: str) -> set[str]:
    """Labels that a query selects or groups by."""
    grouped = [one for group in re.findall(r"\b(?:by|without) \(([^)]*)\)", text) for one in group.split(",")]
    return {one.strip() for one in grouped} | set(re.findall(r"[{,]\s*(\w+)\s*(?:=|!=|=~|!~)", text))


def labels_of(names: set[str]) -> set[str]:
    """Labels that metrics have, or that rules give; and those of every target."""
    registry = yaml.safe_load((ROOT / "docs" / "reference" / "telemetry.yaml").read_text("utf-8"))["metrics"]
    own = {label for one in registry if names.intersection(_series(one)) for label in one.get("labels", ())}
    given = {label for rule in rules() if rule.get("record") in names for label in rule.get("labels", ())}
    return own | given | {"service", "namespace", "pod", "instance", "job", "le"}
