"""What the demo prints: a timeline of who did what, and whether the platform confirmed it."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from rich.console import Console

from lienthong.client import NotFoundError

Value = TypeVar("Value")

DEADLINE_SECONDS = 30.0
"""How long the demo waits for something to become true."""

_PAUSE_SECONDS = 0.02


class StoryError(Exception):
    """A step was not confirmed; the message says which and what was seen instead."""


class Timeline:
    """Prints steps as they are confirmed, and counts them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun = time.monotonic()
        self.steps = 0

    def act(self, number: str, title: str) -> None:
        """Begins an act."""
        self._console.print(f"\n[bold]{number}  {title}[/]")

    def say(self, who: str, what: str, detail: str = "") -> None:
        """Prints a step that was confirmed."""
        self.steps += 1
        passed = time.monotonic() - self._begun
        more = f"\n{'':27}[dim]{detail}[/]" if detail else ""
        self._console.print(f"  [dim]{passed:6.2f}s[/] [green]✓[/] [cyan]{who:<14}[/] {what}{more}", soft_wrap=True)

    def show(self, thing: object) -> None:
        """Prints something as it is, such as a table."""
        self._console.print(thing)


def confirm(claim: str, seen: object, expected: object) -> None:
    """Compares what the platform says with what the story needs.

    Raises:
        StoryError: They differ.
    """
    if seen != expected:
        raise StoryError(f"{claim}: expected {expected!r}, the platform says {seen!r}")


def wait_for(claim: str, look: Callable[[], Value | None], seconds: float = DEADLINE_SECONDS) -> Value:
    """Looks again and again until there is something.

    What one service has just accepted another may not know yet: not found counts as not there yet.

    Raises:
        StoryError: Nothing came within the deadline.
    """
    end = time.monotonic() + seconds
    while True:
        with suppress(NotFoundError):
            found = look()
            if found:
                return found
        if time.monotonic() > end:
            raise StoryError(f"{claim}: not seen within {seconds:.0f} s")
        time.sleep(_PAUSE_SECONDS)
