"""What people may expect of the platform, as rules that tell how fast the allowed part of failures is used up.

A month's allowance that is used 14.4 times too fast for an hour is worth waking somebody: a fiftieth is gone. Six times
too fast for six hours is worth a look on a working day: a twentieth is gone. The shorter window of each ends the alert
soon after the trouble.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

SUBMITTED = r'method=~"lienthong\\.intake\\.v1\\.Intake/Submit.+"'
_REPORTED = 'method="lienthong.workflow.v1.Workflow/ReportStatuses"'
_OURS = 'code=~"UNAVAILABLE|INTERNAL|UNKNOWN|DEADLINE_EXCEEDED|DATA_LOSS|ABORTED"'
"""Failures of the axis. What was refused as wrong, or as too much of one system, is not among them."""
_BEHIND = (
    'max by (namespace) (lienthong_lag_seconds{service="workflow"}'
    ' or lienthong_outbox_age_seconds{service=~"intake|routing|signing"}) > bool 10'
)
_STALE = "lienthong:progress_stale:bool"
_EVENTS_AT_LEAST = 20
"""Fewer in the longer window say nothing: one failure of five at night is no trend."""


@dataclass(frozen=True, slots=True)
class Burn:
    """When an allowance is used too fast.

    Attributes:
        severity: `page` wakes somebody, `ticket` waits for a working day.
        long: The window that counts.
        short: The window that ends the alert.
        factor: How many times too fast.
    """

    severity: str
    long: str
    short: str
    factor: float


BURNS = (Burn("page", "1h", "5m", 14.4), Burn("ticket", "6h", "30m", 6))
WINDOWS = tuple(window for burn in BURNS for window in (burn.short, burn.long))


@dataclass(frozen=True, slots=True)
class Objective:
    """One promise.

    Attributes:
        name: As it stands in labels.
        alert: Name of its alerts.
        allowed: Part that may fail.
        words: The promise.
        failed: Part that fails, of a window `W`.
        counted: What is counted in a window `W`; empty where time itself is.
    """

    name: str
    alert: str
    allowed: float
    words: str
    failed: str
    counted: str = ""


def _slower(histogram: str, seconds: float, selector: str = "") -> tuple[str, str]:
    """Gives the part that took longer, and how many there were."""
    inner, within = (f"{{{selector}}}", f'{{{selector},le="{seconds}"}}') if selector else ("", f'{{le="{seconds}"}}')
    count = f"sum by (namespace) (rate({histogram}_count{inner}[W]))"
    fast = f"sum by (namespace) (rate({histogram}_bucket{within}[W]))"
    return f"1 - {fast} / {count}", f"sum by (namespace) (increase({histogram}_count{inner}[W]))"


def _failing(selector: str) -> tuple[str, str]:
    """Gives the part of calls that failed by our fault, and how many calls there were."""
    every = f"sum by (namespace) (rate(lienthong_rpc_calls_total{{{selector}}}[W]))"
    bad = f"sum by (namespace) (rate(lienthong_rpc_calls_total{{{selector},{_OURS}}}[W]))"
    return (
        f"({bad} or {every} * 0) / {every}",
        f"sum by (namespace) (increase(lienthong_rpc_calls_total{{{selector}}}[W]))",
    )


OBJECTIVES = (
    Objective(
        "accept-availability",
        "LienthongAcceptAvailability",
        0.001,
        "999 of 1000 documents that are handed in get an answer that is not a failure of the axis",
        *_failing(SUBMITTED),
    ),
    Objective(
        "accept-latency",
        "LienthongAcceptLatency",
        0.01,
        "99 of 100 documents that are handed in get their receipt within a second",
        *_slower("lienthong_rpc_seconds", 1.0, SUBMITTED),
    ),
    Objective(
        "seal-delay",
        "LienthongSealDelay",
        0.01,
        "99 of 100 reports of statuses come back sealed within a second",
        *_slower("lienthong_rpc_seconds", 1.0, _REPORTED),
    ),
    Objective(
        "delivery-age",
        "LienthongDeliveryAge",
        0.01,
        "99 of 100 deliveries are in the mailbox a minute after acceptance",
        *_slower("lienthong_delivery_seconds", 60.0),
    ),
    Objective(
        "notice-delay",
        "LienthongNoticeDelay",
        0.01,
        "99 of 100 notices are tried within a minute",
        *_slower("lienthong_notice_seconds", 60.0),
    ),
    Objective(
        "status-freshness",
        "LienthongStatusFreshness",
        0.01,
        "99 of 100 minutes progress is no more than ten seconds behind what happened",
        f"avg_over_time({_STALE}[W])",
    ),
)


def objective_rules() -> str:
    """Writes the file of rules."""
    rules = [*_records(), *(_alert(one, burn) for one in OBJECTIVES for burn in BURNS)]
    note = "# Written by `make reference` from tools/monitoring/objectives.py. Changes belong there.\n"
    return note + yaml.safe_dump(
        {"groups": [{"name": "lienthong-objectives", "rules": rules}]}, sort_keys=False, width=4096
    )


def _records() -> Iterator[dict[str, Any]]:
    yield {"record": _STALE, "expr": _BEHIND}
    for one in OBJECTIVES:
        for window in WINDOWS:
            yield _record(one, _ratio(window), one.failed, window)
        for burn in BURNS if one.counted else ():
            yield _record(one, _count(burn.long), one.counted, burn.long)


def _record(one: Objective, name: str, expression: str, window: str) -> dict[str, Any]:
    return {"record": name, "expr": expression.replace("[W]", f"[{window}]"), "labels": {"objective": one.name}}


def _ratio(window: str) -> str:
    return f"lienthong:objective_failures:ratio{window}"


def _count(window: str) -> str:
    return f"lienthong:objective_events:increase{window}"


def _alert(one: Objective, burn: Burn) -> dict[str, Any]:
    selector, limit = f'{{objective="{one.name}"}}', round(one.allowed * burn.factor, 6)
    parts = [f"{_ratio(window)}{selector} > {limit}" for window in (burn.long, burn.short)]
    if one.counted:
        parts.append(f"{_count(burn.long)}{selector} >= {_EVENTS_AT_LEAST}")
    told = "{{ $value | humanizePercentage }} of the last " + burn.long
    return {
        "alert": one.alert,
        "expr": " and ".join(parts),
        "labels": {"severity": burn.severity},
        "annotations": {
            "summary": f"Not kept: {one.words}.",
            "description": f"{told} did not keep it, {burn.factor:g} times what a month allows, or more.",
            "runbook_url": f"docs/runbooks/objectives.md#{one.alert.lower()}",
        },
    }
