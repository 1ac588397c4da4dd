"""How a service is put together: what the process gives it, and what it gives the process."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from google.protobuf.descriptor import ServiceDescriptor

from lienthong.chassis.auth.caller import Authenticator
from lienthong.chassis.checks import Examination, nothing
from lienthong.chassis.clock import Clock
from lienthong.chassis.config import RetentionSection
from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.engines.blobs import BlobStore
from lienthong.chassis.engines.database import Database
from lienthong.chassis.engines.eventlog import EventLog
from lienthong.chassis.events.consumer import Consumer, ConsumerLimits
from lienthong.chassis.events.inbox import Subscription
from lienthong.chassis.events.journal import Journal
from lienthong.chassis.events.outbox import Relay
from lienthong.chassis.ids import IdSource
from lienthong.chassis.keyring import Keyring
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.periodic import Periodic
from lienthong.chassis.retention import Expiry, expire, of_every_service
from lienthong.chassis.rpc.admission import Admission
from lienthong.chassis.rpc.call import ContentDoor
from lienthong.chassis.rpc.hub import Hub
from lienthong.chassis.uow import UnitsOfWork
from lienthong.chassis.waits import LOOK_SECONDS, Wait, end_stuck


@dataclass(frozen=True, slots=True)
class Foundation:
    """What a process gives all services in it.

    Attributes:
        clock: Domain time.
        ids: Identifiers.
        log: The event log.
        blobs: The blob store.
        keys: The private keys of the axis.
        hub: Hints for streams.
        metrics: What is counted.
    """

    clock: Clock
    ids: IdSource
    log: EventLog
    blobs: BlobStore
    keys: Keyring
    hub: Hub
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class ServiceContext:
    """What one service stands on.

    Attributes:
        name: Name of the service.
        base: What it shares with others in the process.
        database: Its own database.
        units: Opens its transactions.
        directory: Its copy of the directory.
    """

    name: str
    base: Foundation
    database: Database
    units: UnitsOfWork
    directory: DirectoryCache

    def admission(self) -> Admission:
        """Makes the service's own decision on who may call."""
        return Admission(Authenticator(self.directory, self.base.clock))


class Worker(Protocol):
    """Something that works in the background of a service."""

    def start(self) -> None:
        """Begins."""
        ...

    def stop(self, timeout: float) -> None:
        """Ends what is in hand and stops, within `timeout` seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Component:
    """What a service gives the process.

    Attributes:
        context: What it stands on.
        apis: gRPC services and their implementations.
        subscription: Which events it takes; None for none.
        doors: Contents that it serves.
        workers: What works in the background besides relay and consumer.
        examine: Looks whether it is well, for `doctor`.
        expiries: What grows in its own tables and is not kept for ever.
        waits: What waits in its own tables until a stored time.
        prepare: What it puts into its database before it begins; done again where the database was away meanwhile.
    """

    context: ServiceContext
    apis: Sequence[tuple[ServiceDescriptor, object]]
    subscription: Subscription | None = None
    doors: Sequence[ContentDoor] = ()
    workers: Sequence[Worker] = ()
    examine: Examination = nothing
    expiries: Sequence[Expiry] = ()
    waits: Sequence[Wait] = ()
    prepare: Callable[[], None] = lambda: None


@dataclass(slots=True)
class RunningComponent:
    """A component with its relay and its consumer."""

    component: Component
    relay: Relay
    consumer: Consumer | None
    started: list[Worker] = field(default_factory=list)

    def start(self) -> None:
        """Begins: consumers last, when everything that they need is there."""
        for worker in (*self.component.workers, self.relay, *([self.consumer] if self.consumer else [])):
            worker.start()
            self.started.append(worker)

    def stop(self, timeout: float) -> None:
        """Ends all at once, each within `timeout` seconds; then the relay, which publishes what the others left."""
        others = [worker for worker in self.started if worker is not self.relay]
        stop_together(others, timeout)
        self.relay.stop(timeout)
        self.started.clear()


def stop_together(workers: Sequence[Worker], timeout: float) -> None:
    """Ends workers all at once: where an engine hangs each of them takes its time, and the end has but little."""
    with ThreadPoolExecutor(len(workers) or 1, thread_name_prefix="stopping") as threads:
        list(threads.map(lambda worker: worker.stop(timeout), workers))


def assemble(
    component: Component, limits: ConsumerLimits, retention: RetentionSection, copy: str = ""
) -> RunningComponent:
    """Gives a component its relay, its consumer, and what removes what has had its time or waits beyond it.

    Args:
        component: The service.
        limits: Of its consumer.
        retention: How long things stay.
        copy: Name of this copy of the service; one that is alone needs none.
    """
    context = component.context
    expiries = (*of_every_service(retention), *component.expiries)
    sweep = partial(expire, context.name, context.units, expiries, context.base.metrics)
    sweeper = Periodic(f"{context.name}-retention", sweep, retention.sweep_seconds)
    unstick = partial(end_stuck, context.name, context.units, component.waits)
    lookers = [Periodic(f"{context.name}-waits", unstick, LOOK_SECONDS)] if component.waits else []
    component = replace(component, expiries=expiries, workers=(*component.workers, sweeper, *lookers))
    relay = Relay(context.name, context.database, context.base.log, context.base.clock, copy)
    _wake(relay, context)
    context.units.keep_journal(Journal(context.base.metrics).tell)
    consumer = None
    if component.subscription is not None:
        consumer = Consumer(context.name, context.base.log, context.units, component.subscription, limits)
    return RunningComponent(component, relay, consumer)


def _wake(relay: Relay, context: ServiceContext) -> None:
    """Wakes the relay that owns what was written, at whichever copy it is."""
    hub, waiting = context.base.hub, f"outbox:{context.name}"

    def written() -> None:
        relay.wake()
        if not relay.alone:
            hub.tell(waiting)

    context.units.on_events(written)
    hub.listen(waiting, relay.wake)
