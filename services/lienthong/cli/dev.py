"""`lienthong dev`: for developers of the axis and of systems that use it."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lienthong.cli import dev_platform
from lienthong.cli.console import Json, complain, out, print_json

if TYPE_CHECKING:
    from lienthong.dev.servers import EngineServer

USAGE = 2
DOWN = 3

app = typer.Typer(help="For developers: real engines on this machine.")
engines = typer.Typer(help="Servers of the engines, on loopback; they outlive the command.")
app.add_typer(engines, name="engines", no_args_is_help=True)
app.add_typer(dev_platform.app, name="platform", no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--dir", help="Folder with their data.")]
_FOLDER = Path("var/engines")


@engines.command("start")
def start(*, folder: Folder = _FOLDER, as_json: Json = False) -> None:
    """Starts the engines that do not run, makes ready what services need in them, and tells where they listen."""
    with _engines(folder) as found:
        for server in found.values():
            server.start()
            server.provision(dev_platform.services())
        settings = {name: dict(server.settings()) for name, server in found.items()}
    if as_json:
        print_json(settings)
        return
    for name, section in settings.items():
        where = "  ".join(f"{setting}: {value}" for setting, value in section.items())
        out.print(f"{name:<10} {where}", soft_wrap=True, markup=False)


@engines.command("stop")
def stop(*, folder: Folder = _FOLDER, as_json: Json = False) -> None:
    """Stops the engines; their data stay."""
    with _engines(folder) as found:
        for server in reversed(found.values()):
            server.stop()
        _tell(found, as_json=as_json)


@engines.command("status")
def status(*, folder: Folder = _FOLDER, as_json: Json = False) -> None:
    """Tells which engines run; exit code 3 when one does not."""
    with _engines(folder) as found:
        if not _tell(found, as_json=as_json):
            raise typer.Exit(DOWN)


@engines.command("env")
def env(*, folder: Folder = _FOLDER, as_json: Json = False) -> None:
    """Prints what makes the program use these engines: `eval "$(lienthong dev engines env)"`."""
    with _engines(folder) as found:
        from lienthong.dev.engines import environment

        variables = dict(environment(found))
    if as_json:
        print_json(variables)
        return
    for name, value in variables.items():
        out.print(f"export {name}={shlex.quote(value)}", soft_wrap=True, markup=False)


def _tell(found: "dict[str, EngineServer]", *, as_json: bool) -> bool:
    """Tells which engines run; gives whether all do."""
    running = {name: all(server.pids().values()) for name, server in found.items()}
    if as_json:
        print_json(running)
    else:
        for name, up in running.items():
            out.print(f"{name:<10} {'[green]up[/]' if up else '[red]down[/]'}")
    return all(running.values())


@contextmanager
def _engines(folder: Path) -> "Iterator[dict[str, EngineServer]]":
    try:
        from lienthong.dev.engines import servers
        from lienthong.dev.servers import EngineError
    except ImportError as error:
        complain("ENGINE", f"{error.name} is not installed; `make engines` installs what engines need")
        raise typer.Exit(USAGE) from error
    try:
        yield servers(folder)
    except EngineError as error:
        complain("ENGINE", str(error))
        raise typer.Exit(1) from error
