"""The engines that developers and tests can have on this machine."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from lienthong.chassis.config import ENVIRONMENT_PREFIX, NESTED
from lienthong.dev.objects import ObjectServer
from lienthong.dev.servers import EngineServer


class MakeServer(Protocol):
    """Makes a server that was not started yet, or finds again what an earlier one left in its folder."""

    def __call__(self, folder: Path, *, tied: bool) -> EngineServer:
        """Makes it.

        Args:
            folder: Where all that it keeps goes.
            tied: Whether it is killed when the thread that started it ends.
        """
        ...


SERVERS: Mapping[str, MakeServer] = {"objects": ObjectServer}
"""The servers, by the section of `engines` in the configuration that names each."""


def servers(folder: Path) -> dict[str, EngineServer]:
    """Gives all engines below a folder; they outlive this program."""
    return {name: make(folder / name, tied=False) for name, make in SERVERS.items()}


def environment(engines: Mapping[str, EngineServer]) -> Iterator[tuple[str, str]]:
    """Gives the variables with which the program uses engines."""
    for name, server in engines.items():
        for setting, value in server.settings().items():
            path = NESTED.join(part.upper() for part in ("engines", name, setting))
            yield f"{ENVIRONMENT_PREFIX}{path}", str(value)
