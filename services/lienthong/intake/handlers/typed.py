"""Headers in types: what a reader of files would trim is trimmed, and no target is lost in silence."""

from collections.abc import Iterator

from lienthong.common.v1 import document_pb2
from lienthong.common.v1.document_pb2 import DocumentHeader
from lienthong.intake.domain import Problem

_TARGETS = "document.header.targets"
_TARGET_MISSING = Problem(
    "TARGET_MISSING",
    _TARGETS,
    "an update or a replacement names the earlier document",
    "Give its DocumentId as a target.",
)
_AMENDING = frozenset({document_pb2.DOCUMENT_KIND_UPDATE, document_pb2.DOCUMENT_KIND_REPLACEMENT})
_OTHERS = frozenset({document_pb2.DOCUMENT_KIND_NEW, document_pb2.DOCUMENT_KIND_RECALL})


def trimmed(header: DocumentHeader) -> DocumentHeader:
    """Gives the header with its identifiers and codes without blanks around them, as they are read from a file."""
    plain = DocumentHeader()
    plain.CopyFrom(header)
    for name in ("document_id", "number", "notation"):
        setattr(plain, name, getattr(plain, name).strip())
    if plain.HasField("sender"):
        plain.sender.code = plain.sender.code.strip()
    for recipient in plain.recipients:
        recipient.code = recipient.code.strip()
    for answer in plain.response_for:
        answer.organ_code, answer.code = answer.organ_code.strip(), answer.code.strip()
        answer.document_id = answer.document_id.strip()
    for target in plain.targets:
        target.document_id = target.document_id.strip()
        target.recipient_codes[:] = [code.strip() for code in target.recipient_codes]
    return plain


def target_problems(header: DocumentHeader) -> Iterator[Problem]:
    """Tells what is wrong with the targets of a document in types: what would be passed over is refused."""
    if header.kind in _OTHERS and header.targets:
        rule = "only an update or a replacement has targets"
        remedy = "Leave them out; a recall names its document by document_id."
        yield Problem("TARGET_NOT_ALLOWED", _TARGETS, rule, remedy)
    if header.kind not in _AMENDING:
        return
    update = header.kind == document_pb2.DOCUMENT_KIND_UPDATE
    # An update may also repeat the DocumentId of what it updates.
    if not header.targets and not (update and header.document_id.strip()):
        yield _TARGET_MISSING
    # So does the axis tell such an update: whoever hands in what was told names it once.
    named = update and header.document_id.strip()
    for number, target in enumerate(header.targets):
        if not target.document_id.strip() and not named:
            rule = "a target names an earlier document by its DocumentId"
            yield Problem(
                "TARGET_MISSING", f"{_TARGETS}[{number}].document_id", rule, "Give it, or leave the target out."
            )
    if update:
        yield from _update_problems(header)


def _update_problems(header: DocumentHeader) -> Iterator[Problem]:
    count = len(header.targets)
    if count > 1:
        rule = f"an update changes one document, and {count} are named"
        yield Problem("TARGETS_TOO_MANY", _TARGETS, rule, "Send an update for each of them.", str(count))
    for number, target in enumerate(header.targets[:1]):
        if target.recipient_codes:
            rule = "an update goes to its own recipients; only the targets of a replacement name some"
            remedy = "Name them as recipients of the update."
            path = f"{_TARGETS}[{number}].recipient_codes"
            yield Problem("TARGET_RECIPIENTS_NOT_ALLOWED", path, rule, remedy)
