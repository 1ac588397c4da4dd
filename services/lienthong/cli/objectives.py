"""What a Prometheus says of the platform: alerts that fire, and how much of each promise was kept."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import httpx

from lienthong.cli.findings import Finding

_SECONDS = 10.0
_GROUP = "lienthong"
_FAILED = "lienthong:objective_failures:ratio1h"
_WHAT = "monitoring"
_OBJECTIVE = re.compile(r'objective="([\w-]+)"')


def of_objectives(url: str) -> list[Finding]:
    """Asks which rules of the platform fire, and what part failed within the last hour for each objective.

    Args:
        url: Address of a Prometheus, such as http://prometheus:9090; a path before its API may be in it.
    """
    remedy = "Name the address at which Prometheus answers `/api/v1/rules` from here."
    try:
        with httpx.Client(base_url=url, timeout=_SECONDS) as client:
            groups = _asked(client, "api/v1/rules", type="alert")["groups"]
            failed = _asked(client, "api/v1/query", query=_FAILED)["result"]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        return [Finding(_WHAT, ok=False, text=f"{url} cannot be asked: {error}", remedy=remedy)]
    rules = [rule for group in groups if str(group["name"]).startswith(_GROUP) for rule in group["rules"]]
    if not rules:
        remedy = "Load charts/lienthong/rules (`monitoring.rules.enabled` of the chart): nobody is told of trouble."
        return [Finding(_WHAT, ok=False, text=f"{url} has no rules of Lienthong", remedy=remedy)]
    return [*_objectives(rules, failed), *_causes(rules)]


def _objective_of(rule: Mapping[str, Any]) -> str:
    """Names the objective that an alert is about; empty for one of a cause."""
    found = _OBJECTIVE.search(rule["query"])
    return found.group(1) if found else ""


def _asked(client: httpx.Client, path: str, **parameters: str) -> Any:
    return client.get(path, params=parameters).raise_for_status().json()["data"]


def _objectives(rules: Iterable[Mapping[str, Any]], failed: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """Gives one finding for each objective; those without traffic have no part that failed."""
    parts: dict[str, float] = {}
    for one in failed:
        name = str(one["metric"].get("objective"))
        parts[name] = max(parts.get(name, 0.0), float(one["value"][1]))
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for rule in rules:
        if name := _objective_of(rule):
            by_name.setdefault(name, []).append(rule)
    for name, alerts in sorted(by_name.items()):
        firing = [one for one in alerts if one["state"] == "firing"]
        part = f"{parts[name]:.2%} failed within the hour" if name in parts else "nothing was counted within the hour"
        text = f"{part}; {', '.join(_named(one) for one in firing)} fires" if firing else part
        yield Finding(f"objective {name}", ok=not firing, text=text, remedy=_remedy(firing[0]) if firing else "")


def _causes(rules: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """Gives one finding for each other alert that fires, and one when none does."""
    causes = [rule for rule in rules if not _objective_of(rule)]
    firing = [rule for rule in causes if rule["state"] == "firing"]
    for rule in firing:
        labels = [one["labels"] for one in rule["alerts"]]
        where = sorted({" ".join(filter(None, (one.get("service"), one.get("instance")))) for one in labels})
        yield Finding(f"alert {rule['name']}", ok=False, text=f"fires: {', '.join(where)}", remedy=_remedy(rule))
    if not firing:
        yield Finding("alerts on causes", ok=True, text=f"none of {len(causes)} fires")


def _named(rule: Mapping[str, Any]) -> str:
    return f"{rule['name']} ({rule['labels'].get('severity', '')})"


def _remedy(rule: Mapping[str, Any]) -> str:
    return f"See the runbook of {rule['name']}: {rule['annotations'].get('runbook_url', 'docs/runbooks')}"
