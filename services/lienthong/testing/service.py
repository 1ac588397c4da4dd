"""One service by itself, on real embedded engines in a temporary folder: feed it events, call its handlers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from sqlalchemy import select

from lienthong.chassis import migrations
from lienthong.chassis.auth.caller import Caller
from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.directory.messages import agency_message, system_message
from lienthong.chassis.directory.model import Agency, AgencyCode, Grant, Role, System
from lienthong.chassis.directory.store import save_agency, save_system
from lienthong.chassis.engines.database import Database, SqliteDatabase
from lienthong.chassis.engines.directory_blobs import DirectoryBlobs
from lienthong.chassis.engines.sqlite_log import SqliteEventLog
from lienthong.chassis.events.event import Event
from lienthong.chassis.events.inbox import InboxBatch
from lienthong.chassis.events.tables import outbox
from lienthong.chassis.ids import Uuid7Source
from lienthong.chassis.keyring import Keyring
from lienthong.chassis.metrics import Metrics
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.rpc.hub import Hub
from lienthong.chassis.service import Component, Foundation, ServiceContext
from lienthong.chassis.topics import TOPICS
from lienthong.chassis.uow import UnitsOfWork
from lienthong.setup import first_start
from lienthong.testing.clock import FakeClock

VPCP = Agency(
    id="01900000-0000-7000-8000-000000000022",
    name="Văn phòng Chính phủ",
    short_name="VPCP",
    codes=(AgencyCode("000.00.00.G22"), AgencyCode("G22")),
    version=1,
)
HCMC = Agency(
    id="01900000-0000-7000-8000-000000000029",
    name="UBND Thành phố Hồ Chí Minh",
    short_name="UBND TP.HCM",
    codes=(AgencyCode("000.00.00.H29"), AgencyCode("H29")),
    groups=("provinces",),
    version=1,
)
NGHE_AN = Agency(
    id="01900000-0000-7000-8000-000000000041",
    name="UBND tỉnh Nghệ An",
    short_name="UBND Nghệ An",
    codes=(AgencyCode("000.00.00.H41"), AgencyCode("H41")),
    groups=("provinces",),
    version=1,
)


def _file(folder: Path, service: str) -> Database:
    return SqliteDatabase(folder / f"{service}.db")


open_database: Callable[[Path, str], Database] = _file
"""Opens the empty database of a service for a bench in a folder; whoever tests another engine puts its own here."""


def system_id(agency: Agency) -> str:
    """Gives the identifier of the system that acts for an agency on a bench."""
    return f"01900001{agency.id[8:]}"


@dataclass
class ServiceBench:
    """A service on the bench.

    Attributes:
        component: The service.
        clock: Its clock.
        sequences: How many events of each (topic, subject) were fed.
    """

    component: Component
    clock: FakeClock
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def context(self) -> ServiceContext:
        """What the service stands on."""
        return self.component.context

    def close(self) -> None:
        """Closes what the bench opened."""
        self.context.base.log.close()
        self.context.database.close()

    def api(self, name: str) -> Any:
        """Gives the implementation of a gRPC service by its short name, such as `Mailbox`."""
        return next(api for descriptor, api in self.component.apis if descriptor.name == name)

    def call(self, agency: Agency | None, method: str = "test.Service/Method") -> Call:
        """Makes a call of an agency's system, or of an operator."""
        if agency is None:
            return Call(Caller(System("op", "operator", Role.OPERATOR)), method)
        system = System(system_id(agency), f"DMS {agency.short_name}", Role.AGENCY_SYSTEM, (Grant(agency.id),))
        directory = self.context.directory.get()
        reach = directory.mailboxes(agency.id, self.clock.now())
        return Call(Caller(system, agency, reach), method)

    def know(self, *agencies: Agency, elsewhere: bool = False) -> None:
        """Puts agencies, each with a system, into the service's copy of the directory.

        Args:
            agencies: The agencies.
            elsewhere: Whether another process of the service does so, of which this one is not told.
        """
        with self.context.units.begin() as work:
            for agency in agencies:
                system = System(system_id(agency), f"DMS {agency.short_name}", Role.AGENCY_SYSTEM, (Grant(agency.id),))
                save_agency(work.rows, agency_message(agency))
                save_system(work.rows, system_message(system))
        if not elsewhere:
            self.context.directory.changed()

    def feed(self, topic: str, subject: str, message: Message, sequence: int | None = None) -> None:
        """Gives the service an event; without `sequence` the next one of the aggregate."""
        key = (topic, subject)
        number = sequence or self.sequences.get(key, 0) + 1
        self.sequences[key] = max(number, self.sequences.get(key, 0))
        event = Event(
            id=self.context.base.ids.new(),
            topic=topic,
            type=message.DESCRIPTOR.full_name,
            subject=subject,
            sequence=number,
            time=self.clock.now().isoformat(),
            traceparent="",
            value=message.SerializeToString(),
        )
        subscription = self.component.subscription
        if subscription is None:
            raise ValueError(f"{self.context.name} takes no events")
        with self.context.units.begin() as work:
            InboxBatch(work, subscription).apply([event])

    def told(self, *kinds: type[Message]) -> list[Any]:
        """Gives the events that the service has written so far, in order; of some types when named."""
        with self.context.database.read() as connection:
            rows = connection.execute(select(outbox).order_by(outbox.c.id)).all()
        wanted: Sequence[type[Message]] = kinds
        return [kind.FromString(row.value) for row in rows for kind in wanted if kind.DESCRIPTOR.full_name == row.type]


def service_bench(
    folder: Path, name: str, build: Callable[[ServiceContext, Any], Component], section: Any
) -> ServiceBench:
    """Puts a service on the bench; it knows VPCP, Ho Chi Minh City and Nghệ An.

    Args:
        folder: A temporary folder.
        name: Name of the service.
        build: Its component's `build`.
        section: Its configuration.
    """
    clock, ids = FakeClock(), Uuid7Source()
    ring = Keyring(folder / "keys")
    first_start(ring, ("localhost",), clock, ids)
    database = open_database(folder, name)
    migrations.upgrade(database, name)
    base = Foundation(
        clock,
        ids,
        SqliteEventLog(folder, TOPICS, clock),
        DirectoryBlobs(folder / "blobs", ids),
        ring,
        Hub(),
        Metrics(),
    )
    context = ServiceContext(name, base, database, UnitsOfWork(database, clock, ids), DirectoryCache(database))
    bench = ServiceBench(build(context, section), clock)
    _benches.append(bench)
    bench.component.prepare()
    bench.know(VPCP, HCMC, NGHE_AN)
    return bench


_benches: list[ServiceBench] = []


def close_benches() -> None:
    """Closes what benches opened."""
    while _benches:
        _benches.pop().close()
