"""Implementation of `lienthong.intake.v1.Intake`."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from lienthong.chassis.errors import AxisError, Violation, invalid, not_found
from lienthong.chassis.filtering import Kind, parse_filter
from lienthong.chassis.idempotency import check_key, content_of, once
from lienthong.chassis.joining import InFlight
from lienthong.chassis.paging import page_of
from lienthong.chassis.rpc.call import Call
from lienthong.chassis.rpc.texts import spoiled_texts
from lienthong.chassis.times import from_micros
from lienthong.chassis.uow import UnitOfWork
from lienthong.common.v1 import document_pb2
from lienthong.edxml import UNWRITABLE
from lienthong.intake import storage
from lienthong.intake.domain import Problem
from lienthong.intake.handlers.accept import Request
from lienthong.intake.handlers.carried import hash_of
from lienthong.intake.handlers.messages import addressed_message, document_message, upload_message
from lienthong.intake.handlers.places import drop_upload, open_upload
from lienthong.intake.handlers.prepare import Prepared, TypedAttachment
from lienthong.intake.handlers.recall import Recall, ask_recall
from lienthong.intake.handlers.submit import Counter, Source
from lienthong.intake.handlers.uploads import finished_upload, upload_of
from lienthong.intake.v1 import intake_pb2 as pb

_FIELDS = {
    "number": Kind.TEXT,
    "notation": Kind.TEXT,
    "document_id": Kind.TEXT,
    "promulgation_date": Kind.DATE,
    "subject": Kind.WORDS,
}


class IntakeApi:
    """Turns messages into commands and results into messages."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._units = counter.desk.units
        self._running = InFlight()

    def submit_document(self, request: pb.SubmitDocumentRequest, call: Call) -> pb.Receipt:
        """Accepts a document given in types."""
        check_key(request.request_id)
        self._bound_attachments(request.document)
        uploads = self._carried([one.upload for one in request.document.attachments if one.upload], call)
        described = Request(call, request.request_id, content_of(_by_bytes(request, uploads)), uploads)
        return self._submit(described, self._typed(request.document, call))

    def submit_edxml(self, request: pb.SubmitEdxmlRequest, call: Call) -> pb.Receipt:
        """Accepts an edXML file, inline or uploaded."""
        check_key(request.request_id)
        self._bound(len(request.content), "content")
        uploads = self._carried([request.upload] if request.upload else [], call)
        content = hashlib.sha256(b"upload\0" + uploads[request.upload]).digest() if uploads else content_of(request)
        return self._submit(Request(call, request.request_id, content, uploads), self._file(request, call))

    def check_document(self, request: pb.CheckDocumentRequest, call: Call) -> pb.CheckDocumentResponse:
        """Tells what a submission would answer."""
        problems, judgement = self._counter.check(call, self._checked(request, call))
        return pb.CheckDocumentResponse(
            acceptable=not problems,
            problems=[_problem(problem) for problem in problems],
            warnings=judgement.warnings if judgement else (),
            recipients=[addressed_message(one) for one in judgement.addressing.recipients] if judgement else (),
        )

    def create_upload(self, request: pb.CreateUploadRequest, call: Call) -> pb.Upload:
        """Opens an upload."""
        agency = call.caller.acting().id

        def lasts(work: UnitOfWork, upload: pb.Upload) -> bool:
            return storage.upload_by_id(work.connection, upload.name.removeprefix("uploads/"), agency) is not None

        return once(
            self._units,
            call,
            request,
            pb.Upload,
            lambda work: self._upload(open_upload(work, agency, request.size, self._counter.section)),
            stands=lasts,
        )

    def get_upload(self, request: pb.GetUploadRequest, call: Call) -> pb.Upload:
        """Tells how far an upload is."""
        return self._upload(upload_of(self._units, request.name, call.caller.acting().id))

    def list_uploads(self, request: pb.ListUploadsRequest, call: Call) -> pb.ListUploadsResponse:
        """Lists uploads that no document has taken."""
        agency = call.caller.acting().id
        page = page_of(call, request.page_size, request.page_token, columns=(str,))
        before = str(page.after[0]) if page.after else None
        with self._units.database.read() as connection:
            found = storage.list_uploads(connection, agency, before, page.size + 1)
        shown, token = page.fill(found, self._upload, lambda upload: (upload.id,))
        return pb.ListUploadsResponse(uploads=shown, next_page_token=token)

    def delete_upload(self, request: pb.DeleteUploadRequest, call: Call) -> pb.DeleteUploadResponse:
        """Drops an upload."""
        agency = call.caller.acting().id

        def drop(work: UnitOfWork) -> pb.DeleteUploadResponse:
            drop_upload(work, request.name, agency, self._counter.desk.blobs)
            return pb.DeleteUploadResponse()

        return once(self._units, call, request, pb.DeleteUploadResponse, drop)

    def get_document(self, request: pb.GetDocumentRequest, call: Call) -> pb.Document:
        """Tells about a document that the caller sent."""
        identifier = request.name.removeprefix("documents/")
        with self._units.database.read() as connection:
            stored = storage.document_by_id(connection, identifier, call.caller.reach)
            if stored is None:
                raise not_found(request.name)
            return document_message(stored, storage.list_recalls(connection, stored.id))

    def list_documents(self, request: pb.ListDocumentsRequest, call: Call) -> pb.ListDocumentsResponse:
        """Lists what the caller sent."""
        conditions = parse_filter(request.filter, _FIELDS)
        page = page_of(call, request.page_size, request.page_token, request.filter, columns=(str,))
        before = str(page.after[0]) if page.after else None
        with self._units.database.read() as connection:
            found = storage.list_documents(connection, call.caller.reach, conditions, before, page.size + 1)
        shown, token = page.fill(found, document_message, lambda stored: (stored.id,))
        return pb.ListDocumentsResponse(documents=shown, next_page_token=token)

    def get_receipt(self, request: pb.GetReceiptRequest, call: Call) -> pb.Receipt:
        """Gives the receipt of a document."""
        identifier = request.document.removeprefix("documents/")
        with self._units.database.read() as connection:
            if storage.document_by_id(connection, identifier, call.caller.reach) is None:
                raise not_found(request.document)
            return pb.Receipt.FromString(storage.receipt_of(connection, identifier))

    def recall_document(self, request: pb.RecallDocumentRequest, call: Call) -> pb.Receipt:
        """Asks to take a document back."""
        check_key(request.request_id)
        recall = Recall(
            document=request.name.removeprefix("documents/"),
            document_id=request.name,
            reason=request.reason,
            codes=tuple(code.strip() for code in request.recipient_codes),
            staff=request.staff if request.HasField("staff") else None,
        )
        described = Request(call, request.request_id, content_of(request))
        return ask_recall(self._counter.desk, described, recall, self._counter.directory.get())

    def _submit(self, request: Request, source: Source) -> pb.Receipt:
        return self._running.join((*request.key, request.content), lambda: self._counter.submit(request, source))

    def _carried(self, uploads: Sequence[str], call: Call) -> dict[str, bytes]:
        if not uploads:
            return {}
        agency = call.caller.acting().id
        with self._units.database.read() as connection:
            return {name: hash_of(connection, name, agency) for name in uploads}

    def _file(self, request: pb.SubmitEdxmlRequest, call: Call) -> Source:
        if request.upload and request.content:
            raise _either("content", "upload")
        if request.upload:
            return self._uploaded(request.upload, call)
        if not request.content:
            raise _neither("content", "upload")
        return self._counter.edxml(iter((request.content,)))

    def _checked(self, request: pb.CheckDocumentRequest, call: Call) -> Source:
        given = request.WhichOneof("source")
        if given == "document":
            self._bound_attachments(request.document)
            return self._typed(request.document, call)
        if given == "upload":
            return self._uploaded(request.upload, call)
        if not given:
            raise _neither("document", "edxml", "upload")
        self._bound(len(request.edxml), "edxml")
        return self._counter.edxml(iter((request.edxml,)))

    def _uploaded(self, name: str, call: Call) -> Source:
        agency = call.caller.acting().id

        def prepare() -> Prepared:
            content, upload = finished_upload(self._units, name, agency)
            return self._counter.uploaded(content.key, upload.committed)()

        return prepare

    def _typed(self, document: pb.DocumentContent, call: Call) -> Source:
        agency = call.caller.acting()
        spoiled = [replace(one, field=f"document.{one.field}") for one in spoiled_texts(document, UNWRITABLE)]
        if spoiled:
            return self._counter.spoiled(document, spoiled)

        def prepare() -> Prepared:
            attachments = [self._attachment(number, one, agency.id) for number, one in enumerate(document.attachments)]
            return self._counter.typed(document.header, attachments, agency)()

        return prepare

    def _attachment(self, number: int, one: pb.AttachmentContent, agency: str) -> TypedAttachment:
        if not one.upload:
            return TypedAttachment(one.name, one.description, one.data)
        if one.data:
            place = f"document.attachments[{number}]"
            raise _either(f"{place}.data", f"{place}.upload")
        content, upload = finished_upload(self._units, one.upload, agency)
        return TypedAttachment(one.name, one.description, b"", content, upload.committed, upload.sha256.hex())

    def _upload(self, upload: storage.StoredUpload) -> pb.Upload:
        expires = from_micros(upload.touched_at) + timedelta(seconds=self._counter.section.upload_seconds)
        return upload_message(upload, expires)

    def _bound_attachments(self, document: pb.DocumentContent) -> None:
        self._bound(sum(len(one.data) for one in document.attachments), "document.attachments")

    def _bound(self, size: int, field: str) -> None:
        bound = self._counter.section.inline_bytes
        if size <= bound:
            return
        rule = f"a call carries at most {bound} bytes of content, and {size} came"
        remedy = "Upload it (CreateUpload and ByteStream.Write) and name the upload."
        raise invalid(
            "INLINE_TOO_LARGE", f"{field}: {rule}. {remedy}", Violation(field, "INLINE_TOO_LARGE", rule, remedy)
        )


def _by_bytes(request: pb.SubmitDocumentRequest, uploads: Mapping[str, bytes]) -> pb.SubmitDocumentRequest:
    """Names each upload by what it carried: a repeat may have uploaded the same bytes again."""
    if not uploads:
        return request
    named = pb.SubmitDocumentRequest()
    named.CopyFrom(request)
    for one in named.document.attachments:
        one.upload = uploads[one.upload].hex() if one.upload else ""
    return named


def _problem(problem: Problem) -> document_pb2.Problem:
    return document_pb2.Problem(
        reason=problem.reason,
        path=problem.path,
        rule=problem.rule,
        remedy=problem.remedy,
        found=problem.found,
        line=problem.line,
        column=problem.column,
    )


def _either(first: str, second: str) -> AxisError:
    rule = f"give {first} or {second}, not both"
    return invalid("CONTENT_TWICE", rule, Violation(first, "CONTENT_TWICE", rule, "Leave one empty."))


def _neither(first: str, *others: str) -> AxisError:
    rule = f"give {first} or {' or '.join(others)}; none came"
    return invalid("CONTENT_MISSING", rule, Violation(first, "CONTENT_MISSING", rule, "Fill one of them in."))
