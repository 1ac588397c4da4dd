"""Documents that are composed on the command line: what is attached to them, and new versions of others."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.json_format import ParseDict, ParseError

from lienthong import edxml
from lienthong.chassis.config import ConfigError
from lienthong.cli.console import transfer_bar
from lienthong.client import Axis, Progress
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import document_pb2
from lienthong.intake.v1 import intake_pb2 as pb


def attached(axis: Axis, file: Path, progress: Progress) -> pb.AttachmentContent:
    """Uploads a file and gives it as an attachment."""
    upload = axis.upload(file, progress)
    return pb.AttachmentContent(name=edxml.safe_file_name(file.name), upload=upload)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A document that updates or replaces another.

    Attributes:
        kind: Update or replacement.
        document: The other.
        header: File with the fields of the header that change.
        attach: Files of the new version; without any it keeps those of the document.
        reason: Why.
        request_id: Key for repeats; a new one when empty.
        number: Number of the new document; empty keeps the other's.
    """

    kind: document_pb2.DocumentKind.ValueType
    document: str
    header: Path | None
    attach: tuple[Path, ...]
    reason: str
    request_id: str
    number: str = ""

    def send(self, axis: Axis, *, as_json: bool) -> pb.Receipt:
        """Hands it in.

        Raises:
            AxisCallError: It is refused.
        """
        first = axis.intake.GetDocument(pb.GetDocumentRequest(name=self.document))
        changed = document_pb2.DocumentHeader()
        changed.CopyFrom(first.header)
        changed.kind, changed.reason, changed.document_id = self.kind, self.reason, ""
        changed.number = self.number or changed.number
        del changed.targets[:]
        changed.targets.add(document_id=first.header.document_id)
        if self.header is not None:
            _change(changed, self.header)
        with transfer_bar(self.document, as_json=as_json) as told:
            attachments = [attached(axis, file, told) for file in self.attach] or _kept(axis, first, told)
        content = pb.DocumentContent(header=changed, attachments=attachments)
        request = pb.SubmitDocumentRequest(document=content, request_id=self.request_id or new_request_id())
        return axis.intake.SubmitDocument(request, timeout=600.0)


def _kept(axis: Axis, first: pb.Document, progress: Progress) -> list[pb.AttachmentContent]:
    """Gives the attachments of a document anew: a document that follows it carries its own."""
    kept = []
    with tempfile.TemporaryDirectory(prefix="lienthong-") as folder:
        for one in first.attachments:
            file = Path(folder) / str(one.ordinal)
            with file.open("wb") as stream:
                axis.download(f"{first.name}/attachments/{one.ordinal}", stream, progress, one.size)
            upload = axis.upload(file, progress)
            kept.append(pb.AttachmentContent(name=one.name, description=one.description, upload=upload))
    return kept


def _change(header: document_pb2.DocumentHeader, file: Path) -> None:
    """Takes the fields of a file into a header.

    Raises:
        ConfigError: The file holds no fields of a header.
        OSError: It cannot be read.
    """
    try:
        ParseDict({**json.loads(file.read_text("utf-8"))}, header)
    except (ParseError, ValueError, TypeError) as error:
        raise ConfigError([f"{file}: is no JSON object with fields of a header: {error}"]) from error
