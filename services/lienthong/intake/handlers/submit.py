"""Handing a document in, from whatever source: prepare, judge, accept. One path for every size."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from lienthong import edxml
from lienthong.chassis.clock import VIETNAM
from lienthong.chassis.directory.cache import DirectoryCache
from lienthong.chassis.directory.model import Agency, Directory
from lienthong.chassis.errors import Violation
from lienthong.chassis.rpc.call import Call, pieces
from lienthong.chassis.rpc.texts import TEXT_WITH_NUL
from lienthong.chassis.uow import AuditEntry
from lienthong.common.v1.document_pb2 import DocumentHeader
from lienthong.intake.config import IntakeSection
from lienthong.intake.domain import Problem, document_id_of, field_of
from lienthong.intake.handlers import contents
from lienthong.intake.handlers.accept import Desk, Request, accept, clashes
from lienthong.intake.handlers.judge import Judgement, judge
from lienthong.intake.handlers.prepare import (
    Prepared,
    RefusedError,
    TypedAttachment,
    completed,
    field_problems,
    header_alone,
    prepare_edxml,
    prepare_typed,
    prepared_by,
)
from lienthong.intake.handlers.recall import ask_recall, recall_of, recall_problems
from lienthong.intake.handlers.rendition import planned
from lienthong.intake.handlers.typed import trimmed
from lienthong.intake.v1 import intake_pb2 as pb

_PIECE = 1 << 20

Source = Callable[[], Prepared]


@dataclass(frozen=True, slots=True)
class Counter:
    """Where documents are handed in.

    Attributes:
        desk: What accepting needs.
        directory: This service's copy.
        section: Settings.
    """

    desk: Desk
    directory: DirectoryCache
    section: IntakeSection

    def edxml(self, source: Iterator[bytes]) -> Source:
        """A document in an edXML file."""
        return lambda: prepare_edxml(source, self.desk.blobs, self.section)

    def uploaded(self, key: str, size: int) -> Source:
        """A document in an edXML file that is a blob; a large one is read by a child process."""
        if size > self.section.parse_inline_bytes:
            return lambda: prepared_by(self.desk.readers.read(key))
        return lambda: prepare_edxml(pieces(self.desk.blobs.open(key), 0, _PIECE), self.desk.blobs, self.section)

    def typed(self, header: DocumentHeader, attachments: Sequence[TypedAttachment], agency: Agency) -> Source:
        """A document in types."""

        def prepare() -> Prepared:
            prepared = prepare_typed(trimmed(header), attachments, self.desk.blobs, self.section)
            now = self.desk.units.clock.now()
            code = agency.code(now)
            sender = edxml.Organization(code, agency.name, agency.in_charge, agency.address, agency.email)
            today = now.astimezone(VIETNAM).date()
            return completed(prepared, sender, document_id_of(prepared.document, code, today))

        return prepare

    def spoiled(self, document: pb.DocumentContent, texts: Sequence[Violation]) -> Source:
        """A document in types that cannot be read for some texts; what is wrong with its other fields is told too."""

        def prepare() -> Prepared:
            names = [one.name for one in document.attachments]
            problems = [Problem(one.reason, one.field, one.rule, one.remedy) for one in texts]
            # No database is asked for a text with U+0000.
            header = None if any(one.reason == TEXT_WITH_NUL for one in texts) else header_alone(document.header)
            raise RefusedError([*problems, *field_problems(document.header, names, self.section)], header)

        return prepare

    def submit(self, request: Request, source: Source) -> pb.Receipt:
        """Accepts a document, or takes a recall down.

        Raises:
            AxisError: INVALID_ARGUMENT with every problem, PERMISSION_DENIED, ALREADY_EXISTS, RESOURCE_EXHAUSTED.
        """
        try:
            return self._submit(request, source)
        except RefusedError as refused:
            error = refused.told()
            self._note_refusal(request.call, error.reason)
            raise error from refused

    def check(self, call: Call, source: Source) -> tuple[Sequence[Problem], Judgement | None]:
        """Tells what `submit` would say; stores nothing.

        Raises:
            AxisError: PERMISSION_DENIED.
        """
        try:
            prepared = self._read(call, source)
        except RefusedError as refused:
            return refused.problems, None
        try:
            judgement = self._judge(call, prepared)
        finally:
            contents.drop(self.desk.blobs, prepared.document.attachments)
        judgement.insist()
        return [*judgement.problems, *self._later_problems(call, prepared, judgement)], judgement

    def _later_problems(self, call: Call, prepared: Prepared, judgement: Judgement) -> list[Problem]:
        """Tells for what a document that was judged would be refused all the same."""
        if prepared.document.kind is edxml.BusinessKind.RECALL:
            problems = self._recall_problems(call, prepared, judgement)
        else:
            problems = self._document_problems(call, prepared, judgement)
        return [replace(one, path=field_of(one.path)) for one in problems] if prepared.typed else problems

    def _recall_problems(self, call: Call, prepared: Prepared, judgement: Judgement) -> list[Problem]:
        recall, now = recall_of(prepared, judgement.recalled), self.desk.units.clock.now()
        with self.desk.units.database.read() as connection:
            return recall_problems(connection, recall, call.caller.reach, self.directory.get(), now)

    def _document_problems(self, call: Call, prepared: Prepared, judgement: Judgement) -> list[Problem]:
        with self.desk.units.database.read() as connection:
            problems = clashes(connection, call.caller.acting().id, prepared)
        try:
            planned(prepared.document, judgement.addressing.recipients, self.desk.units.clock.now())
        except RefusedError as refused:
            # That nobody is addressed is told by whoever resolved the recipients.
            problems += [one for one in refused.problems if one.path != "MessageHeader/To"]
        return problems

    def _read(self, call: Call, source: Source) -> Prepared:
        """Reads what was handed in; one that is refused is told also what is wrong with its header on the axis."""
        try:
            return source()
        except RefusedError as refused:
            if refused.header is None:
                raise
            judgement = self._judge(call, refused.header)
            judgement.insist()
            raise RefusedError([*refused.problems, *judgement.problems]) from refused

    def _submit(self, request: Request, source: Source) -> pb.Receipt:
        with self.desk.units.database.look() as connection:
            known = request.recalled(connection)
        if known is not None:
            return known
        prepared = self._read(request.call, source)
        held = False
        try:
            judgement = self._passed(request.call, prepared)
            if prepared.document.kind is edxml.BusinessKind.RECALL:
                return self._recall(request, prepared, judgement)
            # After any failure but a refusal the document may be there, and with it its contents.
            held = True
            return accept(self.desk, request, prepared, judgement)
        except RefusedError:
            held = False
            raise
        finally:
            if not held:
                contents.drop(self.desk.blobs, prepared.document.attachments)

    def _passed(self, call: Call, prepared: Prepared) -> Judgement:
        judgement = self._judge(call, prepared)
        judgement.insist()
        if judgement.problems:
            raise RefusedError(judgement.problems)
        return judgement

    def _judge(self, call: Call, prepared: Prepared) -> Judgement:
        judgement = self._judge_by(self.directory.get(), call, prepared)
        # Another copy may have heard a moment ago of whom this one does not know.
        return self._judge_by(self.directory.reread(), call, prepared) if judgement.problems else judgement

    def _judge_by(self, directory: Directory, call: Call, prepared: Prepared) -> Judgement:
        now = self.desk.units.clock.now()
        with self.desk.units.database.read() as connection:
            return judge(connection, prepared, call.caller, directory, now, self.section.recipients)

    def _recall(self, request: Request, prepared: Prepared, judgement: Judgement) -> pb.Receipt:
        return ask_recall(self.desk, request, recall_of(prepared, judgement.recalled), self.directory.get())

    def _note_refusal(self, call: Call, reason: str) -> None:
        caller = call.caller
        with self.desk.units.begin() as work:
            work.record(
                AuditEntry(caller.system.id, caller.scope, "document.refuse", call.method, reason, caller.person)
            )
