"""Signing on the bench: documents in, verdicts out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.waiting import eventually

from lienthong.chassis.errors import AxisError
from lienthong.chassis.events.event import DOCUMENTS
from lienthong.chassis.times import to_timestamp
from lienthong.common.v1 import document_pb2
from lienthong.events.v1 import intake_documents_pb2 as documents
from lienthong.events.v1.signing_verdicts_pb2 import VerdictReached
from lienthong.signing.component import build
from lienthong.signing.config import SigningSection
from lienthong.signing.v1 import signing_pb2 as pb
from lienthong.signing.worker import VerificationWorker
from lienthong.testing.service import HCMC, VPCP, ServiceBench, service_bench

PATIENCE = 30.0


@dataclass
class Desk:
    """The service with its worker, and the ways to feed and ask it."""

    bench: ServiceBench

    @property
    def worker(self) -> VerificationWorker:
        """The verification worker."""
        (worker,) = self.bench.component.workers
        assert isinstance(worker, VerificationWorker)
        return worker

    @property
    def api(self) -> Any:
        """The gRPC face."""
        return self.bench.api("Signing")

    @contextmanager
    def working(self) -> Iterator[None]:
        """Runs the worker."""
        self.worker.start()
        try:
            yield
        finally:
            self.worker.stop(10.0)

    def blob(self, content: bytes) -> documents.StoredAttachment:
        """Stores content as an attachment."""
        with self.bench.context.base.blobs.create() as writer:
            writer.write(content)
        sha256 = hashlib.sha256(content).digest()
        return documents.StoredAttachment(
            attachment=document_pb2.Attachment(name="cong-van.pdf", size=len(content), sha256=sha256),
            blob=document_pb2.BlobReference(key=writer.key, size=len(content), sha256=sha256),
        )

    def accept(self, *contents: bytes | documents.StoredAttachment, recipients: Sequence[Any] = ()) -> str:
        """Feeds the event of an accepted document; gives its identifier."""
        identifier = self.bench.context.base.ids.new()
        attachments = [one if isinstance(one, documents.StoredAttachment) else self.blob(one) for one in contents]
        for ordinal, one in enumerate(attachments):
            one.attachment.ordinal = ordinal
        event = documents.DocumentAccepted(
            document=identifier,
            sender_agency=VPCP.id,
            recipients=recipients or [documents.Recipient(code="H29", agency=HCMC.id)],
            attachments=attachments,
            accept_time=to_timestamp(self.bench.clock.now()),
        )
        self.bench.feed(DOCUMENTS, identifier, event)
        return identifier

    def verdicts(self, document: str) -> list[VerdictReached]:
        """Gives the verdicts told about a document."""
        return [one for one in self.bench.told(VerdictReached) if one.document == document]

    def verdict(self, document: str, number: int = 1) -> VerdictReached:
        """Waits for a verdict on a document."""
        told: list[VerdictReached] = eventually(
            lambda: found if len(found := self.verdicts(document)) >= number else None, f"verdict {number}"
        )
        return told[number - 1]

    def report(self, document: str, agency: Any = VPCP) -> pb.Verification:
        """Asks for the report on a document."""
        request = pb.GetVerificationRequest(document=f"documents/{document}")
        answer = self.api.get_verification(request, self.bench.call(agency))
        assert isinstance(answer, pb.Verification)
        return answer

    def refused(self, action: Callable[[], object]) -> AxisError:
        """Gives the error with which a call is refused."""
        try:
            action()
        except AxisError as error:
            return error
        raise AssertionError("the call was answered")


def desk_in(folder: Path, **settings: Any) -> Desk:
    """Puts signing on the bench, with these settings; its trust folder is `folder/trust`."""
    return Desk(service_bench(folder, "signing", build, SigningSection(**settings)))


def trust(folder: Path, name: str, *ders: bytes) -> None:
    """Puts certificates or lists into the trust folder."""
    place = folder / "trust" / name
    place.mkdir(parents=True, exist_ok=True)
    for der in ders:
        unfinished = place / ".new"
        unfinished.write_bytes(der)
        unfinished.rename(place / f"{hashlib.sha256(der).hexdigest()[:12]}.der")
