"""`lienthong dev platform`: every service a process of its own, on real engines, on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from lienthong.cli.confirmed import confirmed
from lienthong.cli.console import Json, err, out, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lienthong.dev.platform import ProcessPlatform

app = typer.Typer(help="The platform as processes: start, play the story on it, stop.")

NOT_UP = 3

Folder = Annotated[Path, typer.Option("--dir", help="Where everything stands.")]
Copies = Annotated[int, typer.Option(help="Processes of each service.", min=1, max=10)]

FOLDER = Path("var") / "platform"


@app.command("up")
def up(*, folder: Folder = FOLDER, copies: Copies = 1, as_json: Json = False) -> None:
    """Starts engines and services; what runs already is left running."""
    platform = _platform(folder, copies)
    platform.start()
    _show(platform, as_json=as_json)
    err.print(
        f"speak as operator: LIENTHONG_CONTEXTS={platform.contexts} lienthong --help", markup=False, soft_wrap=True
    )


@app.command("play")
def play(*, folder: Folder = FOLDER, copies: Copies = 1, as_json: Json = False) -> None:
    """Starts everything, plays the founding story on it, and stops everything in reverse."""
    from lienthong.demo.story import play as play_story

    with confirmed(as_json=as_json) as told, _platform(folder, copies) as platform:
        told.print(_table(platform.table()))
        play_story(told, None, keep=False, against=platform.contexts / "operator.yaml")


@app.command("down")
def down(*, folder: Folder = FOLDER, as_json: Json = False) -> None:
    """Stops services, then engines; their data stays."""
    platform = _platform(folder, 1)
    platform.find()
    platform.stop()
    _show(platform, as_json=as_json)


@app.command("status")
def status(*, folder: Folder = FOLDER, as_json: Json = False) -> None:
    """Tells what runs. Exit code 3 when something does not."""
    platform = _platform(folder, 1)
    platform.find()
    if not _show(platform, as_json=as_json):
        raise typer.Exit(NOT_UP)


def services() -> tuple[str, ...]:
    """Names the services."""
    from lienthong.dev.platform import SERVICES

    return SERVICES


def _platform(folder: Path, copies: int) -> "ProcessPlatform":
    from lienthong.demo.props import Props
    from lienthong.dev.platform import SERVICES, ProcessPlatform, Wanted
    from lienthong.dev.servers import free_port

    stage = folder.resolve() / "stage.yaml"
    if not stage.exists():
        stage.parent.mkdir(parents=True, exist_ok=True)
        Props(stage.parent / "trust", free_port(), (free_port(), free_port())).write(stage)
    config: dict[str, Any] = Props.read(stage).config()
    return ProcessPlatform(folder, Wanted(dict.fromkeys(SERVICES, copies), config))


def _show(platform: "ProcessPlatform", *, as_json: bool) -> bool:
    rows = platform.table()
    if as_json:
        print_json(rows)
    else:
        out.print(_table(rows))
    return bool(rows) and all(row["pid"] for row in rows)


def _table(rows: "Sequence[Mapping[str, object]]") -> Table:
    table = Table("what", "port", "process", box=None)
    for row in rows:
        table.add_row(str(row["name"]), str(row["port"] or ""), str(row["pid"] or "not running"))
    return table
