"""What traffic speaks to and checks look into: one program, or many processes."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from lienthong.client import Axis


class Served(Protocol):
    """A platform under test."""

    @property
    def up(self) -> threading.Event:
        """Set while it takes calls."""
        ...

    @property
    def starts(self) -> list[float]:
        """How long each start took, in seconds."""
        ...

    @property
    def contexts(self) -> Path:
        """Folder of the contexts."""
        ...

    def speak(self, name: str) -> Axis:
        """Opens a session as a context."""
        ...

    def start(self) -> bool:
        """Starts it and waits until it is ready; False when it died before."""
        ...

    def close(self) -> None:
        """Leaves nothing running."""
        ...

    def tail(self) -> str:
        """Gives the end of what it logged."""
        ...

    def stop(self) -> tuple[int, float]:
        """Asks it to end; gives the exit code and how many seconds that took."""
        ...

    def alarms(self) -> list[str]:
        """Gives what it logged as an error or worse, over all starts."""
        ...

    def rows(self, service: str, statement: str) -> list[tuple[Any, ...]]:
        """Reads rows of a service's database, past the service."""
        ...

    def records(self) -> Iterator[tuple[str, str, int]]:
        """Reads topic, aggregate and version of all records of the event log, in the order of each partition."""
        ...
