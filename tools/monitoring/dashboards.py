"""Dashboards of Grafana: one for the journey of documents, one for each service from one template, one for engines."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tools.monitoring.objectives import SUBMITTED

SERVICES = ("intake", "notification", "routing", "signing", "workflow")
_HERE = 'namespace=~"$namespace"'
_EVERY = "[$__rate_interval]"
_WIDTH, _HEIGHT, _COLUMNS = 12, 8, 2
_SCHEMA = 39
"""Of Grafana 11; later ones bring it up to date by themselves."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture of one or several queries.

    Attributes:
        title: What it shows.
        queries: PromQL by legend.
        unit: As Grafana names units.
        kind: Kind of picture.
    """

    title: str
    queries: Mapping[str, str]
    unit: str = "short"
    kind: str = "timeseries"


def _rate(metric: str, labels: str = "", by: str = "") -> str:
    inner = f"{{{_HERE},{labels}}}" if labels else f"{{{_HERE}}}"
    return f"sum by ({by}) (rate({metric}{inner}{_EVERY}))"


def _most(metric: str, labels: str = "", by: str = "service") -> str:
    inner = f"{{{_HERE},{labels}}}" if labels else f"{{{_HERE}}}"
    return f"max by ({by}) ({metric}{inner})"


def _percentiles(histogram: str, labels: str = "", by: str = "") -> dict[str, str]:
    grouped, legend = ("le", "") if not by else (f"le, {by}", f" {{{{{by}}}}}")
    inner = _rate(f"{histogram}_bucket", labels, grouped)
    return {f"{part} of 100{legend}": f"histogram_quantile(0.{part}, {inner})" for part in (50, 99)}


def _journey() -> Sequence[Panel]:
    failing = f"max by (objective) (lienthong:objective_failures:ratio1h{{{_HERE}}})"
    between = f"sum by (sender, recipient) (increase(lienthong_pair_deliveries_total{{{_HERE}}}[$__range]))"
    reported = 'method="lienthong.workflow.v1.Workflow/ReportStatuses"'
    return (
        Panel("Promises: part that was not kept, last hour", {"{{objective}}": failing}, "percentunit", "stat"),
        Panel("Documents handed in, by answer", {"{{code}}": _rate("lienthong_rpc_calls_total", SUBMITTED, "code")}),
        Panel("Deliveries by step", {"{{state}}": _rate("lienthong_delivery_steps_total", by="state")}),
        Panel(
            "Deliveries that still owe something, by state", {"{{state}}": _most("lienthong_deliveries", by="state")}
        ),
        Panel("Time to the mailbox", _percentiles("lienthong_delivery_seconds"), "s"),
        Panel("Time to the receipt", _percentiles("lienthong_rpc_seconds", SUBMITTED), "s"),
        Panel("Time to the seal of a status", _percentiles("lienthong_rpc_seconds", reported), "s"),
        Panel("Verdicts", {"{{verdict}}": _rate("lienthong_verdicts_total", by="verdict")}),
        Panel(
            "Documents that wait for a verdict: the oldest",
            {"{{size}}": _most("lienthong_signing_oldest_job_seconds", by="size")},
            "s",
        ),
        Panel("Progress behind", {"workflow": _most("lienthong_lag_seconds", 'service="workflow"')}, "s"),
        Panel("Time to the first attempt of a notice", _percentiles("lienthong_notice_seconds", by="channel"), "s"),
        Panel("Notices that wait", {"{{channel}}": _most("lienthong_notices_waiting", by="channel")}),
        Panel("Busiest pairs of agencies", {"{{sender}} to {{recipient}}": f"topk(20, {between})"}, kind="bargauge"),
    )


def _service(name: str) -> Sequence[Panel]:
    calls, own = f'method=~"lienthong\\\\.{name}\\\\..+"', f'service="{name}"'
    used = f"max by (pool) (lienthong_pool_in_use{{{_HERE},{own}}} / lienthong_pool_size{{{_HERE},{own}}})"
    return (
        Panel("Copies", {"copies": f'count(lienthong_pool_size{{{_HERE},{own},pool="read"}})'}, kind="stat"),
        Panel("Calls by answer", {"{{code}}": _rate("lienthong_rpc_calls_total", calls, "code")}, "reqps"),
        Panel("Calls by method", {"{{method}}": _rate("lienthong_rpc_calls_total", calls, "method")}, "reqps"),
        Panel("Time to answer, 99 of 100", {"{{method}}": _slowest(calls)}, "s"),
        Panel("Processor time by method", {"{{method}}": _rate("lienthong_rpc_cpu_seconds_total", calls, "method")}),
        Panel("Events behind: the oldest", {"{{topic}}": _most("lienthong_lag_seconds", own, "topic")}, "s"),
        Panel("Events behind", {"{{topic}}": _most("lienthong_lag_records", own, "topic, partition")}),
        Panel(
            "Outbox",
            {
                "waiting": _most("lienthong_outbox_waiting", own),
                "oldest, seconds": _most("lienthong_outbox_age_seconds", own),
            },
        ),
        Panel(
            "Events that need a person",
            {
                "dead letters": _most("lienthong_dead_letters", own),
                "parked": _most("lienthong_parked_events", own),
                "stopped by itself": _most("lienthong_consumer_halted", own),
            },
        ),
        Panel("Connections in use", {"{{pool}}": used}, "percentunit"),
    )


def _slowest(calls: str) -> str:
    return f"histogram_quantile(0.99, {_rate('lienthong_rpc_seconds_bucket', calls, 'le, method')})"


def _engines() -> Sequence[Panel]:
    used = f"max by (service, pool) (lienthong_pool_in_use{{{_HERE}}} / lienthong_pool_size{{{_HERE}}})"
    free = f"lienthong_disk_free_bytes{{{_HERE}}} / lienthong_disk_size_bytes{{{_HERE}}}"
    left = f"(min by (certificate) (lienthong_certificate_end_seconds{{{_HERE}}}) - time())"
    return (
        Panel("Databases: connections in use", {"{{service}} {{pool}}": used}, "percentunit"),
        Panel("Databases: difference of clocks", {"{{service}}": _most("lienthong_clock_skew_seconds")}, "s"),
        Panel("Waits for the disk", {"{{engine}}": _rate("lienthong_syncs_total", by="engine")}),
        Panel("Event log: what waits to be published", {"{{service}}": _most("lienthong_outbox_waiting")}),
        Panel("Event log: the oldest that waits", {"{{service}}": _most("lienthong_outbox_age_seconds")}, "s"),
        Panel(
            "Event log: not handled yet", {"{{service}} {{topic}}": _most("lienthong_lag_records", by="service, topic")}
        ),
        Panel("Contents: bytes", {"{{direction}}": _rate("lienthong_transfer_bytes_total", by="direction")}, "Bps"),
        Panel("Contents: time of a transfer", _percentiles("lienthong_transfer_seconds", by="method"), "s"),
        Panel("Room on the disk of the data folder", {"{{instance}}": free}, "percentunit"),
        Panel("Certificates: time left", {"{{certificate}}": left}, "s", "stat"),
        Panel(
            "Processor time by kind of thread", {"{{thread}}": _rate("lienthong_thread_cpu_seconds_total", by="thread")}
        ),
    )


BOARDS: Mapping[str, tuple[str, Callable[[], Sequence[Panel]]]] = {
    "journey": ("Lienthong: journey of documents", _journey),
    "engines": ("Lienthong: engines", _engines),
    **{f"service-{name}": (f"Lienthong: {name}", partial(_service, name)) for name in SERVICES},
}
"""Title and panels of each dashboard."""


def dashboard(name: str) -> str:
    """Writes a dashboard as Grafana takes it."""
    title, panels = BOARDS[name]
    made = {
        "uid": f"lienthong-{name}",
        "title": title,
        "description": "Written by `make reference` from tools/monitoring/dashboards.py.",
        "tags": ["lienthong"],
        "schemaVersion": _SCHEMA,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": _variables()},
        "panels": [_panel(number, panel) for number, panel in enumerate(panels())],
    }
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _variables() -> list[dict[str, Any]]:
    query = "label_values(lienthong_outbox_waiting, namespace)"
    return [
        {"name": "source", "label": "Source", "type": "datasource", "query": "prometheus"},
        {
            "name": "namespace",
            "label": "Namespace",
            "type": "query",
            "datasource": {"type": "prometheus", "uid": "$source"},
            "query": {"query": query, "refId": "namespace"},
            "refresh": 2,
            "includeAll": True,
            # Where targets have no such label too.
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
        },
    ]


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, _COLUMNS)
    source = {"type": "prometheus", "uid": "$source"}
    targets = [
        {"refId": chr(ord("A") + place), "datasource": source, "expr": expression, "legendFormat": legend}
        | ({"instant": True} if panel.kind != "timeseries" else {})
        for place, (legend, expression) in enumerate(panel.queries.items())
    ]
    return {
        "id": number + 1,
        "title": panel.title,
        "type": panel.kind,
        "datasource": source,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": targets,
    }
