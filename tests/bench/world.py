"""The platform under load, and the papers that go through it."""

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import psutil

from lienthong.chassis import migrations
from lienthong.chassis.engines.postgres.database import PostgresDatabase
from lienthong.chassis.engines.postgres.settings import PostgresSection
from lienthong.client import Axis
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.common.v1 import document_pb2
from lienthong.demo.cast import Party, register
from lienthong.demo.papers import Signers, signers
from lienthong.demo.platform import DemoPlatform, OtherPlatform
from lienthong.demo.props import Props
from lienthong.dev.kafka import KafkaCluster
from lienthong.dev.platform import SERVICES, ProcessPlatform, Wanted
from lienthong.dev.postgres import PostgresServer
from lienthong.dev.servers import free_port
from lienthong.intake.v1 import intake_pb2
from lienthong.settings import Settings
from lienthong.testing.authority import DemoAuthority
from lienthong.testing.documents import Letter, letter_pdf
from lienthong.testing.platform import Background
from lienthong.testing.signatures import Signing, signed_pdf
from lienthong.testing.sinks import HttpSink, SmtpSink

PAPER_BYTES = 100_000
CODES = ("H29", "H41", "H14")
"""Codes of the recipients."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One process of the platform with its children, or an engine.

    Attributes:
        name: Its name.
        pid: Its process.
        metrics: Port of its metrics; 0 for engines.
    """

    name: str
    pid: int
    metrics: int = 0

    def own_seconds(self) -> float:
        """CPU time of the process itself so far."""
        return float(sum(psutil.Process(self.pid).cpu_times()[:2]))

    def cpu_seconds(self) -> float:
        """CPU time of the process and its children so far; of children that ended too."""
        return sum(float(sum(one.cpu_times()[:4])) for one in self._tree())

    def pss_mib(self) -> float:
        """Proportional memory of the process and its children, in MiB."""
        return float(sum(_pss(one) for one in self._tree())) / 2**20

    def _tree(self) -> list[psutil.Process]:
        root = psutil.Process(self.pid)
        return [root, *root.children(recursive=True)]


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0  # a child that ended since it was listed


@dataclass(frozen=True, slots=True)
class World:
    """A platform with a sender and recipients."""

    contexts: Path
    machines: tuple[Machine, ...]
    operator: Axis
    sender: Party
    recipients: tuple[Party, ...]
    who: Signers

    @property
    def recipient(self) -> Party:
        """The first recipient."""
        return self.recipients[0]

    def cpu_seconds(self) -> float:
        """CPU time of everything so far."""
        return sum(machine.cpu_seconds() for machine in self.machines)

    def pss_mib(self) -> float:
        """Proportional memory of everything, in MiB."""
        return sum(machine.pss_mib() for machine in self.machines)


@contextmanager
def opened(folder: Path) -> Iterator[World]:
    """Starts the platform as one process on embedded engines.

    Args:
        folder: Data folder.
    """
    with _props(folder) as (authority, props), ExitStack() as stack:
        port = free_port()
        platform = stack.enter_context(DemoPlatform(folder, props, keep=False, metrics=port))
        machines = (Machine("platform", platform.pid, port),)
        yield stack.enter_context(_settled(OtherPlatform(platform.contexts), machines, authority))


@contextmanager
def opened_in_processes(folder: Path) -> Iterator[tuple[World, ProcessPlatform]]:
    """Starts the platform as a process for each service, on real engines.

    Args:
        folder: Where everything stands.
    """
    with _props(folder) as (authority, props), ExitStack() as stack:
        platform = stack.enter_context(ProcessPlatform(folder, Wanted(config=props.config(), tied=True)))
        engines = [Machine(name, pid) for one in platform.engines.values() for name, pid in one.pids().items() if pid]
        found = {str(row["name"]): row["pid"] for row in platform.table()}
        services = [Machine(copy.service, int(str(found[copy.name])), copy.metrics) for copy in platform.copies]
        settled = _settled(OtherPlatform(platform.contexts), (*services, *engines), authority)
        yield stack.enter_context(settled), platform


@contextmanager
def on_engines(folder: Path) -> Iterator[tuple[World, PostgresServer]]:
    """Starts the platform within this process, on PostgreSQL and Kafka; contents stay in its folder.

    Args:
        folder: Where everything stands.
    """
    with _props(folder) as (authority, props), ExitStack() as stack:
        (folder / "kafka").mkdir()
        postgres, kafka = PostgresServer(folder / "postgres", tied=True), KafkaCluster(folder / "kafka")
        for engine in (postgres, kafka):
            stack.callback(engine.kill)
            engine.start()
            engine.provision(SERVICES)
        for service in SERVICES:
            database = PostgresDatabase(PostgresSection.model_validate(postgres.settings()), service, owner=True)
            migrations.upgrade(database, service)
            database.close()
        engines = {"postgres": postgres.settings(), "kafka": kafka.settings()}
        server = {"listen": "127.0.0.1:0", "metrics": "", "drain_seconds": 5}
        values = {**props.config(), "data_dir": folder / "data", "engines": engines, "server": server}
        stack.enter_context(Background(Settings.model_validate(values)))
        yield stack.enter_context(_settled(OtherPlatform(folder / "data" / "contexts"), (), authority)), postgres


@contextmanager
def _props(folder: Path) -> Iterator[tuple[DemoAuthority, Props]]:
    authority = DemoAuthority.create(datetime.now(UTC))
    with SmtpSink() as mail, HttpSink() as hook:
        props = Props(folder / "trust", mail.port, (hook.port,))
        props.trust(authority)
        yield authority, props


@contextmanager
def _settled(platform: OtherPlatform, machines: tuple[Machine, ...], authority: DemoAuthority) -> Iterator[World]:
    """Registers the agencies."""
    with platform.speak("operator") as operator:
        sender = register(platform, operator, "sender", _agency("000.00.00.G22", "G22"))
        recipients = [register(platform, operator, code.lower(), _agency(f"000.00.00.{code}", code)) for code in CODES]
        who = signers(authority, "Lê Mạnh Hà", "Văn phòng Chính phủ", "0100110011")
        yield World(platform.contexts, machines, operator, sender, tuple(recipients), who)


def _agency(old: str, new: str) -> common.Agency:
    codes = [common.AgencyCode(code=old), common.AgencyCode(code=new)]
    return common.Agency(display_name=f"Agency {new}", short_name=new, codes=codes)


def papers(who: Signers, count: int, *, twice: bool = False) -> list[bytes]:
    """Makes signed PDFs of about 100 KB, all different, with the person's signature, or the agency's too."""
    return list(islice(endless_papers(who, twice=twice), count))


def endless_papers(who: Signers, *, twice: bool = False) -> Iterator[bytes]:
    """Makes signed PDFs as they are asked for. See `papers`."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    blank = letter_pdf(Letter(), at)
    padding = PAPER_BYTES - len(blank)
    rng = random.Random(7)  # noqa: S311 -- filler, no secret
    signings = [Signing(who.person, "NguoiKy", at)]
    if twice:
        signings.append(Signing(who.agency, "CoQuan", at))
    while True:
        yield signed_pdf(blank, signings, rng.randbytes(padding))


def submission(number: int, pdf: bytes, recipients: int = 1) -> intake_pb2.SubmitDocumentRequest:
    """Makes a submission to the first recipients."""
    header = document_pb2.DocumentHeader(
        number=str(number),
        notation="BENCH",
        document_id=f"bench-{os.getpid()}-{number}",
        subject=f"Văn bản thử tải số {number}",
        type_name="Công văn",
        kind=document_pb2.DOCUMENT_KIND_NEW,
        recipients=[document_pb2.Organization(code=code) for code in CODES[:recipients]],
    )
    attachment = intake_pb2.AttachmentContent(name="van-ban.pdf", data=pdf)
    content = intake_pb2.DocumentContent(header=header, attachments=[attachment])
    return intake_pb2.SubmitDocumentRequest(document=content, request_id=new_request_id())
