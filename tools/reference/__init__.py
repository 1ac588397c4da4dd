"""Writes the generated pages under `docs/reference`; with `--check` tells which of them are out of date.

Each page has one source: the configuration models, the protos with their comments, the lifecycle's data, the errors
that the code makes, the policy table, the metrics of an assembled platform, the command line.
"""

from collections.abc import Callable, Mapping

from tools.reference.contracts import api_page
from tools.reference.errors import errors_page
from tools.reference.settings import config_page
from tools.reference.tables import cli_page, lifecycle_page, policy_page
from tools.reference.telemetry import telemetry_page

MAKERS: Mapping[str, Callable[[], str]] = {
    "api.md": api_page,
    "cli.md": cli_page,
    "config.md": config_page,
    "errors.md": errors_page,
    "lifecycle.md": lifecycle_page,
    "policy.md": policy_page,
    "telemetry.md": telemetry_page,
}
