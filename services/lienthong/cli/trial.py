"""`lienthong trial`: sends one document through a platform that is in use."""

from typing import Annotated

import typer

from lienthong.cli.confirmed import confirmed
from lienthong.cli.console import DEFAULT_CONTEXT, As, Json, session


def trial(
    *,
    sender: Annotated[str, typer.Option(help="Code of the agency that sends; registered when it is not there.")],
    recipient: Annotated[str, typer.Option(help="Code of the one that receives; likewise.")],
    who: As = DEFAULT_CONTEXT,
    as_json: Json = False,
) -> None:
    """Sends one document between two agencies that exist for it; exit code 0 only when every step was confirmed."""
    from lienthong.demo.trial import Codes, play_trial

    with confirmed(as_json=as_json) as told, session(who) as operator:
        play_trial(told, operator, Codes(sender, recipient))
