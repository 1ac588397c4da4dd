"""The program: which component needs which, started in that order, stopped all at once."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import structlog

from lienthong.chassis import checks, examining, failpoints, surroundings
from lienthong.chassis.allocation import return_freed
from lienthong.chassis.checks import Check
from lienthong.chassis.clock import Clock, SystemClock
from lienthong.chassis.config import ConfigError, deprecated_keys
from lienthong.chassis.cycles import settle
from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.effort import measure
from lienthong.chassis.engines.kafka.owner import Owner
from lienthong.chassis.events.consumer import ConsumerLimits
from lienthong.chassis.examining import watched
from lienthong.chassis.ids import IdSource, Uuid7Source
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.observe import observe
from lienthong.chassis.periodic import Periodic
from lienthong.chassis.probes import open_probes, turns
from lienthong.chassis.readiness import Readiness, patiently
from lienthong.chassis.rpc.hub import Hub
from lienthong.chassis.service import (
    Component,
    Foundation,
    RunningComponent,
    ServiceContext,
    Worker,
    assemble,
    stop_together,
)
from lienthong.chassis.signals import heed
from lienthong.chassis.times import to_micros
from lienthong.chassis.tls import ServerCertificates
from lienthong.chassis.topics import CONSUMED
from lienthong.chassis.tracing import tracing
from lienthong.chassis.uow import UnitsOfWork
from lienthong.custody import authority_of, open_keys, renewal
from lienthong.engines import CONTENTS, Engines, every_table
from lienthong.folder import own_folder
from lienthong.serving import bind, build_server
from lienthong.settings import Settings
from lienthong.setup import CERTIFIED, write_context

_log = structlog.get_logger(__name__)

STOP_SECONDS = 10.0
"""How long a background worker may take to end what it has in hand."""

ALL = "all"
"""The target that is every service, in one process with nothing to install."""


@dataclass(frozen=True, slots=True)
class Module:
    """One service in the module table.

    Attributes:
        name: Its name; `lienthong.<name>.component.build` makes it.
        needs: Services whose events it takes; they start first.
    """

    name: str
    needs: tuple[str, ...]


MODULES = (
    Module("signing", needs=()),
    Module("routing", needs=("signing",)),
    Module("intake", needs=("signing", "routing")),
    Module("workflow", needs=("intake", "routing")),
    Module("notification", needs=("intake", "routing", "workflow")),
)
"""The services, in the order in which they start."""

SWITCH_SECONDS = 0.001
"""How long a thread keeps the interpreter while another waits. The loop that takes calls in waits for each busy thread
in turn, so with the default of 5 ms sixteen busy calls let it take in a dozen calls a second, everybody's behind one
line; measured by `tests/bench/overload.py`."""


class Platform:
    """The services of a target, in this process."""

    def __init__(
        self, settings: Settings, clock: Clock | None = None, ids: IdSource | None = None, target: str = ALL
    ) -> None:
        """Opens engines and keys, and builds every component.

        Raises:
            ConfigError: The target needs engines that others share, the data folder is in use or cannot be written, or
                a key is missing.
        """
        self.settings = settings
        self.target = target
        self.services = services_of(target)
        _insist_on_shared_engines(settings, target)
        self._clock: Clock = clock or SystemClock()
        self._ids: IdSource = ids or Uuid7Source()
        self._folder = own_folder(settings)
        self.keyring = open_keys(settings, self.services, self._clock, self._ids)
        self.hub = Hub()
        self.metrics = Metrics()
        for key in deprecated_keys(settings):
            self.metrics.deprecated(key)
            _log.warning("deprecated", thing=key)
        self._engines = Engines(settings, self._clock, self._ids, self._owner())
        self._components = [self._build(name) for name in self.services]
        copy = "" if target == ALL else self._ids.new()
        self._running = [
            watched(
                assemble(component, ConsumerLimits(), settings.retention, copy),
                every_table(component.context.name),
            )
            for component in self._components
        ]
        observe(self.metrics, self._running)
        measure(self.metrics, self._engines.syncs())
        surroundings.observe(self.metrics, self.keyring, self._certificates, settings.data_dir)
        tracing.configure(settings.telemetry.otlp_endpoint, secure=settings.telemetry.otlp_secure)
        self._renewal = renewal(self.keyring, settings, self._clock)
        trimming = Periodic("event-log-retention", self._trim, settings.retention.sweep_seconds)
        # Services of one process share a hub: the database of any of them carries all hints.
        self.hub.bus = bus = self._engines.hints(self.services[0], self.hub)
        self._beside: list[Worker] = [self._renewal, trimming, *([bus] if bus else [])]
        self.port = 0

    async def serve(self, stopping: asyncio.Event, ready: Callable[[], None]) -> None:
        """Serves until `stopping` is set, then drains.

        While a database is away at the start it lives, and is not ready.

        Raises:
            ConfigError: A port cannot be bound, or a schema is too old or too new.
        """
        loop = asyncio.get_running_loop()
        self.hub.bind(loop)
        components = [one.component for one in self._running]
        server = build_server(self.settings.server, self.hub, self.metrics, components, self._examine)
        self.port = bind(server, self.settings.server, ServerCertificates(self.keyring))
        readiness = Readiness([one.context.database for one in self._components], server, self._folder.is_there)
        close_probes = open_probes(
            self.settings.server.metrics, self.metrics, lambda: turns(loop), lambda: server.ready
        )
        started: list[RunningComponent] = []
        try:
            if await patiently(self._prepare, stopping, server.start):
                for running in self._running:
                    await asyncio.to_thread(running.start)
                    started.append(running)
                for worker in self._beside:
                    worker.start()
                await server.open()
                readiness.start()
                self._write_operator_context()
                _log.info("serving", target=self.target, port=self.port, data_dir=str(self.settings.data_dir))
                ready()
                await stopping.wait()
        finally:
            _log.info("draining", seconds=self.settings.server.drain_seconds)
            await asyncio.to_thread(readiness.stop, STOP_SECONDS)
            await server.drain(self.settings.server.drain_seconds)
            await asyncio.to_thread(stop_together, [*started, *self._beside], STOP_SECONDS)
            close_probes()
            self._close()
            _log.info("stopped")

    def _prepare(self) -> None:
        self._engines.insist_on_schemas()
        for component in self._components:
            component.prepare()

    def _build(self, name: str) -> Component:
        database = self._engines.database(name)
        context = ServiceContext(
            name,
            self._foundation(),
            database,
            UnitsOfWork(database, self._clock, self._ids),
            DirectoryCache(database),
        )
        build: Callable[[ServiceContext, Any], Component] = import_module(f"lienthong.{name}.component").build
        return build(context, getattr(self.settings, name))

    def _owner(self) -> Owner:
        return Owner(authority_of(self.keyring), {name: CONSUMED[name] for name in self.services})

    def _foundation(self) -> Foundation:
        return Foundation(
            self._clock,
            self._ids,
            self._engines.event_log,
            self._engines.blobs,
            self.keyring,
            self.hub,
            self.metrics,
        )

    def renew_certificates(self) -> None:
        """Asks for a look now at what is to be renewed."""
        self._renewal.wake()

    def _trim(self) -> bool:
        return self._engines.event_log.trim(to_micros(self._clock.now())) > 0

    def _examine(self) -> Iterable[Check]:
        ring, now = self.keyring, self._clock.now()
        yield from checks.of_keys(ring)
        yield from checks.of_certificates(ring, self._certificates(), now, certifies="signing" in self.services)
        yield from checks.of_disk(self.settings.data_dir)
        yield examining.asked("topics", lambda: checks.of_topics(self._engines.topics(self.services)))
        if CONTENTS.intersection(self.services):
            yield from examining.of_contents(self._engines.blobs)
        yield checks.of_deprecated(self.metrics.deprecated_uses())

    def _certificates(self) -> list[str]:
        """Names the certificates that this process was given."""
        return [name for name in ("axis-root", *CERTIFIED) if self.keyring.named(name).chain.is_file()]

    def _write_operator_context(self) -> None:
        if self.target != ALL or not self.settings.keys.managed:
            return
        host = self.settings.server.reached_at
        file = self.settings.data_dir / "contexts" / "operator.yaml"
        ring = self.keyring
        write_context(file, f"{host}:{self.port}", ring.root.chain, ring.operator, self.settings.keys.passphrase_file)

    def _close(self) -> None:
        tracing.shutdown()
        self._engines.close()
        self._folder.release()


def services_of(target: str) -> tuple[str, ...]:
    """Names the services of a target, in the order in which they start."""
    return tuple(module.name for module in MODULES if target in (ALL, module.name))


def run(settings: Settings, announce: Callable[[Platform], None], target: str = ALL) -> None:
    """Runs the program until SIGTERM, SIGINT or SIGHUP.

    Args:
        settings: All settings.
        target: What this process is.
        announce: Called once every service answers.

    Raises:
        ConfigError: The settings cannot be used on this machine.
    """
    _arm(settings)
    return_freed()
    sys.setswitchinterval(SWITCH_SECONDS)
    platform = Platform(settings, target=target)

    def serves() -> None:
        settle()
        announce(platform)

    async def main() -> None:
        stopping = asyncio.Event()
        heed(stopping)
        await platform.serve(stopping, serves)

    asyncio.run(main())


def _insist_on_shared_engines(settings: Settings, target: str) -> None:
    if target == ALL:
        return
    missing = settings.engines.embedded()
    if missing:
        names = ", ".join(missing)
        raise ConfigError([f"{names}: {target} by itself shares its engines with the other services; name them"])


def _arm(settings: Settings) -> None:
    if not settings.test.failpoint:
        return
    if os.environ.get("LIENTHONG_TEST") != "1":
        raise ConfigError(["test.failpoint: is for tests; it needs LIENTHONG_TEST=1 in the environment"])
    failpoints.arm(settings.test.failpoint, settings.test.countdown)
