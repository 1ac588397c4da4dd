"""What is played on a platform ends with a word: confirmed, or what was not."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from lienthong.cli.console import complain, err, out, print_json

FAILED = 1


@contextmanager
def confirmed(*, as_json: bool) -> Iterator[Console]:
    """Tells how a block ended that plays something; exit code 1 when a step was not confirmed.

    Yields:
        Where the story is told: on standard error when JSON was asked for, which standard output holds alone.
    """
    from lienthong.demo.timeline import StoryError

    try:
        yield err if as_json else out
    except StoryError as error:
        complain("NOT_CONFIRMED", str(error))
        if as_json:
            print_json({"confirmed": False, "error": str(error)})
        raise typer.Exit(FAILED) from error
    if as_json:
        print_json({"confirmed": True})
