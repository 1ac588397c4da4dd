"""The platform under load, and the papers that go through it."""

import os
import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from lienthong.client import Axis
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import directory_pb2 as common
from lienthong.common.v1 import document_pb2
from lienthong.demo.cast import Party, register
from lienthong.demo.papers import Signers, signers
from lienthong.demo.platform import DemoPlatform
from lienthong.demo.props import Props
from lienthong.intake.v1 import intake_pb2
from lienthong.testing.authority import DemoAuthority
from lienthong.testing.documents import Letter, letter_pdf
from lienthong.testing.signatures import Signing, signed_pdf
from lienthong.testing.sinks import HttpSink, SmtpSink

PAPER_BYTES = 100_000
CODES = ("H29", "H41", "H14")
"""Codes of the recipients."""


@dataclass(frozen=True, slots=True)
class World:
    """A platform with two agencies."""

    platform: DemoPlatform
    metrics: int
    operator: Axis
    sender: Party
    recipients: tuple[Party, ...]
    who: Signers

    @property
    def recipient(self) -> Party:
        """The first recipient."""
        return self.recipients[0]

    def process(self) -> psutil.Process:
        """The process of the platform."""
        return psutil.Process(self.platform.pid)

    def cpu_seconds(self) -> float:
        """CPU time of the platform and its children so far."""
        processes = [self.process(), *self.process().children(recursive=True)]
        return sum(sum(one.cpu_times()[:2]) for one in processes)

    def pss_mib(self) -> float:
        """Proportional memory of the platform and its children, in MiB."""
        processes = [self.process(), *self.process().children(recursive=True)]
        return float(sum(one.memory_full_info().pss for one in processes)) / 2**20


@contextmanager
def opened(folder: Path) -> Iterator[World]:
    """Starts a platform with two agencies.

    Args:
        folder: Data folder.
    """
    authority = DemoAuthority.create(datetime.now(UTC))
    with ExitStack() as stack:
        mail, hook = stack.enter_context(SmtpSink()), stack.enter_context(HttpSink())
        port = free_port()
        props = Props(folder / "trust", mail.port, (hook.port,))
        props.trust(authority)
        platform = stack.enter_context(DemoPlatform(folder, props, keep=False, metrics=port))
        operator = stack.enter_context(platform.speak("operator"))
        sender = register(platform, operator, "sender", _agency("000.00.00.G22", "G22"))
        recipients = [register(platform, operator, code.lower(), _agency(f"000.00.00.{code}", code)) for code in CODES]
        who = signers(authority, "Lê Mạnh Hà", "Văn phòng Chính phủ", "0100110011")
        yield World(platform, port, operator, sender, tuple(recipients), who)


def free_port() -> int:
    """Finds a port of loopback that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _agency(old: str, new: str) -> common.Agency:
    codes = [common.AgencyCode(code=old), common.AgencyCode(code=new)]
    return common.Agency(display_name=f"Agency {new}", short_name=new, codes=codes)


def papers(who: Signers, count: int, *, twice: bool = False) -> list[bytes]:
    """Makes signed PDFs of about 100 KB, all different, with the person's signature, or the agency's too."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    blank = letter_pdf(Letter(), at)
    padding = PAPER_BYTES - len(blank)
    rng = random.Random(7)  # noqa: S311 -- filler, no secret
    signings = [Signing(who.person, "NguoiKy", at)]
    if twice:
        signings.append(Signing(who.agency, "CoQuan", at))
    return [signed_pdf(blank, signings, rng.randbytes(padding)) for _ in range(count)]


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
