"""The platform as processes on real engines, for the same traffic and the same checks as one program."""

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg import sql
from tests.faults.support.harness import is_alarm

from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.topics import TOPICS
from lienthong.client import Axis, connect, load_context
from lienthong.dev.platform import SERVICES, Copy, ProcessPlatform, Wanted
from lienthong.dev.postgres import PostgresServer

_READ_SECONDS = 30.0
_QUIET_SECONDS = 2.0


class Processes:
    """Engines and several copies of each service. Takes the place of `harness.Program`."""

    def __init__(self, folder: Path, settings: Mapping[str, Mapping[str, object]], copies: int = 2) -> None:
        """Prepares, starts nothing.

        Args:
            folder: Where everything goes.
            settings: Sections of the configuration.
            copies: Processes of each service.
        """
        config = {
            "log": {"level": "WARNING"},
            "signing": {"trust_dir": str(folder / "trust"), "lease_seconds": 2.0},
            "routing": {"held_seconds": 4.0, "lease_seconds_at_least": 0.05, "lease_attempts": 50},
            **settings,
        }
        self.platform = ProcessPlatform(folder / "platform", Wanted(dict.fromkeys(SERVICES, copies), config, tied=True))
        self.up = threading.Event()
        self.starts: list[float] = []

    def make_engines_ready(self) -> Path:
        """Starts the engines; gives the configuration with which their administrator fills them."""
        platform = self.platform
        for engine in platform.engines.values():
            engine.start()
            engine.provision(SERVICES)
        file = platform.folder / "administrator.yaml"
        config = {
            "data_dir": str(platform.folder / "administrator"),
            "keys": {"dir": str(platform.folder / "keys")},
            "engines": {name: dict(engine.settings()) for name, engine in platform.engines.items()},
        }
        file.write_text(yaml.safe_dump(config), "utf-8")
        return file

    @property
    def contexts(self) -> Path:
        """Folder of the contexts."""
        return self.platform.contexts

    def speak(self, name: str) -> Axis:
        """Opens a session as a context; it goes to the copies that live."""
        return connect(load_context(self.contexts / f"{name}.yaml"))

    def start(self) -> bool:
        """Starts everything and waits until it is ready."""
        begun = time.monotonic()
        self.platform.start()
        self.starts.append(time.monotonic() - begun)
        self.up.set()
        return True

    def replace(self, copy: Copy) -> None:
        """Starts a copy again that was killed; what was answered before is asked again by everybody."""
        begun = time.monotonic()
        self.platform.await_serving(copy)
        self.starts.append(time.monotonic() - begun)

    def stop(self) -> tuple[int, float]:
        """Stops the services as their supervisors would, and leaves the engines up."""
        begun = time.monotonic()
        self.up.clear()
        for copy in self.platform.copies[::-1]:
            copy.process.stop()
        return 0, time.monotonic() - begun

    def close(self) -> None:
        """Leaves nothing running."""
        for copy in self.platform.copies:
            copy.process.signal_all(signal.SIGCONT)
            copy.process.kill()
        for engine in self.platform.engines.values():
            engine.resume()
            engine.kill()

    def tail(self) -> str:
        """Gives the ends of the logs."""
        return "\n".join(f"{copy.name}:\n{_text(copy)[-1500:]}" for copy in self.platform.copies)

    def alarms(self) -> list[str]:
        """Gives what the services logged as an error or worse, over all starts."""
        lines = ((copy.name, line) for copy in self.platform.copies for line in _text(copy).splitlines())
        return [f"{name}: {line}" for name, line in lines if line.startswith("Exception in thread") or is_alarm(line)]

    def rows(self, service: str, statement: str) -> list[tuple[Any, ...]]:
        """Reads rows of a service's schema."""
        server = self.platform.engines["postgres"]
        assert isinstance(server, PostgresServer)
        with server.administer("lienthong") as connection:
            connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(service)))
            return _read(connection, statement)

    def records(self) -> Iterator[tuple[str, str, int]]:
        """Reads topic, aggregate and version of all records, in the order of each partition."""
        section = KafkaSection.model_validate(self.platform.engines["kafka"].settings())
        log = KafkaEventLog(section, TOPICS)
        reader = log.join("checker", [topic.name for topic in TOPICS])
        end, quiet = time.monotonic() + _READ_SECONDS, time.monotonic() + _READ_SECONDS
        try:
            while time.monotonic() < min(end, quiet):
                for record in reader.poll(500, 0.5):
                    quiet = time.monotonic() + _QUIET_SECONDS
                    end = quiet + _READ_SECONDS
                    yield record.topic, record.headers["ce_subject"], int(record.headers["ce_sequence"])
        finally:
            log.close()


def _read(connection: psycopg.Connection[tuple[object, ...]], statement: str) -> list[tuple[Any, ...]]:
    return list(connection.execute(statement.encode()).fetchall())


def _text(copy: Copy) -> str:
    return copy.process.log.read_text("utf-8", "replace") if copy.process.log.exists() else ""
