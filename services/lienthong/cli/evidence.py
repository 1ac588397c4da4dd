"""Evidence of a document: one ZIP with what was sent, what was promised, and what became of it."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast
from zipfile import ZIP_DEFLATED, ZipFile

from lienthong.cli.console import to_dict, transfer_bar
from lienthong.cli.files import written
from lienthong.client import Axis, AxisCallError
from lienthong.intake.v1 import intake_pb2 as pb
from lienthong.signing.v1 import signing_pb2
from lienthong.workflow.v1 import workflow_pb2

READ_ME = r"""Evidence of one document, as the axis holds it.

manifest.json      SHA-256 of every entry
document.edxml     the canonical file; its hash stands in the receipt
attachments/       what was attached
receipt.json       what the axis promised at acceptance; receipt.cms is the seal over these very bytes
statuses/          statuses that took effect, each with its seal
verification.json  what was found about the signatures
axis-root.pem      certificate against which every seal verifies

Verify a seal with any CMS tool, as of the moment when it was made: its certificate ends long before the seal does.

  openssl cms -verify -binary -inform DER -in receipt.cms -content receipt.json -CAfile axis-root.pem -out /dev/null \
    -attime $(date -d "$(sed 's/.*"acceptedAt":"\([^"]*\)".*/\1/' receipt.json)" +%s)

The moment stands in the seal too (signingTime); in a status it is receive_time, in place of acceptedAt.
"""


def download_sent(axis: Axis, document: pb.Document, folder: Path, *, as_json: bool) -> list[Path]:
    """Writes rendition and attachments of a document that one sent into a folder.

    Raises:
        AxisCallError: The axis refuses, or a hash differs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [(f"{document.name}/rendition", "document.edxml", document.rendition_size)]
    wanted += [
        (f"{document.name}/attachments/{one.ordinal}", f"{one.ordinal}-{one.safe_name}", one.size)
        for one in document.attachments
    ]
    files = []
    for name, label, size in wanted:
        target = folder / label
        with transfer_bar(label, as_json=as_json) as progress, written(target) as stream:
            axis.download(name, stream, progress, size)
        files.append(target)
    return files


def write_evidence(axis: Axis, name: str, target: Path) -> list[str]:
    """Writes the evidence of a document that one sent.

    Args:
        axis: A session as the sender.
        name: Resource name of the document.
        target: The ZIP file.

    Raises:
        AxisCallError: The axis refuses.
    """
    manifest: dict[str, str] = {}
    document = axis.intake.GetDocument(pb.GetDocumentRequest(name=name))
    with written(target) as stream, ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for label, data in _records(axis, document):
            manifest[label] = hashlib.sha256(data).hexdigest()
            archive.writestr(label, data)
        for label, resource in _contents(document):
            manifest[label] = _stream(axis, resource, archive, label)
        listing = json.dumps({"document": name, "sha256": manifest}, indent=2, sort_keys=True)
        archive.writestr("manifest.json", listing)
    return [*manifest, "manifest.json"]


def _records(axis: Axis, document: pb.Document) -> Iterator[tuple[str, bytes]]:
    receipt = axis.intake.GetReceipt(pb.GetReceiptRequest(document=document.name))
    yield "README.txt", READ_ME.encode()
    yield "receipt.json", receipt.subject
    yield "receipt.cms", receipt.seal
    yield "document.json", _pretty(to_dict(document))
    yield "axis-root.pem", axis.signing.GetAuthority(signing_pb2.GetAuthorityRequest()).root
    yield from _statuses(axis, document.name)
    yield (
        "progress.json",
        _pretty(to_dict(axis.workflow.GetProgress(workflow_pb2.GetProgressRequest(document=document.name)))),
    )
    try:
        verdict = axis.signing.GetVerification(signing_pb2.GetVerificationRequest(document=document.name))
    except AxisCallError:
        # An outage of signing does not keep anybody from the rest of the evidence.
        return
    yield "verification.json", _pretty(to_dict(verdict))


def _statuses(axis: Axis, document: str) -> Iterator[tuple[str, bytes]]:
    token, number = "", 0
    while True:
        request = workflow_pb2.ListStatusesRequest(document=document, page_size=500, page_token=token)
        page = axis.workflow.ListStatuses(request)
        for status in page.statuses:
            number += 1
            # A code is whatever somebody reported, and an entry's name is a path where it is unpacked.
            code = status.code if re.fullmatch("[0-9A-Za-z]+", status.code) else "unknown"
            label = f"statuses/{number:03}-{code}"
            if status.seal:
                yield f"{label}.json", status.seal_subject
                yield f"{label}.cms", status.seal
            else:
                yield f"{label}.history.json", _pretty(to_dict(status))
        token = page.next_page_token
        if not token:
            return


def _contents(document: pb.Document) -> Iterator[tuple[str, str]]:
    yield "document.edxml", f"{document.name}/rendition"
    for one in document.attachments:
        yield f"attachments/{one.ordinal}-{one.safe_name}", f"{document.name}/attachments/{one.ordinal}"


def _stream(axis: Axis, resource: str, archive: ZipFile, label: str) -> str:
    with cast("BinaryIO", archive.open(label, "w", force_zip64=True)) as entry:
        return axis.download(resource, entry)


def _pretty(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True).encode()
