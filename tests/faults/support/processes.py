"""The platform as processes on real engines, for the same traffic and the same checks as one program."""

import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg import sql
from tests.faults.support.doors import Door, Doors
from tests.faults.support.guarded import Guarded, guarded_engines
from tests.faults.support.harness import ROOT, is_alarm
from tests.faults.support.launched import CLOCK

from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.topics import TOPICS
from lienthong.client import Axis, connect, load_context
from lienthong.dev.platform import SERVICES, Copy, ProcessPlatform, Wanted
from lienthong.dev.postgres import PostgresServer

POISON = "poison"
"""What test data is called that a service must not take: it may say so in its log."""

_ALARM_LENGTH = 2000
_READ_SECONDS = 30.0
_QUIET_SECONDS = 2.0


class Processes:
    """Engines and several copies of each service, with a door on each way. Takes the place of `harness.Program`."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Mapping[str, object]],
        defect: str = "",
        *,
        brokers: int = 1,
        copies: int = 2,
    ) -> None:
        """Prepares, starts nothing.

        Args:
            folder: Where everything goes.
            settings: Sections of the configuration.
            defect: Names of seeded defects, see `defects`.
            brokers: Of Kafka, one or three.
            copies: Of each service.
        """
        config = {
            "log": {"level": "WARNING"},
            "signing": {"trust_dir": str(folder / "trust"), "lease_seconds": 2.0},
            "routing": {"held_seconds": 4.0, "lease_seconds_at_least": 0.05, "lease_attempts": 50},
            **settings,
        }
        self.doors = Doors()
        wanted = Wanted(
            dict.fromkeys(SERVICES, copies),
            config,
            tied=True,
            engines=guarded_engines(self.doors, brokers=brokers),
            program=(sys.executable, "-m", "tests.faults.support.launched", defect),
            environment={"PYTHONPATH": f"{ROOT / 'services'}:{ROOT}", "LIENTHONG_TEST": "1"},
        )
        self.platform = ProcessPlatform(folder / "platform", wanted)
        self.up = threading.Event()
        self.starts: list[float] = []
        self.ways: dict[str, Door] = {}
        """The doors through which clients reach each copy, by its name."""
        self.whole = {name: threading.Lock() for name in self.platform.engines}
        """Held by a fault of an engine as long as it lasts, and by a fault that needs that engine for a moment."""

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

    def engine(self, name: str) -> Guarded:
        """Gives an engine."""
        found = self.platform.engines[name]
        assert isinstance(found, Guarded)
        return found

    @property
    def postgres(self) -> PostgresServer:
        """The database server itself."""
        found = self.engine("postgres").server
        assert isinstance(found, PostgresServer)
        return found

    @property
    def contexts(self) -> Path:
        """Folder of the contexts."""
        return self.platform.contexts

    def speak(self, name: str) -> Axis:
        """Opens a session as a context; it goes to the copies that live, through their doors."""
        ways: dict[str, list[str]] = {}
        for copy in self.platform.copies:
            if copy.name in self.ways:
                ways.setdefault(copy.service, []).append(f"127.0.0.1:{self.ways[copy.name].port}")
        context = load_context(self.contexts / f"{name}.yaml")
        addresses = {service: ",".join(found) for service, found in ways.items()}
        return connect(replace(context, addresses={**context.addresses, **addresses}))

    def start(self) -> bool:
        """Starts everything and waits until it is ready."""
        begun = time.monotonic()
        self.platform.start()
        self.ways = {copy.name: self.doors.to(copy.port) for copy in self.platform.copies}
        self.starts.append(time.monotonic() - begun)
        self.up.set()
        return True

    def replace(self, copy: Copy) -> None:
        """Starts a copy again that was killed; what was answered before is asked again by everybody."""
        begun = time.monotonic()
        self.platform.await_serving(copy)
        self.starts.append(time.monotonic() - begun)

    def arm(self, copy: Copy, failpoint: str, countdown: int = 1) -> None:
        """Lets a copy kill itself at a place after its next start; an empty name lets it live."""
        file = self._place(copy) / "config.yaml"
        config = yaml.safe_load(file.read_text("utf-8"))
        config["test"] = {"failpoint": failpoint, "countdown": countdown}
        file.write_text(yaml.safe_dump(config), "utf-8")

    def set_clock(self, copy: Copy, seconds: float) -> None:
        """Sets the clock of a copy before or after that of the machine."""
        place = self._place(copy)
        (place / "next").write_text(str(seconds), "ascii")
        (place / "next").replace(place / CLOCK)

    def _place(self, copy: Copy) -> Path:
        return self.platform.folder / "services" / copy.name

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
        self.doors.close()

    def tail(self) -> str:
        """Gives the ends of the logs."""
        return "\n".join(f"{copy.name}:\n{_text(copy)[-1500:]}" for copy in self.platform.copies)

    def alarms(self) -> list[str]:
        """Gives what the services logged as an error or worse, over all starts."""
        lines = ((copy.name, line) for copy in self.platform.copies for line in _text(copy).splitlines())
        found = [(name, line) for name, line in lines if line.startswith("Exception in thread") or is_alarm(line)]
        return [f"{name}: {line[:_ALARM_LENGTH]}" for name, line in found if POISON not in line]

    def rows(self, service: str, statement: str) -> list[tuple[Any, ...]]:
        """Reads rows of a service's schema."""
        with self.whole["postgres"], self.postgres.administer("lienthong") as connection:
            connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(service)))
            return _read(connection, statement)

    def records(self) -> Iterator[tuple[str, str, int]]:
        """Reads topic, aggregate and version of all records, in the order of each partition."""
        return read_records(KafkaSection.model_validate(self.platform.engines["kafka"].settings()))


def read_records(section: KafkaSection) -> Iterator[tuple[str, str, int]]:
    """Reads topic, aggregate and version of all records of a log, in the order of each partition."""
    log = KafkaEventLog(section, TOPICS)
    reader = log.join("checker", [topic.name for topic in TOPICS])
    end, quiet = time.monotonic() + _READ_SECONDS, time.monotonic() + _READ_SECONDS
    try:
        while time.monotonic() < min(end, quiet):
            for record in reader.poll(500, 0.5):
                quiet = time.monotonic() + _QUIET_SECONDS
                end = quiet + _READ_SECONDS
                if not record.headers["ce_type"].startswith(POISON):
                    yield record.topic, record.headers["ce_subject"], int(record.headers["ce_sequence"])
    finally:
        log.close()


def _read(connection: psycopg.Connection[tuple[object, ...]], statement: str) -> list[tuple[Any, ...]]:
    return list(connection.execute(statement.encode()).fetchall())


def _text(copy: Copy) -> str:
    return copy.process.log.read_text("utf-8", "replace") if copy.process.log.exists() else ""
