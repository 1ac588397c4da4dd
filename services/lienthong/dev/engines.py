"""The engines of a platform on this machine, in the order in which they start."""

from collections.abc import Callable
from pathlib import Path

from lienthong.dev.kafka import KafkaCluster
from lienthong.dev.postgres import PostgresServer
from lienthong.dev.servers import EngineServer

MAKERS: dict[str, Callable[[Path, bool], EngineServer]] = {
    "postgres": lambda folder, tied: PostgresServer(folder, tied=tied),
    "kafka": lambda folder, tied: KafkaCluster(folder, secure=True, tied=tied),
}
"""By the name of their section in the configuration."""


def engine_servers(folder: Path, *, tied: bool = False) -> dict[str, EngineServer]:
    """Makes the servers, each with a folder of its own; starts none."""
    servers = {}
    for name, make in MAKERS.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        servers[name] = make(folder / name, tied)
    return servers
