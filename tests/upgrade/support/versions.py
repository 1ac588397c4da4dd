"""Schemas of a program that does not exist yet: the newest versions, and one more after them."""

from types import SimpleNamespace

from alembic.script import Script, ScriptDirectory
from tests.upgrade.support import next_version

from lienthong.chassis import migrations

FIRST = "0001"
this_scripts = migrations.scripts
"""Gives the versions that this program knows."""

LARGEST = {
    "signing": "documents",
    "routing": "deliveries",
    "intake": "documents",
    "workflow": "deliveries",
    "notification": "notices",
}
"""The table of each service that the next version changes."""


def newest(service: str, ahead: int = 0) -> str:
    """Gives the newest version that this program knows, or one so many versions ahead of it."""
    return f"{int(this_scripts(service).get_current_head() or 0) + ahead:04}"


def next_scripts(service: str) -> ScriptDirectory:
    """Gives the versions that the next program knows."""
    scripts = this_scripts(service)
    module = SimpleNamespace(**vars(next_version), down_revision=newest(service))
    scripts.revision_map.add_revision(Script(module, newest(service, 1), next_version.__file__))  # type: ignore[arg-type] # a module of this service alone
    return scripts


def become_next() -> None:
    """Lets this process be the next program."""
    migrations.scripts = next_scripts
