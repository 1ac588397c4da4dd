"""The engines that developers and tests can have on this machine, in the order in which they start."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol

import yaml

from lienthong.chassis.config import ENVIRONMENT_PREFIX, NESTED
from lienthong.dev.kafka import KafkaCluster
from lienthong.dev.objects import ObjectServer
from lienthong.dev.postgres import PostgresServer
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


SERVERS: Mapping[str, MakeServer] = {
    "postgres": PostgresServer,
    "kafka": partial(KafkaCluster, secure=True),
    "objects": partial(ObjectServer, secure=True),
}
"""The servers, by the section of `engines` in the configuration that names each."""


def servers(folder: Path, *, tied: bool = False, makers: Mapping[str, MakeServer] = SERVERS) -> dict[str, EngineServer]:
    """Gives all engines below a folder."""
    found = {}
    for name, make in makers.items():
        place = (folder / name).absolute()
        place.mkdir(parents=True, exist_ok=True)
        found[name] = make(place, tied=tied)
    return found


def environment(engines: Mapping[str, EngineServer]) -> Iterator[tuple[str, str]]:
    """Gives the variables with which the program uses engines."""
    for name, server in engines.items():
        for setting, value in server.settings().items():
            path = NESTED.join(part.upper() for part in ("engines", name, setting))
            flat = yaml.safe_dump(value, default_flow_style=True, width=10_000)
            yield f"{ENVIRONMENT_PREFIX}{path}", flat.removesuffix("\n").removesuffix("\n...")
