"""Engines behind doors: whoever uses them reaches them through the weather that a test makes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.faults.support.doors import Door, Doors, Weather, Who, everybody

from lienthong.dev.engines import MakeServer
from lienthong.dev.kafka import KafkaCluster
from lienthong.dev.objects import ObjectServer
from lienthong.dev.postgres import PostgresServer
from lienthong.dev.servers import EngineServer, free_port


class Guarded:
    """An engine whose ports are known to its users as those of doors. See `EngineServer`."""

    def __init__(self, server: EngineServer, doors: Sequence[Door]) -> None:
        """Takes over what the server does.

        Args:
            server: The engine.
            doors: One to each port that users reach.
        """
        self.name = server.name
        self.doors = doors
        self._serve(server)

    def succeed(self, server: EngineServer, port: int) -> None:
        """Leads users, who notice nothing, to another server that has taken the place of the one behind the door."""
        (door,) = self.doors
        door.target = port
        self._serve(server)

    def _serve(self, server: EngineServer) -> None:
        self.server = server
        self.start, self.stop, self.kill = server.start, server.stop, server.kill
        self.pause, self.resume, self.pids = server.pause, server.resume, server.pids
        self.provision = server.provision

    def settings(self) -> Mapping[str, object]:
        """Gives the section of an administrator. See `EngineServer.settings`."""
        return self._through(self.server.settings())

    def settings_of(self, service: str) -> Mapping[str, object]:
        """Gives the section of a service. See `EngineServer.settings_of`."""
        return self._through(self.server.settings_of(service))

    @contextmanager
    def weather(self, weather: Weather, who: Who = everybody) -> Iterator[None]:
        """Makes the weather at all doors. See `Door.weather`."""
        with ExitStack() as stack:
            for door in self.doors:
                stack.enter_context(door.weather(weather, who))
            yield

    def cut(self, who: Who = everybody) -> None:
        """Cuts the connections at all doors."""
        for door in self.doors:
            door.cut(who)

    def _through(self, section: Mapping[str, object]) -> Mapping[str, object]:
        return {
            name: [self._moved(one) for one in value] if isinstance(value, list) else self._moved(value)
            for name, value in section.items()
        }

    def _moved(self, value: object) -> object:
        for door in self.doors:
            if isinstance(value, str) and value.endswith(f"127.0.0.1:{door.target}"):
                return value.replace(f":{door.target}", f":{door.port}")
        return value


def guarded_engines(doors: Doors, *, brokers: int = 1) -> dict[str, MakeServer]:
    """Gives the makers of all engines, each behind doors.

    Args:
        doors: Where they are opened.
        brokers: Of Kafka, one or three.
    """
    return {
        "postgres": partial(_postgres, doors),
        "kafka": partial(_kafka, doors, brokers),
        "objects": partial(_objects, doors),
    }


def _postgres(doors: Doors, folder: Path, *, tied: bool) -> Guarded:
    port = free_port()
    return Guarded(PostgresServer(folder, tied=tied, port=port), [doors.to(port)])


def _objects(doors: Doors, folder: Path, *, tied: bool) -> Guarded:
    server = ObjectServer(folder, tied=tied)
    return Guarded(server, [doors.to(server.port)])


def _kafka(doors: Doors, brokers: int, folder: Path, *, tied: bool) -> Guarded:
    """Lets the brokers tell their clients, and each other, the ports of the doors."""
    cluster = KafkaCluster(folder, brokers=brokers, secure=True, tied=tied)
    servers = cluster.settings()["servers"]
    assert isinstance(servers, list)
    opened = [doors.to(int(address.rpartition(":")[2])) for address in servers]
    for node, door in zip(cluster.nodes, opened, strict=True):
        lines = node.properties.read_text("ascii").splitlines()
        told = [
            line.replace(f"SSL://127.0.0.1:{door.target},", f"SSL://127.0.0.1:{door.port},")
            if line.startswith("advertised.listeners=")
            else line
            for line in lines
        ]
        assert told != lines, f"{node.properties} does not advertise port {door.target}"
        node.properties.write_text("".join(f"{line}\n" for line in told), "ascii")
    return Guarded(cluster, opened)
