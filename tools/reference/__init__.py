"""Writes the generated pages under `docs/reference`, and files of the charts; with `--check` tells what is out of date.

Each has one source: the configuration models, the protos with their comments, the lifecycle's data, the errors that the
code makes, the policy table, the metrics of an assembled platform, the command line, the charts' values, the
objectives.
"""

from collections.abc import Callable, Mapping
from functools import partial

from tools.monitoring.dashboards import BOARDS, dashboard
from tools.monitoring.objectives import objective_rules
from tools.reference.chart import chart_page
from tools.reference.contracts import api_page
from tools.reference.errors import errors_page
from tools.reference.settings import config_page
from tools.reference.tables import cli_page, lifecycle_page, policy_page
from tools.reference.telemetry import telemetry_page
from tools.reference.topics import topics_file
from tools.reference.values_needed import values_needed
from tools.reference.values_schema import values_schema

MAKERS: Mapping[str, Callable[[], str]] = {
    **{f"charts/lienthong/dashboards/{name}.json": partial(dashboard, name) for name in BOARDS},
    "charts/lienthong/rules/objectives.yaml": objective_rules,
    "charts/lienthong/templates/_needed.tpl": partial(values_needed, "lienthong"),
    "charts/lienthong/values.schema.json": partial(values_schema, "lienthong"),
    "charts/lienthong-topics/templates/_needed.tpl": partial(values_needed, "lienthong-topics"),
    "charts/lienthong-topics/topics.yaml": topics_file,
    "charts/lienthong-topics/values.schema.json": partial(values_schema, "lienthong-topics"),
    "docs/reference/api.md": api_page,
    "docs/reference/chart.md": chart_page,
    "docs/reference/cli.md": cli_page,
    "docs/reference/config.md": config_page,
    "docs/reference/errors.md": errors_page,
    "docs/reference/lifecycle.md": lifecycle_page,
    "docs/reference/policy.md": policy_page,
    "docs/reference/telemetry.md": telemetry_page,
}
