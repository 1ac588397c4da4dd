"""What is played on a platform ends with a word: confirmed, or what was not."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from lienthong.cli.console import complain, print_json

FAILED = 1


@contextmanager
def confirmed(*, as_json: bool) -> Iterator[None]:
    """Tells how a block ended that plays something; exit code 1 when a step was not confirmed."""
    from lienthong.demo.timeline import StoryError

    try:
        yield
    except StoryError as error:
        complain("NOT_CONFIRMED", str(error))
        if as_json:
            print_json({"confirmed": False, "error": str(error)})
        raise typer.Exit(FAILED) from error
    if as_json:
        print_json({"confirmed": True})
