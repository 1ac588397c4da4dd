"""`lienthong config`: what is configured, and whether it can be used."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from lienthong.cli.console import Json, out, print_json
from lienthong.cli.run import ConfigFile, DataDir, Target, load

if TYPE_CHECKING:
    from lienthong.settings import Settings

app = typer.Typer(help="Show and check the configuration.")
UNBROKEN = 1_000_000
"""Width of a line of YAML: each value stands on one line, to be found by its words."""
Diff = Annotated[bool, typer.Option("--diff", help="Only what differs from the defaults.")]


@app.command("show")
def show(
    *, config_file: ConfigFile = None, data_dir: DataDir = None, diff: Diff = False, as_json: Json = False
) -> None:
    """Shows every setting as the program would take it."""
    _print(load(data_dir, config_file), diff=diff, as_json=as_json)


@app.command("check")
def check(
    *,
    target: Annotated[
        Target | None, typer.Option(help="Whether this process could read the files that are named, here and now.")
    ] = None,
    config_file: ConfigFile = None,
    data_dir: DataDir = None,
    diff: Diff = False,
    as_json: Json = False,
) -> None:
    """Checks a configuration; all problems at once, exit code 2."""
    settings = load(data_dir, config_file)
    if target is not None:
        from lienthong.app import services_of
        from lienthong.named_files import insist_on_files

        insist_on_files(settings, services_of(target))
    if diff or as_json:
        _print(settings, diff=diff, as_json=as_json)
    else:
        out.print("the configuration can be used")


def _print(settings: "Settings", *, diff: bool, as_json: bool) -> None:
    from lienthong.settings import Settings

    values: Any = settings.model_dump(mode="json")
    if diff:
        values = _changed(values, Settings().model_dump(mode="json"))
    if as_json:
        print_json(values)
    else:
        # It is read again as YAML: a line that is broken at the edge of a terminal, or a word less, is another setting.
        text = yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=UNBROKEN).rstrip()
        out.print(text if values else "# all defaults", markup=False, soft_wrap=True)


def _changed(values: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            inner = _changed(value, defaults[key])
            found |= {key: inner} if inner else {}
        elif value != defaults[key]:
            found[key] = value
    return found
