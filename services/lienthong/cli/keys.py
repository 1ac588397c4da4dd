"""`lienthong keys`: the keys of an installation whose services are processes of their own."""

from pathlib import Path
from typing import Annotated

import typer

from lienthong.cli.console import Json, err, print_json
from lienthong.cli.run import ConfigFile, load

app = typer.Typer(help="Keys of the axis: make them for services that find them mounted.")


@app.callback()
def keys() -> None:
    """Keys of the axis: make them for services that find them mounted."""


@app.command("init")
def init(
    folder: Annotated[Path, typer.Argument(help="Folder of the keys; made when absent.")],
    *,
    host: Annotated[
        list[str] | None, typer.Option(help="Name or address in the server certificate; may be repeated.")
    ] = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Makes the authority, server, seal and operator keys that are missing, and renews old certificates.

    Safe to repeat. Each service needs a part of the folder only: the root certificate, the server's key, its own seal;
    signing alone needs the root's key, routing alone `operator.json`.
    """
    from lienthong.chassis.clock import SystemClock
    from lienthong.chassis.ids import Uuid7Source
    from lienthong.custody import keyring_in
    from lienthong.setup import first_start

    settings = load(None, config_file)
    ring = keyring_in(folder, settings)
    first_start(ring, tuple(host or settings.server.hosts), SystemClock(), Uuid7Source())
    made = sorted(file.name for file in folder.iterdir())
    if as_json:
        print_json({"folder": str(folder), "files": made})
    else:
        err.print(f"keys stand in {folder}: {', '.join(made)}", markup=False, soft_wrap=True)


@app.command("extend")
def extend(
    folder: Annotated[Path, typer.Argument(help="Folder of the keys, with the authority's.")],
    *,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Gives the authority ten years from now on, with the same key: all that it certified stays good.

    Whoever calls the axis needs the new `axis-root.crt` before the old one ends. A program that keeps the keys itself
    takes it up by itself; elsewhere `lienthong keys init` renews the certificates under it.
    """
    from lienthong.chassis.clock import SystemClock
    from lienthong.custody import keyring_in
    from lienthong.setup import extend as extend_authority

    ring = keyring_in(folder, load(None, config_file))
    ends = extend_authority(ring, SystemClock()).not_valid_after_utc
    if as_json:
        print_json({"authority": str(ring.root.chain), "ends": ends.isoformat()})
    else:
        text = f"{ring.root.chain} is good until {ends:%Y-%m-%d}; give it to every system"
        err.print(text, markup=False, soft_wrap=True)
