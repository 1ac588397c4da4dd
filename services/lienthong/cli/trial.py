"""`lienthong trial`: sends one document through a platform that is in use."""

from typing import Annotated

import typer

from lienthong.cli.console import DEFAULT_CONTEXT, As, Json, err, out, print_json, session

FAILED = 1


def trial(
    *,
    sender: Annotated[str, typer.Option(help="Code of the agency that sends; registered when it is not there.")],
    recipient: Annotated[str, typer.Option(help="Code of the one that receives; likewise.")],
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Sends one document between two agencies that exist for it; exit code 0 only when every step was confirmed."""
    from lienthong.demo.timeline import StoryError
    from lienthong.demo.trial import Codes, play_trial

    try:
        with session(who) as operator:
            play_trial(out, operator, Codes(sender, recipient))
    except StoryError as error:
        err.print(f"[bold red]NOT CONFIRMED[/]  {error}", soft_wrap=True)
        if as_json:
            print_json({"confirmed": False, "error": str(error)})
        raise typer.Exit(FAILED) from error
    if as_json:
        print_json({"confirmed": True})
