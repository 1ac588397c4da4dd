"""Answers: a recipient sent a document of its own that names the first one, and the first sender has it."""

from dataclasses import replace

from lienthong.chassis.times import to_timestamp
from lienthong.chassis.uow import UnitOfWork
from lienthong.events.v1.workflow_progress_pb2 import DeliveryAnswered
from lienthong.workflow import storage
from lienthong.workflow.domain import Answer, Effect, Trigger, answered_by
from lienthong.workflow.handlers.cases import case_delivery, changed, close_settled
from lienthong.workflow.handlers.course import take_fact
from lienthong.workflow.handlers.desk import Desk
from lienthong.workflow.handlers.lines import latest_of
from lienthong.workflow.handlers.telling import reference, tell
from lienthong.workflow.storage import StoredAnswer, StoredDelivery

SEPARATOR = "\n"


def note_answers(desk: Desk, work: UnitOfWork, delivery: StoredDelivery) -> None:
    """Notes what an acknowledged delivery answers, and marks what is answered by it."""
    case = storage.case_by_document(work.rows, delivery.document)
    named = {*delivery.answers.split(SEPARATOR), *(case.answers.split(SEPARATOR) if case else ())} - {""}
    for document in sorted(named):
        answer = StoredAnswer(
            f"{document}/{delivery.document}/{delivery.recipient}",
            document,
            delivery.document,
            delivery.recipient,
            delivery.sender,
            delivery.code,
            delivery.acknowledged_at or work.now_micros,
        )
        storage.add_answer(work.rows, answer)
        mark_answered(desk, work, answer)


def note_known_answers(desk: Desk, work: UnitOfWork, delivery: StoredDelivery) -> None:
    """Marks a new delivery whose answer was acknowledged before its own event came."""
    for answer in storage.answers_of(work.rows, delivery.document):
        mark_answered(desk, work, answer)


def mark_answered(desk: Desk, work: UnitOfWork, noted: StoredAnswer) -> None:
    """Marks the deliveries that an answer answers; an answer acknowledged by somebody in copy marks none."""
    directory = desk.directory.get()
    reach = {noted.answer_sender, *directory.mailboxes(noted.answer_sender, work.now)}
    earlier = {noted.acknowledged_by, *directory.mailboxes(noted.acknowledged_by, work.now)}
    answer = Answer(noted.answer_document, noted.answer_sender, frozenset({noted.document}), noted.acknowledged_by)
    for delivery in storage.delivered_to(work.rows, noted.document, reach):
        known = case_delivery(delivery)
        # A successor answers, and is answered, in the place of the agency that it took over.
        if known.sender in earlier:
            known = replace(known, sender=noted.acknowledged_by, recipient=noted.answer_sender)
        if answered_by(answer, [known]):
            _mark(desk, work, latest_of(work.rows, delivery), noted)


def _mark(desk: Desk, work: UnitOfWork, delivery: StoredDelivery, noted: StoredAnswer) -> None:
    if delivery.answer_document == noted.answer_document:
        return
    decision = take_fact(desk, work, delivery, Trigger.ANSWERED, noted.acknowledged_at, key=noted.answer_document)
    if Effect.MARK_ANSWERED not in decision.effects:
        return
    delivery.answered_at = noted.acknowledged_at
    delivery.answer_document, delivery.answer_code = noted.answer_document, noted.answer_code
    delivery.owing = False
    changed(desk, work, delivery)
    answered = DeliveryAnswered(
        reference=reference(delivery),
        answer_document=noted.answer_document,
        answer_code=noted.answer_code,
        event_time=to_timestamp(noted.acknowledged_at),
    )
    tell(work, delivery, answered)
    close_settled(work, delivery)
