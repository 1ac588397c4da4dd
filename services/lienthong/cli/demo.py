"""`lienthong demo`: plays the founding story, or the journey of a real file."""

from pathlib import Path
from typing import Annotated

import typer

from lienthong.cli.confirmed import confirmed
from lienthong.cli.console import Json


def demo(
    file: Annotated[Path | None, typer.Argument(help="Play the journey of this edXML file instead.")] = None,
    *,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Data folder; a throw-away one when absent.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the platform up, with the story in it.")] = False,
    against: Annotated[
        str, typer.Option(help="Play on the platform behind this context, started by `lienthong dev platform`.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Plays the founding story on a platform of its own; exit code 0 only when every step was confirmed."""
    # What the demo needs (PDFs, signatures, sinks) takes a second to load; other commands do without.
    from lienthong.client.context import find_context
    from lienthong.demo.file import play_file
    from lienthong.demo.story import play

    context = find_context(against) if against else None
    with confirmed(as_json=as_json) as told:
        if file is not None:
            play_file(told, file, data_dir, keep=keep, against=context)
        else:
            play(told, data_dir, keep=keep, against=context)
