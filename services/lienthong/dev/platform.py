"""The whole platform on one machine: real engines, and every service a process of its own, in several copies if wanted.

Nothing here is for tests alone: it is what an operator does by hand on several machines, in the same order. Engines
first; then database, topics and keys are made ready; then the services, from a table of configuration files; ready is
what says so itself, by the health of its port.
"""

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from lienthong.app import MODULES
from lienthong.chassis import migrations
from lienthong.chassis.clock import SystemClock
from lienthong.chassis.engines.postgres.database import PostgresDatabase
from lienthong.chassis.engines.postgres.settings import PostgresSection
from lienthong.chassis.ids import Uuid7Source
from lienthong.chassis.keyring import Keyring
from lienthong.client import AxisCallError, connect, load_context
from lienthong.dev.engines import SERVERS, MakeServer, servers
from lienthong.dev.servers import Command, EngineServer, ServerProcess, free_port
from lienthong.setup import first_start, write_context

START_SECONDS = 120.0
STOP_SECONDS = 40.0

PROGRAM = (sys.executable, "-m", "lienthong")
"""What copies run."""

SERVICES = tuple(module.name for module in MODULES)


@dataclass(frozen=True, slots=True)
class Copy:
    """One process of a service.

    Attributes:
        service: Which service.
        number: Which copy, from 1.
        port: Of gRPC, on 127.0.0.1.
        metrics: Of its metrics, on 127.0.0.1.
        config: Its configuration.
        process: The process.
    """

    service: str
    number: int
    port: int
    metrics: int
    config: Path
    process: ServerProcess

    @property
    def name(self) -> str:
        """Its name, such as `routing-1`."""
        return f"{self.service}-{self.number}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be started.

    Attributes:
        copies: Processes of each service; one where it is not named.
        config: Settings of all services besides those of engines, keys and ports.
        tied: Whether everything is killed when the thread that started it ends.
        engines: Makers of the engines, by the section of each.
        program: Command line of the program, without its arguments.
        environment: Variables of the services besides those of this process.
    """

    copies: Mapping[str, int] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    tied: bool = False
    engines: Mapping[str, MakeServer] = field(default_factory=lambda: SERVERS)
    program: Sequence[str] = PROGRAM
    environment: Mapping[str, str] = field(default_factory=dict)


class ProcessPlatform:
    """Starts engines and services, and stops them in reverse."""

    def __init__(self, folder: Path, wanted: Wanted) -> None:
        """Starts nothing yet.

        Args:
            folder: Where everything stands.
            wanted: What is started.
        """
        self.folder = folder.resolve()
        self.engines: dict[str, EngineServer] = servers(
            self.folder / "engines", tied=wanted.tied, makers=wanted.engines
        )
        self.copies: list[Copy] = []
        self._wanted = wanted
        self._ring = Keyring(self.folder / "keys")

    @property
    def contexts(self) -> Path:
        """Folder of the contexts; `operator.yaml` reaches all copies of each service."""
        return self.folder / "contexts"

    def start(self) -> None:
        """Starts everything; what runs already is left running.

        Raises:
            EngineError: An engine or a service does not start in time.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for engine in self.engines.values():
            engine.start()
        self._make_ready()
        for service in SERVICES:
            for number in range(1, self._wanted.copies.get(service, 1) + 1):
                self.copies.append(self._copy(service, number))
        # Services wait for nobody but their engines: all are started before the first is waited for.
        for copy in self.copies:
            copy.process.launch()
        for copy in self.copies:
            self.await_serving(copy)
        self._write_contexts()

    def find(self) -> None:
        """Finds the copies of an earlier start, running or not."""
        for service in SERVICES:
            for place in sorted((self.folder / "services").glob(f"{service}-*")):
                self.copies.append(self._copy(service, int(place.name.rpartition("-")[2])))

    def table(self) -> list[dict[str, object]]:
        """Tells for each engine and each copy its name, its port and its process; no process when it does not run."""
        rows: list[dict[str, object]] = [
            {"name": name, "port": None, "pid": pid}
            for one in self.engines.values()
            for name, pid in one.pids().items()
        ]
        for copy in self.copies:
            found = copy.process.process()
            rows.append({"name": copy.name, "port": copy.port, "pid": found.pid if found else None})
        return rows

    def add(self, service: str, number: int) -> Copy:
        """Starts one more copy of a service; it takes calls when this returns.

        Raises:
            EngineError: It does not start in time.
        """
        copy = self._copy(service, number)
        self.copies.append(copy)
        self.await_serving(copy)
        return copy

    def await_serving(self, copy: Copy) -> None:
        """Starts a copy unless it runs, and waits until it takes calls.

        Raises:
            EngineError: It does not in time.
        """
        copy.process.start(lambda: self._serving(copy), START_SECONDS)

    def replace(self, leaving: Sequence[Copy], program: Sequence[str] = ()) -> None:
        """Stops copies as their supervisors would, and starts others in their places; they take calls when it returns.

        Args:
            leaving: Which, all at once.
            program: What the new ones run; the same as before when empty.

        Raises:
            EngineError: One does not start in time.
        """
        with ThreadPoolExecutor(max(1, len(leaving))) as threads:
            list(threads.map(lambda copy: copy.process.stop(STOP_SECONDS), leaving))
        successors = [self._copy(copy.service, copy.number, program) for copy in leaving]
        self.copies = [copy for copy in self.copies if copy not in leaving] + successors
        for copy in successors:
            copy.process.launch()
        for copy in successors:
            self.await_serving(copy)

    def remove(self, copy: Copy) -> None:
        """Stops a copy as its supervisor would."""
        copy.process.stop(STOP_SECONDS)
        self.copies.remove(copy)

    def stop(self) -> None:
        """Stops everything in reverse."""
        for copy in self.copies[::-1]:
            self.remove(copy)
        for engine in reversed(self.engines.values()):
            engine.stop()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self.stop)
            self.start()
            stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _make_ready(self) -> None:
        for engine in self.engines.values():
            engine.provision(SERVICES)
        section = PostgresSection.model_validate(self.engines["postgres"].settings())
        for service in SERVICES:
            database = PostgresDatabase(section, service, owner=True)
            migrations.upgrade(database, service)
            database.close()
        first_start(self._ring, ("localhost", "127.0.0.1"), SystemClock(), Uuid7Source())

    def _copy(self, service: str, number: int, program: Sequence[str] = ()) -> Copy:
        place = self.folder / "services" / f"{service}-{number}"
        place.mkdir(parents=True, exist_ok=True)
        config = place / "config.yaml"
        kept = yaml.safe_load(config.read_text("utf-8"))["server"] if config.exists() else {}
        port, metrics = _port(kept, "listen"), _port(kept, "metrics")
        config.write_text(yaml.safe_dump(self._config(service, place, port, metrics)), "utf-8")
        arguments = [*(program or self._wanted.program), "run", "--target", service, "--config", str(config)]
        command = Command(f"{service}-{number}", arguments, place, self._wanted.environment)
        return Copy(service, number, port, metrics, config, ServerProcess(command, tied=self._wanted.tied))

    def _config(self, service: str, place: Path, port: int, metrics: int) -> dict[str, Any]:
        return {
            **self._wanted.config,
            "data_dir": str(place),
            "server": {"listen": f"127.0.0.1:{port}", "metrics": f"127.0.0.1:{metrics}"},
            "keys": {"dir": str(self._ring.folder), "managed": False},
            "engines": {name: dict(engine.settings_of(service)) for name, engine in self.engines.items()},
        }

    def _serving(self, copy: Copy) -> bool:
        file = self.contexts / f"operator-{copy.name}.yaml"
        write_context(file, f"127.0.0.1:{copy.port}", self._ring.root.chain, self._ring.operator)
        with connect(load_context(file)) as axis:
            try:
                return axis.serving(copy.service, timeout=2.0)
            except AxisCallError:
                return False

    def _write_contexts(self) -> None:
        addresses = {
            service: ",".join(f"127.0.0.1:{copy.port}" for copy in self.copies if copy.service == service)
            for service in SERVICES
        }
        file = self.contexts / "operator.yaml"
        write_context(file, addresses["intake"], self._ring.root.chain, self._ring.operator, addresses=addresses)


def _port(kept: Mapping[str, str], name: str) -> int:
    """Gives the port of an earlier start; a free one at the first."""
    return int(kept[name].rpartition(":")[2]) if name in kept else free_port()
